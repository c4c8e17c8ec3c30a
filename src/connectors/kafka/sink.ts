import assert from 'node:assert/strict';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Change, Origin } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { BatchBuffers } from './batch-buffers.ts';
import { Cluster } from './client/cluster.ts';
import { murmur2, partitionOfKey } from './client/murmur2.ts';
import { Producer, type TopicPartition } from './client/producer.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { KafkaConfig } from './config.ts';
import { clientSettings } from './connection.ts';
import { fixedHeaders } from './fixed-headers.ts';
import { Heartbeat } from './heartbeat.ts';
import { letterOf } from './operation-letter.ts';
import { Outbox, type OutboxRecord } from './outbox.ts';
import { PlacesBehind } from './places-behind.ts';
import { PositionLog, positionTopic } from './position-log.ts';
import { type OutgoingBatch, RecordGatherer } from './record-gatherer.ts';
import { TopicDirectory, type TopicFacts } from './topic-directory.ts';
import { topicName, topicRoutes } from './topic-routes.ts';
import { TransactionMarks } from './transaction-marks.ts';
import { debeziumOptions, type TakeRecord, type ValueFormat, valueFormat } from './value-format.ts';

/** A write that has been asked for, in the order of asking. */
interface Delivery {
  readonly batch: Batch;
  /** The batches to send; rejects when the changes cannot become records. */
  readonly outgoing: Promise<readonly OutgoingBatch[]>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes changes as records. With `exactly-once`, what is written in one go is one Kafka transaction: rows, and the places of the
 * lanes in the topic of positions. Writes that come while one is being committed are encoded meanwhile and share the next
 * transaction. With `at-least-once` the places follow once the rows are acknowledged, and further rows are sent meanwhile.
 *
 * The parts of a large source transaction go into one Kafka transaction, which stays open until the last.
 */
export class KafkaSink implements Sink {
  readonly inFlight = 4;
  readonly #config: KafkaConfig;
  readonly #context: Context;
  readonly #cluster: Cluster;
  readonly #producer: Producer;
  readonly #directory: TopicDirectory;
  readonly #positions: PositionLog;
  readonly #placesBehind = new PlacesBehind((positions) => this.#movePositions(positions));
  readonly #format: ValueFormat;
  readonly #topicOf: (table: Table) => string;
  /** null: schema changes are not written. */
  readonly #schemaTopic: string | null;
  /** null: no table is one. */
  readonly #outbox: Outbox | null;
  /** null: none are written. */
  readonly #transactions: TransactionMarks | null;
  /** null: none is written. */
  readonly #heartbeat: Heartbeat | null;
  /** Topics that a write may go to whatever its changes are. */
  readonly #sideTopics: readonly string[];
  readonly #headersOf: (table: Table) => readonly RecordHeader[];
  readonly #buffers = new BatchBuffers();
  readonly #transactional: boolean;
  readonly #routes = new Map<string, string>();
  #begun: Promise<void> | null = null;
  #queue: Delivery[] = [];
  #delivering = false;
  /** Resolves when the changes of every write asked for so far have become records. */
  #encoded: Promise<unknown> | null = null;
  /** The source transaction whose parts are coming. */
  #parts: { readonly transaction: string; next: number } | null = null;
  #failure: unknown = null;

  constructor(config: KafkaConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#transactional = config['sink.delivery-guarantee'] === 'exactly-once';
    this.#cluster = new Cluster(clientSettings(config, context.pipeline), context.clock);
    this.#producer = new Producer(this.#cluster, {
      transactionalId: this.#transactional ? `${config['sink.transactional-id-prefix']}${context.pipeline}` : null,
      transactionTimeoutMs: config['properties.transaction.timeout.ms'],
      deliveryTimeoutMs: config['properties.delivery.timeout.ms'],
      requestTimeoutMs: config['properties.request.timeout.ms'],
      fenced: () => this.#fenced(),
    });
    this.#directory = new TopicDirectory(
      this.#cluster,
      {
        create: config['topic.creation.enable'],
        defaults: config['topic.creation.default'],
        maxRequestBytes: config['properties.max.request.size'],
      },
      context.log,
    );
    this.#positions = new PositionLog(this.#cluster, positionTopic(config, context.pipeline));
    this.#topicOf = topicRoutes(config);
    this.#format = valueFormat(config, context, this.#topicOf);
    const told = config['include.schema.changes'] && this.#format.schema !== undefined;
    const prefix = config['topic.prefix'] ?? context.pipeline;
    this.#schemaTopic = told ? topicName(prefix) : null;
    this.#outbox =
      config['outbox.tables'] === undefined ? null : new Outbox(config, debeziumOptions(config, context), context.log);
    this.#transactions = config['provide.transaction.metadata']
      ? new TransactionMarks(config, prefix, this.#format)
      : null;
    this.#heartbeat = config['heartbeat.interval.ms'] > 0 ? new Heartbeat(config, prefix, topicName) : null;
    this.#sideTopics = [this.#transactions?.topic, this.#heartbeat?.topic].filter((topic) => topic !== undefined);
    this.#headersOf = fixedHeaders(config);
  }

  async claim(lane: Lane): Promise<Position | null> {
    this.#begun ??= this.#begin();
    await this.#begun;
    await this.#discardParts();
    return this.#positions.held.get(lane) ?? null;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#failure !== null) throw this.#failure;
    assert(this.#begun !== null, 'a lane is claimed before it is written');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const outgoing = this.#encode(batch);
    outgoing.catch(() => {});
    this.#queue.push({ batch, outgoing, resolve, reject });
    void this.#deliver();
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new Error('the sink is closed');
    try {
      if (this.#producer.isOpen) {
        // Readers of committed records wait for the end of an open transaction. Whoever comes next would end it too.
        await Promise.race([this.#producer.abort(), this.#context.clock.sleep(longestGoodbyeMs)]);
      }
    } catch {
      // It has been ended for us.
    } finally {
      this.#cluster[Symbol.dispose]();
    }
  }

  get #positionPlace(): TopicPartition {
    return { topic: this.#positions.topic, partition: 0 };
  }

  /** Ends every older writer of this pipeline, and reads how far they came. */
  async #begin(): Promise<void> {
    await this.#producer.begin();
    const place = this.#positionPlace;
    for (;;) {
      await this.#positions.open();
      const before = this.#positions.end;
      const claim = await this.#positions.claim(this.#transactional);
      if (this.#transactional) await this.#producer.enlist([place]);
      const offset = await this.#producer.send(place, claim);
      if (this.#transactional) await this.#producer.commit();
      // Two that take over at once, without transactions: the later one must know what the other wrote.
      if (!this.#transactional && offset !== before && offset >= 0) continue;
      this.#positions.end = before + claim.records;
      return;
    }
  }

  /**
   * Makes records of a batch's changes: at once, unless a topic must be asked about first, or an earlier write is waiting for that.
   * The order of writes is the order of their records.
   */
  #encode(batch: Batch): Promise<readonly OutgoingBatch[]> {
    const unknown = this.#unknownTopics(batch.changes);
    const known =
      this.#outbox === null ? batch.changes : batch.changes.filter((change) => !this.#outbox!.takes(change));
    const isReady = known.every((change) => this.#format.isReady?.(change) ?? true);
    if (unknown.length === 0 && isReady && this.#encoded === null) {
      try {
        return Promise.resolve(this.#gather(batch));
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const before = this.#encoded ?? Promise.resolve();
    const encoded = before.then(async () => {
      const still = this.#unknownTopics(batch.changes);
      if (still.length > 0) await this.#directory.learn(still);
      await this.#format.learn?.(known);
      return this.#gather(batch);
    });
    const settled = encoded.catch(() => {});
    this.#encoded = settled;
    void settled.then(() => {
      if (this.#encoded === settled) this.#encoded = null;
    });
    return encoded;
  }

  #unknownTopics(changes: readonly Change[]): readonly string[] {
    let unknown: Set<string> | null = null;
    for (const topic of this.#sideTopics)
      if (this.#directory.get(topic) === null) unknown = (unknown ?? new Set()).add(topic);
    let last: Table | null = null;
    for (const change of changes) {
      let topic: string | null = null;
      if (this.#outbox?.takes(change)) {
        for (const place of this.#outboxTopics(change))
          if (this.#directory.get(place) === null) unknown = (unknown ?? new Set()).add(place);
      } else if (change.kind === 'schema') topic = this.#schemaTopic;
      else if (change.kind !== 'snapshot' && change.table !== last) {
        last = change.table;
        topic = this.#route(last);
      }
      if (topic === null) continue;
      if (this.#directory.get(topic) !== null) continue;
      unknown ??= new Set();
      unknown.add(topic);
    }
    return unknown === null ? [] : [...unknown];
  }

  #route(table: Table): string {
    let topic = this.#routes.get(table.id);
    if (topic === undefined) {
      topic = this.#topicOf(table);
      this.#routes.set(table.id, topic);
    }
    return topic;
  }

  #gather(batch: Batch): readonly OutgoingBatch[] {
    const options = {
      compression: this.#config['properties.compression.type'],
      transactional: this.#transactional,
      batchBytes: Math.min(this.#config['properties.batch.size'], this.#config['properties.max.request.size']),
    };
    const gatherer = new RecordGatherer(this.#buffers, options, Math.floor(this.#context.clock.now()));
    const transactions = this.#transactions;
    const { part } = batch;
    if (part === undefined || part.index === 0) transactions?.forget();
    const takeMark = this.#markTaker(gatherer);
    const skipped = this.#config['skipped.operations'];
    for (const change of batch.changes) {
      if (change.kind === 'rows') {
        const letter = letterOf[change.op];
        if (letter !== null && skipped.has(letter)) continue;
        const order = transactions?.orderOf(change, takeMark);
        if (this.#outbox?.holds(change.table)) {
          for (const record of this.#outbox.recordsOf(change)) this.#addEvent(gatherer, record, change.table);
          for (let row = 0; row < change.rows.length; row += 1) order?.next(change.table);
          continue;
        }
        this.#format.rows(change, this.#taker(gatherer, change.table, change.origin), order);
      } else if (change.kind === 'truncate' && !skipped.has('t') && !this.#outbox?.holds(change.table)) {
        this.#format.truncate(change, this.#taker(gatherer, change.table, change.origin));
      } else if (change.kind === 'schema' && this.#schemaTopic !== null) {
        const facts = this.#directory.get(this.#schemaTopic)!;
        this.#format.schema?.(change, (...record) => gatherer.add(facts, 0, ...record));
      }
    }
    if (part === undefined || part.last) transactions?.end(takeMark);
    if (this.#heartbeat !== null) {
      const facts = this.#directory.get(this.#heartbeat.topic)!;
      const { clock } = this.#context;
      this.#heartbeat.beat(clock.monotonic(), clock.now(), (...record) => gatherer.add(facts, 0, ...record));
    }
    return gatherer.end();
  }

  #outboxTopics(change: Change): readonly string[] {
    return change.kind === 'rows' ? this.#outbox!.recordsOf(change).map(({ topic }) => topic) : [];
  }

  #addEvent(gatherer: RecordGatherer, event: OutboxRecord, table: Table): void {
    const { topic, key, value, headers, partition, timestampMs } = event;
    const facts = this.#directory.get(topic)!;
    const keyEnd = key?.length ?? 0;
    const place = partition ?? partitionFor(key, 0, keyEnd, facts, table);
    if (place >= facts.partitions) {
      const reason = `it names partition ${place} of ${topic}, which has ${facts.partitions}`;
      throw new MillraceError('KAFKA_OUTBOX_ROW', { table: qualifiedName(table), reason });
    }
    gatherer.add(facts, place, key, 0, keyEnd, value, 0, value?.length ?? 0, headers, timestampMs ?? undefined);
  }

  /** Puts the records around transactions into their topic, both of one into the same partition. */
  #markTaker(gatherer: RecordGatherer): TakeRecord {
    return (key, keyStart, keyEnd, ...rest) => {
      const facts = this.#directory.get(this.#transactions!.topic)!;
      const partition = partitionOfKey(key!, keyStart, keyEnd, facts.partitions);
      gatherer.add(facts, partition, key, keyStart, keyEnd, ...rest);
    };
  }

  /** Puts the records of one change into their partitions. */
  #taker(gatherer: RecordGatherer, table: Table, origin: Origin): TakeRecord {
    const facts = this.#directory.get(this.#route(table));
    assert(facts !== null, 'the topic was learned of');
    const fixed = this.#headersOf(table);
    const one = this.#onePartition(facts, table, origin);
    return (key, keyStart, keyEnd, value, valueStart, valueEnd, headers) => {
      const all = fixed.length === 0 ? headers : [...headers, ...fixed];
      const partition = one ?? partitionFor(key, keyStart, keyEnd, facts, table);
      gatherer.add(facts, partition, key, keyStart, keyEnd, value, valueStart, valueEnd, all);
    };
  }

  /** The partition that all records of a change go to; null: it is for each key to say. */
  #onePartition({ partitions }: TopicFacts, table: Table, origin: Origin): number | null {
    if (partitions === 1) return 0;
    switch (this.#config['partition.strategy']) {
      case 'all-to-zero':
        return 0;
      case 'hash-by-table':
        return tablePartition(table, partitions);
      case 'hash-by-transaction':
        return textPartition(transactionOf(origin), partitions);
      case 'hash-by-key':
        return null;
    }
  }

  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#queue.length > 0 && this.#failure === null) {
        const together = this.#takeTogether();
        try {
          const { sends, positions } = await this.#sendTogether(together);
          const durable = this.#transactional
            ? this.#commit(sends, positions)
            : this.#placesBehind.follow(Promise.all(sends), positions ?? new Map());
          const settled = durable.then(
            () => {
              for (const [lane, at] of positions ?? []) this.#positions.held.set(lane, at);
              for (const { resolve } of together) resolve();
            },
            (error: unknown) => this.#failed(together, error),
          );
          // A transaction ends before the next begins.
          if (this.#transactional) await settled;
        } catch (error) {
          this.#failed(together, error);
        }
      }
    } finally {
      this.#delivering = false;
    }
  }

  /** Nothing can be written after a write that failed. */
  #failed(deliveries: readonly Delivery[], error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of deliveries) reject(error);
    for (const { reject } of this.#queue.splice(0)) reject(this.#failure);
  }

  /** The writes that wait, as many as one transaction takes: a part stands alone. */
  #takeTogether(): readonly Delivery[] {
    const end = this.#queue.findIndex(({ batch }) => batch.part !== undefined);
    return this.#queue.splice(0, end === 0 ? 1 : end < 0 ? this.#queue.length : end);
  }

  /** Sends the records of writes. `positions` null: they are parts, and their transaction's last has not come. */
  async #sendTogether(deliveries: readonly Delivery[]): Promise<{
    readonly sends: readonly Promise<void>[];
    readonly positions: ReadonlyMap<Lane, Position> | null;
  }> {
    const { part } = deliveries[0]!.batch;
    if (part === undefined || part.index === 0) await this.#discardParts();
    if (part !== undefined) {
      this.#parts ??= { transaction: part.transaction, next: 0 };
      const { transaction, next } = this.#parts;
      assert(
        transaction === part.transaction && next === part.index,
        'the parts of a transaction follow each other from index 0',
      );
      this.#parts.next += 1;
    }
    const isLast = part === undefined || part.last;
    const positions = new Map<Lane, Position>();
    const sends: Promise<void>[] = [];
    for (const { batch, outgoing } of deliveries) {
      const batches = await outgoing;
      // What is held already has been written before; a change written again would be there twice.
      if (part === undefined && this.#positions.isAt(batch.positions)) {
        for (const each of batches) void each.finished.then(each.release, each.release);
        continue;
      }
      await this.#send(batches, sends);
      for (const [lane, at] of batch.positions) positions.set(lane, at);
    }
    if (isLast) this.#parts = null;
    return { sends, positions: isLast ? positions : null };
  }

  /** Sends batches in their order; `sends` gets what tells that they are acknowledged. */
  async #send(batches: readonly OutgoingBatch[], sends: Promise<void>[]): Promise<void> {
    if (this.#transactional && batches.length > 0) {
      // The places follow in the same transaction: one question to the coordinator instead of two.
      await this.#producer.enlist(distinct([...batches.map(({ place }) => place), this.#positionPlace]));
    }
    for (const { place, finished, release } of batches) {
      const batch = await finished;
      const send = this.#producer.send(place, batch).then(release);
      // The first failure is thrown where they are awaited together.
      send.catch(() => {});
      sends.push(send);
    }
  }

  /** `positions` null: the transaction stays open. */
  async #commit(sends: readonly Promise<void>[], positions: ReadonlyMap<Lane, Position> | null): Promise<void> {
    if (positions === null || positions.size === 0) {
      await Promise.all(sends);
      if (positions !== null) await this.#producer.commit();
      return;
    }
    const place = this.#positionPlace;
    await this.#producer.enlist([place]);
    await Promise.all([...sends, this.#producer.send(place, await this.#positions.places(positions, true))]);
    await this.#producer.commit();
  }

  /** Without transactions, places that do not land where they were expected tell that somebody else writes. */
  async #movePositions(positions: ReadonlyMap<Lane, Position>): Promise<void> {
    const batch = await this.#positions.places(positions, false);
    const offset = await this.#producer.send(this.#positionPlace, batch);
    if (!(await this.#positions.moved(batch.records, offset))) throw this.#fenced();
  }

  async #discardParts(): Promise<void> {
    if (this.#parts === null) return;
    this.#parts = null;
    if (this.#transactional) await this.#producer.abort();
  }

  #fenced(): MillraceError {
    const { pipeline } = this.#context;
    return new MillraceError('SINK_FENCED', { sink: 'kafka', pipeline, lane: 'every lane' });
  }
}

const longestGoodbyeMs = 2_000;

const partitionFor = (
  key: Buffer | null,
  start: number,
  end: number,
  { partitions }: TopicFacts,
  table: Table,
): number =>
  // Rows without a key keep their order by staying together.
  key === null ? tablePartition(table, partitions) : partitionOfKey(key, start, end, partitions);

const tablePartition = ({ database, name }: Table, partitions: number): number =>
  textPartition(`${database}.${name}`, partitions);

const textPartition = (text: string, partitions: number): number =>
  (murmur2(Buffer.from(text)) & 0x7fffffff) % partitions;

const transactionOf = (origin: Origin): string => {
  if (origin.kind !== 'mysql') return '';
  return origin.gtid ?? `${origin.file}:${origin.commitMicros}`;
};

const distinct = (places: readonly TopicPartition[]): readonly TopicPartition[] =>
  [...Map.groupBy(places, ({ topic, partition }) => `${topic}:${partition}`).values()].map((same) => same[0]!);
