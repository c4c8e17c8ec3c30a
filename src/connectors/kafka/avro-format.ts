import assert from 'node:assert/strict';
import type { Change, RowsChange } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Table } from '../../core/table.ts';
import { DebeziumAvroEncoder, type SchemaIds } from '../../formats/debezium-avro/encoder.ts';
import type { DebeziumRecord, RecordSink } from '../../formats/debezium-json/encoder.ts';
import type { DebeziumOptions } from '../../formats/debezium-json/options.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import type { KafkaConfig } from './config.ts';
import { takeDebezium } from './debezium-record.ts';
import { SchemaRegistry } from './schema-registry.ts';
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
  #take: TakeRecord = () => {};

  constructor(options: DebeziumOptions, config: KafkaConfig, context: Context, topicOf: (table: Table) => string) {
    if (config['include.schema.changes'] || config['skipped.operations'] === 'none') {
      const key = config['include.schema.changes'] ? 'include.schema.changes' : 'skipped.operations';
      const reason = `${config['value.format']} has records of rows only`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key, reason });
    }
    this.#config = config;
    this.#topicOf = topicOf;
    this.#registry = new SchemaRegistry(config, context.clock);
    this.#encoder = new DebeziumAvroEncoder(options, config['value.format'] === 'avro-confluent', this.#out);
  }

  isReady(change: Change): boolean {
    return change.kind !== 'rows' || this.#ids.has(change.table.id);
  }

  async learn(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (change.kind !== 'rows' || change.origin.kind !== 'mysql' || this.#ids.has(change.table.id)) continue;
      const { table, origin } = change;
      const topic = this.#topicOf(table);
      const { key, value } = this.#encoder.schemasOf(table, origin.flavor);
      const keySubject = subjectOf(this.#config['key.subject.name.strategy'], topic, 'key', key ?? '{}');
      const valueSubject = subjectOf(this.#config['value.subject.name.strategy'], topic, 'value', value);
      if (this.#ids.size >= maxTables) this.#ids.clear();
      this.#ids.set(table.id, {
        key: key === null ? 0 : await this.#registry.idOf(keySubject, key),
        value: await this.#registry.idOf(valueSubject, value),
      });
    }
  }

  rows(change: RowsChange, take: TakeRecord): void {
    this.#take = take;
    this.#out.clear();
    this.keys.clear();
    const ids = this.#ids.get(change.table.id);
    assert(ids !== undefined, 'the schemas were learned of');
    this.#encoder.encodeRows(change, ids, this);
  }

  truncate(): void {}

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
