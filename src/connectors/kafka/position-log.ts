import assert from 'node:assert/strict';
import type { Lane, Position } from '../../core/batch.ts';
import { MillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import type { Cluster } from './client/cluster.ts';
import { readPartition } from './client/read-partition.ts';
import { type RecordBatch, RecordBatchWriter } from './client/record-batch.ts';
import type { KafkaConfig } from './config.ts';
import { topicName } from './topic-routes.ts';

interface PlaceKey {
  readonly epoch: number;
  /** null: the record that says who took the pipeline over, and nothing of a lane. */
  readonly lane: Lane | null;
}

/**
 * Where each lane of a pipeline stands, in a compacted topic of one partition:
 *
 *     {"epoch":3,"lane":"log"}    {"position":"…"}
 *     {"epoch":3,"lane":null}     {"claimed":"2026-01-01T00:00:00.000Z"}
 *
 * Whoever takes the pipeline over begins an epoch: in one batch it writes the claim, every lane's place under the new epoch, and
 * tombstones for the old one. Only the highest epoch counts. So a writer that does not know yet that it was replaced changes
 * nothing that anybody reads, and compaction never prefers its records.
 */
export class PositionLog {
  readonly topic: string;
  readonly held = new Map<Lane, Position>();
  readonly #cluster: Cluster;
  #epoch = 0;
  /** The keys of older epochs that have records. */
  #stale: readonly PlaceKey[] = [];
  /** The offset behind what was read or written last. */
  end = 0;

  constructor(cluster: Cluster, topic: string) {
    this.#cluster = cluster;
    this.topic = topic;
  }

  /** Makes the topic when it is not there, reads what is held, and begins the next epoch, whose first batch `claim` gives. */
  async open(): Promise<void> {
    const counts = await this.#cluster.settled(() => this.#cluster.partitionCounts([this.topic]));
    if (counts.get(this.topic) === 0) {
      const configs = {
        'cleanup.policy': 'compact',
        // Small segments are compacted soon, so that a restart has little to read.
        'segment.bytes': String(16 * 1_048_576),
        'min.cleanable.dirty.ratio': '0.1',
        'delete.retention.ms': '3600000',
      };
      await this.#cluster.createTopics([{ name: this.topic, partitions: 1, replicationFactor: null, configs }]);
    }
    const epochs = await this.#read(0);
    const latest = Math.max(0, ...epochs.keys());
    this.held.clear();
    for (const [lane, text] of epochs.get(latest) ?? [])
      if (lane !== null && text !== null) this.held.set(lane, position(text));
    this.#stale = [...epochs].flatMap(([epoch, lanes]) => [...lanes.keys()].map((lane) => ({ epoch, lane })));
    this.#epoch = latest + 1;
  }

  /**
   * Takes note that a batch of places was written at `offset` (-1: not told). False: somebody has begun a later epoch. A writer that
   * was replaced may have put its own before it, which changes nothing.
   */
  async moved(records: number, offset: number): Promise<boolean> {
    const isAlone = offset < 0 || offset === this.end;
    if (!isAlone) {
      const epochs = await this.#read(this.end);
      return Math.max(...epochs.keys()) <= this.#epoch;
    }
    this.end += records;
    return true;
  }

  /** The batch that makes the epoch begun by `open` count. */
  async claim(transactional: boolean): Promise<RecordBatch> {
    const claimed = JSON.stringify({ claimed: new Date(this.#cluster.clock.now()).toISOString() });
    const records: (readonly [PlaceKey, string | null])[] = [[{ epoch: this.#epoch, lane: null }, claimed]];
    for (const [lane, at] of this.held) records.push([{ epoch: this.#epoch, lane }, JSON.stringify({ position: at })]);
    for (const key of this.#stale) records.push([key, null]);
    return await this.#batch(records, transactional);
  }

  async places(positions: ReadonlyMap<Lane, Position>, transactional: boolean): Promise<RecordBatch> {
    assert(positions.size > 0, 'a batch of records is not empty');
    const records = [...positions].map(
      ([lane, at]) => [{ epoch: this.#epoch, lane }, JSON.stringify({ position: at })] as const,
    );
    return await this.#batch(records, transactional);
  }

  /** Whether every lane stands exactly here already: then the batch with these positions has been written before. */
  isAt(positions: ReadonlyMap<Lane, Position>): boolean {
    return positions.size > 0 && positions.entries().every(([lane, at]) => this.held.get(lane) === at);
  }

  /** What the records from an offset on say, by epoch and lane. */
  async #read(from: number): Promise<Epochs> {
    const epochs: Epochs = new Map();
    this.end = await readEpochs(this.#cluster, this.topic, from, epochs);
    return epochs;
  }

  async #batch(records: readonly (readonly [PlaceKey, string | null])[], transactional: boolean): Promise<RecordBatch> {
    const encoded = records.map(
      ([{ epoch, lane }, value]) =>
        [Buffer.from(JSON.stringify({ epoch, lane })), value === null ? null : Buffer.from(value)] as const,
    );
    const room = encoded.reduce(
      (sum, [key, value]) => sum + RecordBatchWriter.sizeOf(key.length, value?.length ?? 0, []),
      61,
    );
    const writer = new RecordBatchWriter(Buffer.allocUnsafe(room), Math.floor(this.#cluster.clock.now()));
    for (const [key, value] of encoded) writer.add(key, 0, key.length, value, 0, value?.length ?? 0);
    return await writer.finish('none', transactional);
  }
}

/** The topic that holds how far a pipeline is. */
export const positionTopic = (config: Pick<KafkaConfig, 'sink.position-topic'>, pipeline: string): string =>
  topicName(config['sink.position-topic'] ?? `millrace-position.${pipeline}`);

/** Where a pipeline's lanes stand, for who does not write them. */
export class HeldPlaces {
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #epochs: Epochs = new Map();
  #end = 0;

  constructor(cluster: Cluster, topic: string) {
    this.#cluster = cluster;
    this.#topic = topic;
  }

  /** As of now; empty where there is no such topic. */
  async read(): Promise<ReadonlyMap<Lane, Position>> {
    const held = new Map<Lane, Position>();
    if (this.#end === 0 && !(await this.#cluster.topicNames()).includes(this.#topic)) return held;
    this.#end = await readEpochs(this.#cluster, this.#topic, this.#end, this.#epochs);
    for (const [lane, text] of this.#epochs.get(Math.max(0, ...this.#epochs.keys())) ?? [])
      if (lane !== null && text !== null) held.set(lane, position(text));
    return held;
  }
}

/** By epoch and lane, what the last record says: a position; null: the lane is the claim's. */
type Epochs = Map<number, Map<Lane | null, string | null>>;

/** Adds what the records from an offset on say, and gives the offset behind them. */
const readEpochs = (cluster: Cluster, topic: string, from: number, epochs: Epochs): Promise<number> =>
  readPartition(cluster, topic, 0, from, ({ bytes, offset, ...places }) => {
    if (places.keyStart < 0) throw unreadable(topic, offset, 'it has no key');
    const key = parse<PlaceKey>(bytes.utf8Slice(places.keyStart, places.keyEnd), topic, offset);
    if (typeof key.epoch !== 'number') throw unreadable(topic, offset, 'its key names no epoch');
    const lanes = epochs.get(key.epoch) ?? new Map<Lane | null, string | null>();
    epochs.set(key.epoch, lanes);
    if (places.valueStart < 0) lanes.delete(key.lane);
    else {
      const text = bytes.utf8Slice(places.valueStart, places.valueEnd);
      lanes.set(key.lane, parse<{ readonly position?: string }>(text, topic, offset).position ?? null);
    }
  });

const parse = <Shape>(text: string, topic: string, offset: number): Shape => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable(topic, offset, 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw unreadable(topic, offset, 'it is no JSON object');
  return value as Shape;
};

const unreadable = (topic: string, offset: number, reason: string): MillraceError =>
  new MillraceError('KAFKA_POSITIONS_UNREADABLE', { topic, offset, reason });
