import type { Batch, Lane, Position } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import type { Context, ReleaseLane, Source } from '../../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { LogFigures } from '../../../core/operating.ts';
import type { UnreadableMessage } from '../../../core/unreadable-message.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import type { MessageReader, Reading } from '../../../formats/json-rows/message.ts';
import { Cluster } from '../client/cluster.ts';
import type { FetchedPartition } from '../client/fetch-request.ts';
import { DamagedRecords, readRecords } from '../client/record-reader.ts';
import { clientSettings } from '../connection.ts';
import type { KafkaSourceConfig } from './config.ts';
import { failureAt } from './failure-at.ts';
import { Fetcher, type ReadPartition } from './fetcher.ts';
import type { Membership } from './group/membership.ts';
import { openMembership } from './group/open-membership.ts';
import { commitGroupOffsets } from './group-offsets.ts';
import { isOfLane, laneOf, offsetOf, type PartitionName, partitionOf, placeOf } from './lane.ts';
import { RecordMessage } from './record-message.ts';
import { startOffsets } from './start-offset.ts';
import { Subscription } from './subscription.ts';
import { valueReader } from './value-reader.ts';

/** One change holds at most so many neighbouring messages: of several sinks, each may stand at another of them. */
const messagesPerChange = 1_000;

/**
 * Reads topics as changes of tables: each partition is a lane, each message a transaction of its own. The sinks say where to go on;
 * a consumer group is told how far they are, for people and tools that look there.
 */
export class KafkaSource implements Source {
  readonly #config: KafkaSourceConfig;
  readonly #context: Context;
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #changes: ChangeCollector;
  readonly #values: MessageReader;
  readonly #message: RecordMessage;
  readonly #read = new Map<Lane, ReadPartition>();
  /** Null: this process reads all partitions. */
  readonly #membership: Membership | null;
  /** The partitions there were when reading began. */
  readonly #first = new Set<Lane>();
  /** Where a bounded partition ends. */
  readonly #ends = new Map<Lane, number>();
  /** What the group has not been told yet. */
  readonly #held = new Map<Lane, Position>();
  #toldMs = 0;
  /** Messages that could not be read; kept before anything moves past them. */
  #unreadable: UnreadableMessage[] = [];
  /** The last batch ended before a message that cannot be read until its reader has learned. */
  #lacks = false;
  /** Messages without rows, by what they were, since the last time it was logged. */
  readonly #passed = new Map<Reading | 'unreadable', number>();

  constructor(config: KafkaSourceConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    const connect = (): Cluster => new Cluster(clientSettings(config, context.pipeline), context.clock);
    this.#cluster = connect();
    this.#group = config['properties.group.id'] ?? `millrace-${context.pipeline}`;
    this.#membership = openMembership(this.#cluster, connect, this.#group, config);
    this.#changes = new ChangeCollector((context.sinks ?? 1) > 1 ? 1 : messagesPerChange);
    this.#values = valueReader(config, this.#changes, context.clock);
    this.#message = new RecordMessage(config.table);
  }

  get sharesLanes(): boolean {
    return this.#membership !== null;
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
    release?: ReleaseLane,
  ): AsyncGenerator<Batch> {
    const { clock } = this.#context;
    const config = this.#config;
    const membership = this.#membership;
    if (membership !== null && release === undefined) {
      const reason = 'a sink has one writer for the whole pipeline, or a step holds rows back';
      throw new MillraceError('KAFKA_GROUP_NOT_SHARED', { group: this.#group, reason });
    }
    const fetcher = new Fetcher(this.#cluster, {
      isolation: config['properties.isolation.level'],
      maxWaitMs: config['properties.fetch.max.wait.ms'],
      minBytes: 1,
      maxBytes: config['properties.fetch.max.bytes'],
      partitionMaxBytes: config['properties.max.partition.fetch.bytes'],
    });
    const subscription = new Subscription(this.#cluster, config);
    const isBounded = config['scan.bounded.mode'] === 'latest-offset';
    let lookedMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const nowMs = clock.monotonic();
      if (
        nowMs - lookedMs >= config['scan.topic-partition-discovery.interval'] &&
        (!isBounded || this.#read.size === 0)
      ) {
        const partitions = await subscription.partitions();
        if (membership === null) yield* this.#begin(this.#unread(partitions), held, fetcher, lookedMs > 0);
        else {
          if (lookedMs < 0) for (const name of partitions) this.#first.add(laneOf(name));
          await membership.subscribe([...new Set(partitions.map(({ topic }) => topic))]);
        }
        lookedMs = nowMs;
        this.#logPassed();
      }
      if (membership !== null) {
        membership.expectMember();
        for (const name of membership.revoked) {
          await this.#giveUp(name, fetcher, release!);
          membership.released(name);
        }
        for (let [name] = membership.added; name !== undefined; [name] = membership.added) {
          // From here on nobody else gets it before this process has given it up.
          membership.taken(name);
          yield* this.#begin([name], held, fetcher, !this.#first.has(laneOf(name)));
        }
      }
      if (isBounded && this.#hasEnded(fetcher)) return;
      if (this.#read.size === 0) {
        const pause = clock.sleep(Math.min(config['scan.topic-partition-discovery.interval'], 1_000), signal);
        await (membership === null ? pause : Promise.race([pause, membership.changed()]));
        continue;
      }
      const batches: Batch[] = [];
      let failure: Error | null = null;
      for (const fetched of await fetcher.next(signal)) {
        try {
          do {
            if (this.#lacks) await this.#values.learn?.();
            this.#lacks = false;
            const batch = this.#batchOf(fetched);
            if (batch !== null) batches.push(batch);
          } while (this.#lacks);
        } catch (error) {
          // What is good goes to the sinks before it stops everything.
          failure ??= error as Error;
        }
      }
      if (signal.aborted) return;
      await this.#putAside();
      // While the sinks are busy with these, the brokers look for more.
      if (batches.length > 0) await fetcher.start(signal);
      for (const batch of batches) {
        yield batch;
        if (signal.aborted) return;
      }
      if (failure !== null) throw failure;
    }
  }

  covers(held: Position, at: Position): boolean {
    return offsetOf(held) >= offsetOf(at);
  }

  holds(held: Position, change: Change): boolean {
    if (change.kind === 'snapshot' || change.origin.kind !== 'kafka') return false;
    return isOfLane(held, change.origin) && Number(change.origin.offset) < offsetOf(held);
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    let behind: number | null = null;
    for (const [lane, { offset, end }] of this.#read) {
      if (end === null) continue;
      const at = held.get(lane);
      behind = (behind ?? 0) + Math.max(end - (at === undefined ? offset : offsetOf(at)), 0);
    }
    return [
      {
        source: this.#config.topic ?? this.#config['topic-pattern']!,
        server: this.#config['properties.bootstrap.servers'].join(','),
        file: null,
        offset: null,
        gtids: null,
        bytesBehind: null,
        transactionsBehind: null,
        ...(behind === null ? {} : { recordsBehind: behind }),
        clockSkewMs: null,
        retentionSeconds: null,
      },
    ];
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    for (const [lane, at] of held) this.#held.set(lane, at);
    if (this.#context.clock.monotonic() - this.#toldMs < this.#config['properties.auto.commit.interval.ms']) return;
    await this.#tellGroup();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#logPassed();
    try {
      await this.#tellGroup();
      await this.#membership?.[Symbol.asyncDispose]();
    } finally {
      this.#cluster[Symbol.dispose]();
    }
  }

  #unread(partitions: readonly PartitionName[]): readonly PartitionName[] {
    return partitions.filter((name) => !this.#read.has(laneOf(name)));
  }

  /** Ends the reading of a partition that another process is to have, once all that came of it is durable. */
  async #giveUp(name: PartitionName, fetcher: Fetcher, release: ReleaseLane): Promise<void> {
    const { log, pipeline } = this.#context;
    const lane = laneOf(name);
    fetcher.remove(name);
    this.#read.delete(lane);
    await release(lane);
    await this.#tellGroup();
    log.info('partition is given up', { pipeline, ...name });
  }

  /**
   * Begins partitions: where the sinks are, else where the settings say; those that came later, at their beginning. Where a partition
   * begins that no sink held a place of is handed on as its place, so that whoever goes on with it begins there.
   */
  async *#begin(
    partitions: readonly PartitionName[],
    held: (lane: Lane) => Promise<Position | null>,
    fetcher: Fetcher,
    isLater: boolean,
  ): AsyncGenerator<Batch> {
    const { log, pipeline } = this.#context;
    const begun: ReadPartition[] = [];
    const unheld: PartitionName[] = [];
    for (const name of partitions) {
      const at = await held(laneOf(name));
      if (at === null) unheld.push(name);
      else begun.push({ ...name, offset: offsetOf(at), end: null });
    }
    if (unheld.length > 0) {
      const config = isLater ? { ...this.#config, 'scan.startup.mode': 'earliest-offset' as const } : this.#config;
      const offsets = await startOffsets(this.#cluster, config, this.#group, unheld);
      for (const name of unheld) begun.push({ ...name, offset: offsets.get(laneOf(name))!, end: null });
    }
    for (const partition of begun) {
      const { topic, partition: number, offset } = partition;
      this.#read.set(laneOf(partition), partition);
      fetcher.add(partition);
      log.info('partition is read', { pipeline, topic, partition: number, offset });
      if (this.#config['scan.bounded.mode'] === 'unbounded') continue;
      const isolation = this.#config['properties.isolation.level'];
      this.#ends.set(laneOf(partition), await this.#cluster.offset(topic, number, 'latest', isolation));
    }
    if (this.#membership === null) return;
    for (const name of unheld) {
      const { offset } = this.#read.get(laneOf(name))!;
      yield batchAt(name, offset, []);
    }
  }

  /** Takes partitions away that are read to their end; whether all are. */
  #hasEnded(fetcher: Fetcher): boolean {
    for (const [lane, end] of this.#ends) {
      const partition = this.#read.get(lane)!;
      if (partition.offset < end) continue;
      fetcher.remove(partition);
      this.#ends.delete(lane);
    }
    return this.#ends.size === 0;
  }

  /**
   * What a fetch brought of one partition, as one batch, up to a message whose reader lacks something, or that cannot be read; null:
   * nothing new. Throws when the first that is new cannot be read.
   */
  #batchOf(fetched: FetchedPartition): Batch | null {
    const lane = laneOf(fetched);
    const partition = this.#read.get(lane)!;
    const from = partition.offset;
    const message = this.#message;
    message.of(fetched.topic, fetched.partition);
    // Behind a bounded partition's end nothing is taken of what came along.
    let end = this.#ends.get(lane) ?? Number.POSITIVE_INFINITY;
    let next: number;
    let at = from - 1;
    try {
      next = readRecords(fetched, from, (record) => {
        if (record.offset >= end) return;
        at = record.offset;
        this.#changes.begin();
        message.take(record);
        if (!(this.#values.isReady?.(message) ?? true)) {
          this.#lacks = true;
          end = record.offset;
          return;
        }
        const reading = this.#reading(message);
        if (reading !== 'taken') this.#passed.set(reading, (this.#passed.get(reading) ?? 0) + 1);
      });
    } catch (error) {
      // Damaged are the records behind the last that was read, else that one. What came before is good, and goes first.
      const isDamage = error instanceof DamagedRecords;
      if (!isDamage) this.#changes.drop();
      next = isDamage ? at + 1 : at;
      if (next <= from) {
        this.#changes.take();
        throw failureAt(error, fetched, Math.max(at, from));
      }
    }
    partition.offset = Math.min(next, Math.max(end, from));
    const changes = this.#changes.take();
    if (partition.offset === from) return null;
    return batchAt(fetched, partition.offset, changes);
  }

  /** Reads a message, or, where unreadable ones are kept, all of its values as well: rows are decoded where nobody knows the message any more. */
  #reading(message: RecordMessage): Reading | 'unreadable' {
    if (this.#context.putAside === undefined) return this.#values.read(message);
    const changes = this.#changes;
    try {
      const reading = this.#values.read(message);
      changes.check();
      return reading;
    } catch (error) {
      const reason = isMillraceError(error, 'KAFKA_MESSAGE_UNREADABLE') ? error.cause : error;
      // Whatever else fails is not the message's fault.
      if (!isMillraceError(reason) || !reason.code.startsWith('FORMAT_')) throw error;
      changes.undo();
      this.#unreadable.push(message.unreadable(reason));
      return 'unreadable';
    }
  }

  async #putAside(): Promise<void> {
    const [first] = this.#unreadable;
    if (first === undefined) return;
    const { pipeline, log } = this.#context;
    const { length: messages } = this.#unreadable;
    await this.#context.putAside!(this.#unreadable);
    this.#unreadable = [];
    const { topic, partition, offset, code } = first;
    log.warn('messages that could not be read are in the dead letters', {
      pipeline,
      messages,
      topic,
      partition,
      offset,
      code,
    });
  }

  async #tellGroup(): Promise<void> {
    if (this.#held.size === 0) return;
    const offsets = [...this.#held].map(([lane, at]) => ({ ...partitionOf(lane), offset: offsetOf(at) }));
    const membership = this.#membership;
    this.#held.clear();
    this.#toldMs = this.#context.clock.monotonic();
    try {
      if (membership === null) await commitGroupOffsets(this.#cluster, this.#group, offsets);
      else await membership.commit(offsets);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      // Nothing depends on it: the sinks know.
      const fields = { pipeline: this.#context.pipeline, group: this.#group, code: error.code, error: error.message };
      this.#context.log.warn('consumer group was not told how far the sinks are', fields);
    }
  }

  #logPassed(): void {
    if (this.#passed.size === 0) return;
    const counts = Object.fromEntries([...this.#passed].map(([reading, count]) => [reading.replace(' ', '_'), count]));
    this.#context.log.info('messages without rows were passed', { pipeline: this.#context.pipeline, ...counts });
    this.#passed.clear();
  }
}

const batchAt = (name: PartitionName, offset: number, changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([[laneOf(name), placeOf(name, offset)]]),
  version: String(offset).padStart(19, '0'),
});
