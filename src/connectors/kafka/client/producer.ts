import assert from 'node:assert/strict';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { type Cluster, isAuthorization } from './cluster.ts';
import { endTransactionRequest } from './end-transaction-request.ts';
import { isFenced, isPassing, kafkaError, kafkaErrorName } from './kafka-error.ts';
import { PartitionQueue } from './partition-queue.ts';
import { addPartitionsToTxnV3, endTxnV3, initProducerIdV4 } from './protocol-library.ts';
import type { RecordBatch } from './record-batch.ts';

export interface ProducerOptions {
  /** null: without transactions. A name that is kept over restarts: who begins under it ends its predecessor's writing. */
  readonly transactionalId: string | null;
  /** How long a transaction may be open before the brokers end it. */
  readonly transactionTimeoutMs: number;
  /** How long a partition may not take a batch before that is an error. */
  readonly deliveryTimeoutMs: number;
  /** How long a broker waits for the replicas. */
  readonly requestTimeoutMs: number;
  /** Makes the error for a write after another producer has begun under the same transactional id. */
  readonly fenced: () => MillraceError;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * An idempotent producer: each record it was given arrives once and in its partition's order, whatever is sent again in between.
 * With a transactional id, what is sent between two commits becomes visible together. When it has failed once it stays failed,
 * and another must be made.
 */
export class Producer {
  readonly #cluster: Cluster;
  readonly #options: ProducerOptions;
  readonly #queues = new Map<string, PartitionQueue>();
  /** The partitions that have taken a batch, by name, since the id is this one. */
  readonly #known = new Set<string>();
  #id = -1n;
  #epoch = -1;
  /**
   * Partitions become part of a transaction by what is sent to them, and every end of one raises the epoch (KIP-890): nothing need be
   * announced, and nothing that is late can fall into a later transaction.
   */
  #joinsBySending = false;
  /** The partitions of the open transaction, as `topic:partition`. */
  readonly #inTransaction = new Set<string>();
  #openSinceMs = 0;
  /** When a transaction ended last. */
  #endedMs = Number.NEGATIVE_INFINITY;
  #failure: Error | null = null;

  constructor(cluster: Cluster, options: ProducerOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Takes a producer id. With a transactional id this fences every older producer and ends what it left open. */
  async begin(): Promise<void> {
    const { transactionalId, transactionTimeoutMs } = this.#options;
    if (transactionalId !== null) {
      const level = await this.#cluster.settled(() => this.#cluster.featureLevel('transaction.version'));
      this.#joinsBySending = level >= 2;
    }
    const answer = await this.#coordinated('InitProducerId', async (broker) => {
      const { errorCode, producerId, producerEpoch } = await broker.request(
        initProducerIdV4.api,
        transactionalId,
        transactionTimeoutMs,
        -1n,
        -1,
      );
      return { errorCode, producerId, producerEpoch };
    });
    this.#isNow(answer);
  }

  /** Whether a transaction holds something. */
  get isOpen(): boolean {
    return this.#inTransaction.size > 0;
  }

  /** Makes partitions part of the open transaction, or of a new one. */
  async enlist(partitions: readonly TopicPartition[]): Promise<void> {
    const { transactionalId } = this.#options;
    assert(transactionalId !== null, 'only a producer with a transactional id has transactions');
    const missing = partitions.filter((each) => !this.#inTransaction.has(keyOf(each)));
    if (missing.length === 0) return;
    const { clock } = this.#cluster;
    if (!this.isOpen && this.#joinsBySending) {
      const waitMs = this.#endedMs + marksWrittenMs - clock.monotonic();
      if (waitMs > 0) await clock.sleep(waitMs);
    }
    if (!this.isOpen) this.#openSinceMs = clock.monotonic();
    if (!this.#joinsBySending) await this.#announce(missing);
    for (const each of missing) this.#inTransaction.add(keyOf(each));
  }

  async #announce(partitions: readonly TopicPartition[]): Promise<void> {
    const { transactionalId } = this.#options;
    const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, each]) => ({
      name,
      partitions: each.map(({ partition }) => partition),
    }));
    await this.#coordinated('AddPartitionsToTxn', async (broker) => {
      const { resultsByTransaction } = await broker.request(addPartitionsToTxnV3.api, [
        {
          transactionalId: transactionalId!,
          producerId: this.#id,
          producerEpoch: this.#epoch,
          verifyOnly: false,
          topics,
        },
      ]);
      const codes = resultsByTransaction.flatMap(({ topicResults }) =>
        topicResults.flatMap(({ resultsByPartition }) => resultsByPartition.map((each) => each.partitionErrorCode)),
      );
      const told = codes.find((code) => code !== kafkaError.NONE && code !== operationNotAttempted);
      return { errorCode: told ?? codes.find((code) => code !== kafkaError.NONE) ?? kafkaError.NONE };
    });
  }

  /**
   * Sends a batch behind all that were sent to its partition before. Resolves with the offset of its first record (-1: not told)
   * once all replicas in step have it.
   */
  send({ topic, partition }: TopicPartition, batch: RecordBatch): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const key = keyOf({ topic, partition });
    assert(this.#id >= 0n, 'a producer begins before it sends');
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(this.#cluster, topic, partition, this.#known.has(key), {
        ...this.#options,
        produceVersion: this.#joinsBySending ? 12 : 9,
        producerId: this.#id,
        epoch: this.#epoch,
        fenced: () => this.#fencedOrLate(),
      });
      this.#queues.set(key, queue);
    }
    return queue.send(batch).then(
      (offset) => {
        this.#known.add(key);
        return offset;
      },
      (error: unknown) => {
        throw this.#fail(error as Error);
      },
    );
  }

  /** Makes all that was sent visible, together. Everything sent must have been acknowledged. */
  async commit(): Promise<void> {
    await this.#end(true);
  }

  /** Makes all that was sent void. */
  async abort(): Promise<void> {
    await this.#end(false);
  }

  async #end(committed: boolean): Promise<void> {
    const { transactionalId } = this.#options;
    if (!this.isOpen) return;
    const [id, epoch] = [this.#id, this.#epoch];
    if (this.#joinsBySending) {
      // Asked again after an answer that was lost, the coordinator knows the epoch before and gives the same answer.
      const request = endTransactionRequest(transactionalId!, id, epoch, committed);
      this.#isNow(await this.#coordinated('EndTxn', (broker) => broker.call(request)));
      // Each epoch counts its records from nothing.
      this.#queues.clear();
    } else {
      await this.#coordinated('EndTxn', async (broker) => {
        const { errorCode } = await broker.request(endTxnV3.api, transactionalId!, id, epoch, committed);
        return { errorCode };
      });
    }
    this.#inTransaction.clear();
    this.#endedMs = this.#cluster.clock.monotonic();
  }

  #isNow({ producerId, producerEpoch }: { readonly producerId: bigint; readonly producerEpoch: number }): void {
    if (producerId !== this.#id) this.#known.clear();
    this.#id = producerId;
    this.#epoch = producerEpoch;
  }

  /** Asks the coordinator (without transactions: any broker) until it has settled, and takes its refusals for what they mean. */
  async #coordinated<Answer extends { readonly errorCode: number }>(
    request: string,
    ask: (broker: BrokerConnection) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#failure !== null) throw this.#failure;
    const { clock } = this.#cluster;
    const { transactionalId, deliveryTimeoutMs } = this.#options;
    const startedMs = clock.monotonic();
    let waitMs = 1;
    for (;;) {
      let reason: string;
      try {
        const broker = await (transactionalId === null
          ? this.#cluster.any()
          : this.#cluster.coordinator('transaction', transactionalId));
        const answer = await ask(broker);
        const { errorCode } = answer;
        if (errorCode === kafkaError.NONE) return answer;
        if (!isPassing(errorCode)) throw this.#fail(this.#refused(errorCode, request, broker.address));
        reason = kafkaErrorName(errorCode);
        if (errorCode !== kafkaError.CONCURRENT_TRANSACTIONS && transactionalId !== null) {
          this.#cluster.forgetCoordinator('transaction', transactionalId);
        }
      } catch (error) {
        if (!isMillraceError(error) || !error.retryable) throw error;
        reason = error.message;
        if (transactionalId !== null) this.#cluster.forgetCoordinator('transaction', transactionalId);
      }
      if (clock.monotonic() - startedMs >= deliveryTimeoutMs) {
        const action = request;
        throw this.#fail(
          new MillraceError('KAFKA_TRANSACTION_BROKEN', { transactionalId: transactionalId ?? '', action, reason }),
        );
      }
      await clock.sleep(waitMs);
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    }
  }

  #refused(code: number, request: string, server: string): MillraceError {
    const { transactionalId } = this.#options;
    if (isFenced(code)) return this.#fencedOrLate();
    if (isAuthorization(code)) {
      // Without a transactional id, the right to write to one topic would have been enough to begin.
      if (transactionalId === null) {
        return new MillraceError('KAFKA_NOT_AUTHORIZED', { action: 'write to', resource: 'any topic' });
      }
      const resource =
        code === kafkaError.TOPIC_AUTHORIZATION_FAILED ? 'the topics' : `transactional id ${transactionalId}`;
      return new MillraceError('KAFKA_NOT_AUTHORIZED', { action: 'write with', resource });
    }
    return new MillraceError('KAFKA_REQUEST_REFUSED', { server, request, reason: kafkaErrorName(code) });
  }

  /** The brokers end a transaction that is open too long just as a newer producer does: by raising the epoch. */
  #fencedOrLate(): MillraceError {
    const { transactionalId, transactionTimeoutMs, fenced } = this.#options;
    const openMs = Math.round(this.#cluster.clock.monotonic() - this.#openSinceMs);
    if (!this.isOpen || transactionalId === null || openMs < transactionTimeoutMs) return fenced();
    return new MillraceError('KAFKA_TRANSACTION_TIMED_OUT', {
      transactionalId,
      openMs,
      timeoutMs: transactionTimeoutMs,
    });
  }

  #fail(error: Error): Error {
    this.#failure ??= error;
    return this.#failure;
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

const operationNotAttempted = 55;

const longestWaitMs = 200;

/**
 * A transaction has ended before its marks stand in its partitions. To what is sent to them meanwhile a broker turns again only after
 * 20 ms, so that a short wait here is shorter.
 */
const marksWrittenMs = 4;
