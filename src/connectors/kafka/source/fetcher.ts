import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { BrokerConnection } from '../client/broker-connection.ts';
import { type Cluster, refusal } from '../client/cluster.ts';
import { type FetchedPartition, type FetchOptions, fetchRequest } from '../client/fetch-request.ts';
import { kafkaError } from '../client/kafka-error.ts';
import { laneOf, type PartitionName } from './lane.ts';

/** A partition that is read, and the offset of its next record. */
export interface ReadPartition extends PartitionName {
  offset: number;
  /** Where it ended for this reader when it was last heard of; null: nothing was heard yet. */
  end: number | null;
}

/** How long partitions may be without a leader, or their brokers away, before that is an error. */
const settlingMs = 30_000;

interface Answer {
  readonly broker: string;
  readonly partitions: readonly FetchedPartition[];
  /** The offset that each partition was asked for, by lane. */
  readonly asked: ReadonlyMap<string, number>;
  readonly error: unknown;
}

/**
 * Fetches from the leaders of partitions, one request under way at each, so that there is never more at hand than one answer a
 * broker. Leaders that move and brokers that restart are waited for.
 */
export class Fetcher {
  readonly #cluster: Cluster;
  readonly #options: FetchOptions;
  readonly #partitions = new Map<string, ReadPartition>();
  readonly #underWay = new Map<string, Promise<Answer>>();
  #failingSinceMs: number | null = null;

  constructor(cluster: Cluster, options: FetchOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  add(partition: ReadPartition): void {
    this.#partitions.set(laneOf(partition), partition);
  }

  remove(partition: PartitionName): void {
    this.#partitions.delete(laneOf(partition));
  }

  /** Sends a fetch to every leader that has none under way. */
  async start(signal: AbortSignal): Promise<void> {
    const byBroker = new Map<BrokerConnection, ReadPartition[]>();
    let leaderless: ReadPartition | null = null;
    try {
      for (const partition of this.#partitions.values()) {
        const broker = await this.#cluster.leader(partition.topic, partition.partition);
        if (broker === null) leaderless = partition;
        else if (byBroker.has(broker)) byBroker.get(broker)!.push(partition);
        else byBroker.set(broker, [partition]);
      }
    } catch (error) {
      await this.#waitFor(error, signal);
      return;
    }
    for (const [broker, partitions] of byBroker) {
      if (this.#underWay.has(broker.address)) continue;
      this.#underWay.set(broker.address, this.#fetch(broker, partitions));
    }
    if (leaderless !== null && this.#underWay.size === 0) {
      const { topic } = leaderless;
      await this.#waitFor(
        refusal(kafkaError.LEADER_NOT_AVAILABLE, topic, 'Fetch', `the topic ${topic}`, 'read'),
        signal,
      );
    }
  }

  /** Whatever comes next: of the partitions still read, those that have records; empty when it was nothing, or the signal aborted. */
  async next(signal: AbortSignal): Promise<readonly FetchedPartition[]> {
    await this.start(signal);
    if (signal.aborted || this.#underWay.size === 0) return [];
    const answer = await Promise.race([...this.#underWay.values(), aborted(signal)]);
    if (answer === null) return [];
    this.#underWay.delete(answer.broker);
    if (answer.error !== null) {
      await this.#waitFor(answer.error, signal);
      return [];
    }
    const good: FetchedPartition[] = [];
    let failure: MillraceError | null = null;
    for (const fetched of answer.partitions) {
      // It may have been given up, or begun anew, since it was asked for.
      const lane = laneOf(fetched);
      const partition = this.#partitions.get(lane);
      if (partition === undefined || partition.offset !== answer.asked.get(lane)) continue;
      if (fetched.errorCode === 0) {
        const { lastStableOffset, highWatermark } = fetched;
        partition.end =
          this.#options.isolation === 'read_committed' && lastStableOffset >= 0 ? lastStableOffset : highWatermark;
        good.push(fetched);
      } else failure = await this.#failureOf(fetched, answer.broker);
    }
    if (failure !== null) await this.#waitFor(failure, signal);
    else this.#failingSinceMs = null;
    return good;
  }

  async #fetch(broker: BrokerConnection, partitions: readonly ReadPartition[]): Promise<Answer> {
    const asked = new Map(partitions.map((partition) => [laneOf(partition), partition.offset]));
    try {
      const fetched = await broker.call(fetchRequest(partitions, this.#options));
      return { broker: broker.address, partitions: fetched, asked, error: null };
    } catch (error) {
      return { broker: broker.address, partitions: [], asked, error };
    }
  }

  async #failureOf({ topic, partition, errorCode }: FetchedPartition, broker: string): Promise<MillraceError> {
    if (errorCode !== OFFSET_OUT_OF_RANGE) return refusal(errorCode, broker, 'Fetch', `the topic ${topic}`, 'read');
    const { offset } = this.#partitions.get(laneOf({ topic, partition }))!;
    const earliest = await this.#cluster.offset(topic, partition, 'earliest');
    const latest = await this.#cluster.offset(topic, partition, 'latest');
    return new MillraceError('KAFKA_OFFSET_GONE', { topic, partition, offset, earliest, latest });
  }

  /** Throws what does not pass, or lasts too long; else waits a moment and asks the cluster anew. */
  async #waitFor(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock } = this.#cluster;
    const passes = isMillraceError(error) && error.retryable;
    const nowMs = clock.monotonic();
    this.#failingSinceMs ??= nowMs;
    const forMs = nowMs - this.#failingSinceMs;
    if (!passes || forMs > settlingMs) throw error;
    this.#cluster.forget();
    await clock.sleep(Math.min(50 + forMs / 4, 1_000), signal);
  }
}

const OFFSET_OUT_OF_RANGE = 1;

const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
