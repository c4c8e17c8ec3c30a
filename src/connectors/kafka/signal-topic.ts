import type { Context } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { Cluster } from './client/cluster.ts';
import { fetchPartition } from './client/read-partition.ts';
import { DamagedRecords, readRecords } from './client/record-reader.ts';
import { clientSettings } from './connection.ts';
import type { ConnectionConfig } from './connection-config.ts';
import { commitGroupOffsets, fetchGroupOffsets } from './source/group-offsets.ts';
import { laneOf } from './source/lane.ts';

/** A record of a topic of signals. */
export interface SignalRecord {
  readonly offset: number;
  /** Null: it has none. */
  readonly key: string | null;
  /** Null: it has none. */
  readonly value: string | null;
}

/** How safe what a record asked for is: as long as it may be lost with this process, the record is not done with. */
export type Keeping = 'kept' | 'pending' | 'lost';

/**
 * Acts on a record, and answers how safe that is whenever it is asked. Resolves early when `signal` aborts, and the record then comes
 * again; never rejects.
 */
export type TakeSignal = (record: SignalRecord, signal: AbortSignal) => Promise<() => Keeping>;

export interface SignalTopicOptions extends Pick<Context, 'pipeline' | 'log' | 'clock'> {
  readonly topic: string;
  readonly connection: ConnectionConfig;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** How long a broker may hold a fetch back while there is nothing to give. */
const idleWaitMs = 5_000;
/** Likewise, while something that was asked for is not safe yet. */
const pendingWaitMs = 100;
const partition = 0;

/**
 * Reads the one partition of a topic of signals, beside a pipeline that does not wait for it. How far it is, a consumer group of the
 * pipeline's own keeps; a pipeline that has none begins at the end of the topic. A record is committed once what it asked for is
 * kept, so that a kill makes it come again.
 */
export class SignalTopic {
  readonly #options: SignalTopicOptions;
  readonly #group: string;
  /** The record to read next; null: not known yet. */
  #next: number | null = null;
  #committed: number | null = null;
  /** What was acted on and is not kept yet, in the topic's order. */
  #pending: { readonly offset: number; readonly keeping: () => Keeping }[] = [];

  constructor(options: SignalTopicOptions) {
    this.#options = options;
    this.#group = signalGroup(options.pipeline);
  }

  /** Resolves soon after `signal` aborts. Whatever fails is said and tried again. */
  async follow(take: TakeSignal, signal: AbortSignal): Promise<void> {
    await this.#followOn(take, signal);
    await this.#leave();
  }

  async #followOn(take: TakeSignal, signal: AbortSignal): Promise<void> {
    const { topic, log, clock } = this.#options;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        await this.#read(take, signal, () => {
          pauseMs = firstPauseMs;
        });
      } catch (error) {
        if (signal.aborted) return;
        const remedy = isMillraceError(error) ? error.hint : 'Please report it.';
        const code = isMillraceError(error) ? error.code : 'INTERNAL';
        const reason = (error as Error).message;
        log.warn('signals are not read, trying again', { topic, code, reason, remedy, pauseMs });
        await clock.sleep(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  }

  /** Tells the group of what became kept at the end, so that it does not come again. */
  async #leave(): Promise<void> {
    const { topic, connection, pipeline, log, clock } = this.#options;
    this.#settle();
    if (this.#next === null || this.#done() === this.#committed) return;
    using cluster = new Cluster(clientSettings(connection, pipeline), clock);
    try {
      await this.#commit(cluster);
    } catch (error) {
      log.warn('signals that were carried out come again', { topic, reason: (error as Error).message });
    }
  }

  async #read(take: TakeSignal, signal: AbortSignal, succeeded: () => void): Promise<void> {
    const { topic, connection, pipeline, log, clock } = this.#options;
    using cluster = new Cluster(clientSettings(connection, pipeline), clock);
    const close = (): void => cluster[Symbol.dispose]();
    signal.addEventListener('abort', close, { once: true });
    try {
      const partitions = (await cluster.partitionCounts([topic])).get(topic) ?? 0;
      if (partitions === 0) throw new MillraceError('KAFKA_TOPIC_MISSING', { topic });
      if (partitions > 1) throw new MillraceError('KAFKA_SIGNAL_PARTITIONS', { topic, partitions });
      this.#next = await this.#start(cluster);
      log.info('signals are read', { topic, offset: this.#next });
      while (!signal.aborted) {
        await this.#commit(cluster);
        succeeded();
        for (const record of await this.#fetch(cluster)) {
          const { offset } = record;
          this.#pending.push({ offset, keeping: await take(record, signal) });
          if (signal.aborted) {
            this.#next = offset + 1;
            return;
          }
        }
        this.#settle();
      }
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  /** Where to read on, which is within what the topic holds. */
  async #start(cluster: Cluster): Promise<number> {
    const { topic, log } = this.#options;
    const known = this.#next ?? (await this.#held(cluster));
    const end = await cluster.offset(topic, partition, 'latest');
    if (known === null) return end;
    const begin = await cluster.offset(topic, partition, 'earliest');
    if (known >= begin && known <= end) return known;
    // Behind the end: the topic was deleted and made again, and what it holds now was never seen.
    log.warn('signals may be missed, since the topic no longer holds the next one', {
      topic,
      offset: known,
      from: begin,
    });
    this.#pending = [];
    return begin;
  }

  async #held(cluster: Cluster): Promise<number | null> {
    const { topic } = this.#options;
    const offsets = await fetchGroupOffsets(cluster, this.#group, [{ topic, partition }]);
    this.#committed = offsets.get(laneOf({ topic, partition })) ?? null;
    return this.#committed;
  }

  /** Tells the group of all that is done with: at first where it begins, so that a restart misses nothing. */
  async #commit(cluster: Cluster): Promise<void> {
    const offset = this.#done();
    if (offset === this.#committed) return;
    await commitGroupOffsets(cluster, this.#group, [{ topic: this.#options.topic, partition, offset }]);
    this.#committed = offset;
  }

  /** The first record that is not done with. */
  #done(): number {
    return this.#pending[0]?.offset ?? this.#next!;
  }

  async #fetch(cluster: Cluster): Promise<readonly SignalRecord[]> {
    const { topic } = this.#options;
    const waitMs = this.#pending.length > 0 ? pendingWaitMs : idleWaitMs;
    const offset = this.#next!;
    const fetched = await fetchPartition(cluster, topic, partition, offset, waitMs);
    const records: SignalRecord[] = [];
    try {
      this.#next = readRecords(fetched, offset, ({ bytes, offset: at, keyStart, keyEnd, valueStart, valueEnd }) => {
        records.push({
          offset: at,
          key: keyStart < 0 ? null : bytes.utf8Slice(keyStart, keyEnd),
          value: valueStart < 0 ? null : bytes.utf8Slice(valueStart, valueEnd),
        });
      });
    } catch (error) {
      if (!(error instanceof DamagedRecords)) throw error;
      const reason = error.message;
      throw new MillraceError('KAFKA_CORRUPT_RECORDS', { topic, partition, offset, reason }, { cause: error });
    }
    return records;
  }

  /** Forgets what is kept. What was lost is read again, with all that came after it. */
  #settle(): void {
    while (this.#pending.length > 0) {
      const { offset, keeping } = this.#pending[0]!;
      const how = keeping();
      if (how === 'pending') return;
      if (how === 'lost') {
        this.#next = offset;
        this.#pending = [];
        return;
      }
      this.#pending.shift();
    }
  }
}

/** The consumer group that keeps how far a pipeline's signals are. */
export const signalGroup = (pipeline: string): string => `millrace-signals-${pipeline}`;
