import type { DatabaseSync } from 'node:sqlite';
import type { Change } from '../../../core/change.ts';
import type { Clock } from '../../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { defineTable, qualifiedName, type Table } from '../../../core/table.ts';
import { adjustedFieldName } from '../../../formats/debezium-json/adjusted-name.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import type { MessageReader } from '../../../formats/json-rows/message.ts';
import { MessageTables } from '../../../formats/json-rows/message-tables.ts';
import type { Cluster } from '../client/cluster.ts';
import { fetchPartition } from '../client/read-partition.ts';
import { readRecords } from '../client/record-reader.ts';
import type { KafkaConfig } from '../config.ts';
import { failureAt } from '../source/failure-at.ts';
import { RecordMessage } from '../source/record-message.ts';
import { formatReader, modesOf } from '../source/value-reader.ts';
import { ReplayedRows } from './replayed-rows.ts';

export interface ReplayContext {
  readonly cluster: Cluster;
  readonly db: DatabaseSync;
  readonly clock: Clock;
  readonly log: Log;
}

const messagesPerChange = 1_000;
const tellEveryMs = 5_000;
/** Formats whose deletes and updates hold the whole row that was there. */
const tellsRows: ReadonlySet<KafkaConfig['value.format']> = new Set(['debezium-json', 'debezium-avro']);

/** One topic, replayed from its beginning into the rows that it leaves of one table, and followed on. */
export class TopicReplay {
  readonly topic: string;
  readonly table: Table;
  readonly rows: ReplayedRows;
  /** Records may have come since it was followed last. */
  isBehind = true;
  readonly #context: ReplayContext;
  readonly #config: KafkaConfig;
  readonly #changes = new ChangeCollector(messagesPerChange);
  readonly #values: MessageReader;
  /** Reads a record without a value as the end of the row that its key names. */
  readonly #tombstones: MessageReader;
  readonly #message = new RecordMessage(undefined);
  /** By partition, the offset of the next record. */
  readonly #offsets: number[] = [];
  #records = 0;
  #toldMs: number;

  /** `name`: of its table in the database. Throws KAFKA_NOT_REPLAYABLE. */
  constructor(topic: string, table: Table, name: string, config: KafkaConfig, context: ReplayContext) {
    const format = config['value.format'];
    if (format === 'cloudevents-json') throw notReadBack(topic, `value.format ${format}`);
    if (table.primaryKey.length === 0 && !tellsRows.has(format)) {
      const reason = `${qualifiedName(table)} has no primary key, and ${format} does not tell which of its rows are gone`;
      throw new MillraceError('KAFKA_NOT_REPLAYABLE', { topic, reason });
    }
    this.topic = topic;
    this.table = table;
    this.rows = new ReplayedRows(context.db, name, table);
    this.#context = context;
    this.#config = config;
    const declared = [asWritten(topic, table, config)];
    const modes = modesOf({ ...config, 'value.format': format });
    const tables = new MessageTables({ declared, modes, unknownFields: 'ignore', primaryKey: null });
    this.#values = formatReader(format, tables, this.#changes, config, context.clock);
    const plain = /avro/.test(format) ? 'avro-confluent' : 'json';
    this.#tombstones = formatReader(plain, tables, this.#changes, config, context.clock);
    this.#toldMs = context.clock.monotonic();
  }

  /** Reads on to where every partition ends now, transactions that are open now among it. */
  async follow(signal: AbortSignal): Promise<void> {
    if (!this.isBehind) return;
    this.isBehind = false;
    try {
      const { cluster } = this.#context;
      const partitions = (await cluster.partitionCounts([this.topic])).get(this.topic) ?? 0;
      if (partitions > 1 && this.#config['partition.strategy'] === 'hash-by-transaction') {
        const reason = 'with partition.strategy hash-by-transaction, changes of a row lie in several partitions';
        throw new MillraceError('KAFKA_NOT_REPLAYABLE', { topic: this.topic, reason });
      }
      for (let partition = 0; partition < partitions; partition += 1) await this.#followPartition(partition, signal);
    } catch (error) {
      this.isBehind = true;
      throw error;
    }
  }

  async #followPartition(partition: number, signal: AbortSignal): Promise<void> {
    const { cluster, db } = this.#context;
    const { topic } = this;
    const end = await cluster.offset(topic, partition, 'latest', 'read_uncommitted');
    let offset = this.#offsets[partition] ?? (await cluster.offset(topic, partition, 'earliest'));
    while (offset < end) {
      const fetched = await fetchPartition(cluster, topic, partition, offset);
      signal.throwIfAborted();
      db.exec('BEGIN');
      try {
        for (let lacks = true; lacks; ) {
          const taken = this.#take({ ...fetched, topic, partition }, offset);
          ({ next: offset, lacks } = taken);
          if (lacks) await this.#values.learn?.();
          if (lacks) await this.#tombstones.learn?.();
        }
      } finally {
        db.exec('COMMIT');
      }
      this.#offsets[partition] = offset;
      this.#tell();
    }
  }

  /** Takes what was fetched, up to a record whose reader lacks something. */
  #take(
    fetched: Parameters<typeof failureAt>[1] & Parameters<typeof readRecords>[0],
    from: number,
  ): { readonly next: number; readonly lacks: boolean } {
    const message = this.#message;
    message.of(fetched.topic, fetched.partition);
    message.database = this.table.database;
    message.table = this.table.name;
    let stop = Number.POSITIVE_INFINITY;
    try {
      const next = readRecords(fetched, from, (record) => {
        if (record.offset >= stop) return;
        message.take(record);
        if (!(this.#values.isReady?.(message) ?? true) || !(this.#tombstones.isReady?.(message) ?? true)) {
          stop = record.offset;
          return;
        }
        this.#records += 1;
        this.#read(message);
      });
      this.#apply(this.#changes.take());
      return { next: Math.min(next, stop), lacks: stop < next };
    } catch (error) {
      this.#changes.take();
      throw failureAt(error, fetched, message.offset < 0 ? from : message.offset);
    }
  }

  #read(message: RecordMessage): void {
    try {
      if (this.#values.read(message) !== 'tombstone') return;
      if (message.key !== null) this.#tombstones.read(message);
    } catch (error) {
      // Rows of other tables may lie beside; and a key that does not name a row ends none.
      if (isMillraceError(error, 'FORMAT_TABLE_UNKNOWN')) return;
      if (message.value === null && isMillraceError(error, 'FORMAT_KEY_MISSING')) return;
      throw error;
    }
  }

  #apply(changes: readonly Change[]): void {
    const { rows } = this;
    for (const change of changes) {
      if (change.kind === 'truncate') rows.clear();
      if (change.kind !== 'rows') continue;
      const images = change.rows;
      for (let i = 0; i < images.length; i += 1) {
        const before = change.op === 'delete' || change.op === 'update' ? images.before(i) : null;
        const after = change.op === 'delete' ? null : images.after(i);
        if (!rows.hasKey) {
          if (before !== null) rows.remove(before);
          if (after !== null) rows.put(after);
          continue;
        }
        if (before !== null && (after === null || rows.hasMoved(before, after))) rows.remove(before);
        if (after !== null) rows.put(after);
      }
    }
  }

  #tell(): void {
    const { clock, log } = this.#context;
    if (clock.monotonic() - this.#toldMs < tellEveryMs) return;
    this.#toldMs = clock.monotonic();
    log.info('topic is replayed', { topic: this.topic, records: this.#records });
  }
}

/** The table under the names that the format made of its columns'. Throws KAFKA_NOT_REPLAYABLE where two became one. */
const asWritten = (topic: string, table: Table, config: KafkaConfig): Table => {
  const format = config['value.format'];
  if (!tellsRows.has(format) && format !== 'avro-confluent') return table;
  const asked = config['field.name.adjustment.mode'];
  const mode = asked === 'none' && format.includes('avro') ? 'avro' : asked;
  if (mode === 'none') return table;
  const { id: _, ...definition } = table;
  const columns = table.columns.map((column) => ({ ...column, name: adjustedFieldName(column.name, mode) }));
  if (new Set(columns.map(({ name }) => name)).size < columns.length) {
    throw notReadBack(topic, `${qualifiedName(table)} has columns whose adjusted names are the same, which`);
  }
  return defineTable({ ...definition, columns });
};

const notReadBack = (topic: string, setting: string): MillraceError =>
  new MillraceError('KAFKA_NOT_REPLAYABLE', { topic, reason: `values written with ${setting} are not read back` });
