import assert from 'node:assert/strict';
import type { Change, RowsChange } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Table } from '../../core/table.ts';
import { type AvroSchemas, DebeziumAvroEncoder, type SchemaIds } from '../../formats/debezium-avro/encoder.ts';
import {
  avroTransactionKey,
  avroTransactionMark,
  transactionAvroSchemas,
} from '../../formats/debezium-avro/transaction.ts';
import type { DebeziumRecord, RecordSink } from '../../formats/debezium-json/encoder.ts';
import type { DebeziumOptions } from '../../formats/debezium-json/options.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import type { TransactionOrder } from '../../formats/transaction-order.ts';
import type { KafkaConfig } from './config.ts';
import { takeDebezium } from './debezium-record.ts';
import { SchemaRegistry } from './schema-registry.ts';
import { transactionTopic } from './transaction-marks.ts';
import type { TakeRecord, ValueFormat } from './value-format.ts';

/** Avro with a schema registry: Debezium's envelope, or the row as it is now. */
export class AvroFormat implements ValueFormat, RecordSink {
  readonly keys = new OutputBuffer(4_096);
  readonly #out = new OutputBuffer();
  readonly #encoder: DebeziumAvroEncoder;
  readonly #registry: SchemaRegistry;
  readonly #config: KafkaConfig;
  readonly #topicOf: (table: Table) => string;
  /** By table version. */
  readonly #ids = new Map<string, SchemaIds>();
  /** Where the records around transactions go; null: none are written. */
  readonly #markTopic: string | null;
  #markIds: SchemaIds | null = null;
  #take: TakeRecord = () => {};

  constructor(options: DebeziumOptions, config: KafkaConfig, context: Context, topicOf: (table: Table) => string) {
    if (config['include.schema.changes'] || !config['skipped.operations'].has('t')) {
      const key = config['include.schema.changes'] ? 'include.schema.changes' : 'skipped.operations';
      const reason = `${config['value.format']} has records of rows only`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key, reason });
    }
    this.#config = config;
    this.#topicOf = topicOf;
    this.#registry = new SchemaRegistry(config, context.clock);
    const isRow = config['value.format'] === 'avro-confluent';
    this.#encoder = new DebeziumAvroEncoder(options, isRow, this.#out);
    this.#markTopic = config['provide.transaction.metadata'] ? transactionTopic(config, options.name) : null;
  }

  isReady(change: Change): boolean {
    if (change.kind !== 'rows') return true;
    return this.#ids.has(change.table.id) && (this.#markTopic === null || this.#markIds !== null);
  }

  async learn(changes: readonly Change[]): Promise<void> {
    if (this.#markTopic !== null) this.#markIds ??= await this.#register(this.#markTopic, transactionAvroSchemas());
    for (const change of changes) {
      if (change.kind !== 'rows' || change.origin.kind !== 'mysql' || this.#ids.has(change.table.id)) continue;
      const { table, origin } = change;
      const topic = this.#topicOf(table);
      const ids = await this.#register(topic, this.#encoder.schemasOf(table, origin.flavor));
      if (this.#ids.size >= maxTables) this.#ids.clear();
      this.#ids.set(table.id, ids);
    }
  }

  rows(change: RowsChange, take: TakeRecord, transaction?: TransactionOrder): void {
    this.#take = take;
    this.#out.clear();
    this.keys.clear();
    const ids = this.#ids.get(change.table.id);
    assert(ids !== undefined, 'the schemas were learned of');
    this.#encoder.encodeRows(change, ids, this, transaction);
  }

  truncate(): void {}

  mark(status: 'BEGIN' | 'END', order: TransactionOrder, millis: number, take: TakeRecord): void {
    assert(this.#markIds !== null, 'the schemas were learned of');
    const key = avroTransactionKey(order.id, this.#markIds.key);
    const value = avroTransactionMark(status, order, millis, this.#markIds.value);
    take(key, 0, key.length, value, 0, value.length, []);
  }

  async #register(topic: string, { key, value }: AvroSchemas): Promise<SchemaIds> {
    const keySubject = subjectOf(this.#config['key.subject.name.strategy'], topic, 'key', key ?? '{}');
    const valueSubject = subjectOf(this.#config['value.subject.name.strategy'], topic, 'value', value);
    return {
      key: key === null ? 0 : await this.#registry.idOf(keySubject, key),
      value: await this.#registry.idOf(valueSubject, value),
    };
  }

  record(record: DebeziumRecord): void {
    const isRow = this.#config['value.format'] === 'avro-confluent';
    takeDebezium(this.#take, record, this.keys.bytes, this.#out.bytes, isRow || this.#config['tombstones.on.delete']);
  }
}

const maxTables = 4_096;

const subjectOf = (
  strategy: KafkaConfig['key.subject.name.strategy'],
  topic: string,
  part: 'key' | 'value',
  schema: string,
): string => {
  if (strategy === 'TopicNameStrategy') return `${topic}-${part}`;
  const { namespace = '', name = '' } = JSON.parse(schema) as { readonly namespace?: string; readonly name?: string };
  const full = namespace === '' ? name : `${namespace}.${name}`;
  return strategy === 'RecordNameStrategy' ? full : `${topic}-${full}`;
};
