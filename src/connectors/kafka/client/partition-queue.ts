import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { type Cluster, isAuthorization } from './cluster.ts';
import { isFenced, isPassing, kafkaError, kafkaErrorName } from './kafka-error.ts';
import { type ProduceAnswer, produceRequest } from './produce-request.ts';
import { type RecordBatch, stampBatch } from './record-batch.ts';

export interface PartitionQueueOptions {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly transactionalId: string | null;
  readonly produceVersion: 9 | 12;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly fenced: () => MillraceError;
}

interface Sending {
  readonly batch: RecordBatch;
  /** Which of the partition's batches it is. */
  readonly number: number;
  readonly sinceMs: number;
  /** How often the broker has missed one before it. */
  missed: number;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: Error) => void;
}

/** Brokers remember this many batches of a producer and partition: so many may be under way and still be told apart when sent again. */
const mostUnderWay = 5;

/**
 * The batches for one partition, in their order. Several are under way at once, once the partition knows the producer. When one fails in a way that passes, nothing new is
 * sent until all under way are answered; then those that failed are sent again in their order, under the same sequence numbers, so
 * that the broker leaves out what it has already.
 */
export class PartitionQueue {
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #partition: number;
  readonly #options: PartitionQueueOptions;
  #number = 0;
  #sequence = 0;
  readonly #waiting: Sending[] = [];
  #underWay = 0;
  /**
   * Brokers take any sequence number from a producer that they know nothing of. Were several under way then, and the first refused by
   * a leader that is not ready yet, the second might be taken in its place, and the first never after.
   */
  #isKnown: boolean;
  /** Batches that must be sent again, while those under way with them are still awaited. */
  #failed: Sending[] = [];
  #reason = '';
  #pumping = false;
  #failure: Error | null = null;

  /** `isKnown`: the partition has taken a batch of this producer id before, in whatever epoch. */
  constructor(cluster: Cluster, topic: string, partition: number, isKnown: boolean, options: PartitionQueueOptions) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#partition = partition;
    this.#isKnown = isKnown;
    this.#options = options;
  }

  /** Resolves with the offset of the batch's first record; -1: the broker did not say. */
  send(batch: RecordBatch): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    stampBatch(batch, this.#options.producerId, this.#options.epoch, this.#sequence);
    this.#sequence = (this.#sequence + batch.records) % 2 ** 31;
    this.#number += 1;
    this.#waiting.push({
      batch,
      number: this.#number,
      sinceMs: this.#cluster.clock.monotonic(),
      missed: 0,
      resolve,
      reject,
    });
    void this.#pump();
    return promise;
  }

  get #limit(): number {
    return this.#isKnown ? mostUnderWay : 1;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#failure === null && this.#waiting.length > 0 && this.#underWay < this.#limit) {
        if (this.#failed.length > 0) return;
        const broker = await this.#cluster
          .leader(this.#topic, this.#partition)
          .catch((error: unknown) => error as Error);
        if (this.#failed.length > 0) return;
        if (broker === null || broker instanceof Error) {
          if (isMillraceError(broker) && !broker.retryable) this.#fail(broker);
          else await this.#pause(broker?.message ?? 'it has no leader');
          continue;
        }
        while (this.#waiting.length > 0 && this.#underWay < this.#limit) {
          const sending = this.#waiting.shift()!;
          this.#underWay += 1;
          const request = produceRequest(this.#topic, this.#partition, sending.batch.bytes, {
            version: this.#options.produceVersion,
            transactionalId: this.#options.transactionalId,
            acks: -1,
            timeoutMs: this.#options.requestTimeoutMs,
          });
          broker.call(request).then(
            (answer) => this.#answered(sending, answer),
            (error: Error) => this.#unanswered(sending, error),
          );
        }
      }
    } finally {
      this.#pumping = false;
    }
  }

  #answered(sending: Sending, { errorCode, baseOffset, message }: ProduceAnswer): void {
    this.#underWay -= 1;
    if (errorCode === kafkaError.NONE || errorCode === kafkaError.DUPLICATE_SEQUENCE_NUMBER) {
      this.#isKnown = true;
      sending.resolve(errorCode === kafkaError.NONE ? baseOffset : -1);
    } else if (isPassing(errorCode) || this.#mayComeYet(sending, errorCode)) {
      this.#failed.push(sending);
      this.#reason = kafkaErrorName(errorCode);
    } else {
      this.#failed.push(sending);
      this.#fail(this.#refused(errorCode, message, sending.batch));
    }
    this.#goOn();
  }

  /**
   * A broker that misses a batch before this one may get it still: when that one has failed too, or is on its way to the partition's
   * former leader. When it still does after some tries, it has lost what it knew.
   */
  #mayComeYet(sending: Sending, errorCode: number): boolean {
    if (errorCode !== kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER) return false;
    if (this.#failed.length === 0) sending.missed += 1;
    return sending.missed <= mostMissed;
  }

  #unanswered(sending: Sending, error: Error): void {
    this.#underWay -= 1;
    this.#failed.push(sending);
    this.#reason = error.message;
    if (!isMillraceError(error)) this.#fail(error);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#failure !== null) {
      if (this.#underWay === 0) this.#rejectAll();
    } else if (this.#failed.length === 0) void this.#pump();
    else if (this.#underWay === 0) void this.#sendAgain();
  }

  async #sendAgain(): Promise<void> {
    this.#waiting.unshift(...this.#failed.sort((a, b) => a.number - b.number));
    await this.#pause(this.#reason);
    this.#failed = [];
    if (this.#failure === null) void this.#pump();
    else this.#rejectAll();
  }

  /** Before the next try: what was learned of the cluster may be wrong. Gives up on a partition that takes nothing for too long. */
  async #pause(reason: string): Promise<void> {
    const { clock } = this.#cluster;
    const waitedMs = Math.round(clock.monotonic() - (this.#waiting[0]?.sinceMs ?? clock.monotonic()));
    if (waitedMs >= this.#options.deliveryTimeoutMs) {
      const details = { topic: this.#topic, partition: this.#partition, waitedMs, reason };
      this.#fail(new MillraceError('KAFKA_DELIVERY_TIMEOUT', details));
      return;
    }
    if (reason === endsStill) {
      await clock.sleep(1 + waitedMs / 16);
      return;
    }
    this.#cluster.forgetTopics([this.#topic]);
    await clock.sleep(Math.min(20 + waitedMs / 4, 500));
  }

  #refused(code: number, message: string | null, batch: RecordBatch): MillraceError {
    const place = { topic: this.#topic, partition: this.#partition };
    if (isFenced(code)) return this.#options.fenced();
    if (isAuthorization(code)) {
      return new MillraceError('KAFKA_NOT_AUTHORIZED', { action: 'write to', resource: `the topic ${this.#topic}` });
    }
    if (code === kafkaError.MESSAGE_TOO_LARGE || code === kafkaError.RECORD_LIST_TOO_LARGE) {
      return new MillraceError('KAFKA_RECORD_TOO_LARGE', { ...place, bytes: batch.bytes.length, limit: null });
    }
    const name = kafkaErrorName(code);
    const reason = message === null ? name : `${name}, ${message}`;
    // The broker has lost what it knew of this producer, or of its transaction: a new one starts from nothing.
    if (isLost.has(code)) {
      const { transactionalId } = this.#options;
      return new MillraceError('KAFKA_TRANSACTION_BROKEN', {
        transactionalId: transactionalId ?? '',
        action: 'go on',
        reason,
      });
    }
    return new MillraceError('KAFKA_PARTITION_REFUSED', { ...place, reason });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    if (this.#underWay === 0) this.#rejectAll();
  }

  #rejectAll(): void {
    for (const { reject } of [...this.#failed.splice(0), ...this.#waiting.splice(0)]) reject(this.#failure!);
  }
}

/** The transaction before is being ended: neither the leader nor anything else that was learned is wrong. */
const endsStill = kafkaErrorName(kafkaError.CONCURRENT_TRANSACTIONS);
/** UNKNOWN_PRODUCER_ID and TRANSACTION_ABORTABLE among them. */
const isLost: ReadonlySet<number> = new Set([kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, 59, 120]);
const mostMissed = 5;
