import type { Change, RowsChange, SchemaChange, TruncateChange } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Column, Table } from '../../core/table.ts';
import { columnPatterns } from '../../core/table-pattern.ts';
import { CloudEventsEncoder } from '../../formats/cloud-events/encoder.ts';
import { DebeziumJsonEncoder, type DebeziumRecord, type RecordSink } from '../../formats/debezium-json/encoder.ts';
import type { DebeziumOptions } from '../../formats/debezium-json/options.ts';
import { type SchemaPart, transactionSchemas } from '../../formats/debezium-json/schema-part.ts';
import { transactionKey, transactionMark } from '../../formats/debezium-json/transaction.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import type { TransactionOrder } from '../../formats/transaction-order.ts';
import { debeziumValues } from '../debezium-values.ts';
import { AvroFormat } from './avro-format.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { KafkaConfig } from './config.ts';
import { takeDebezium } from './debezium-record.ts';
import { RowFormat } from './row-format.ts';
import { keyColumnRoutes } from './topic-routes.ts';

/** Takes one record. The bytes are valid during the call; a key or value of null bytes is none. */
export type TakeRecord = (
  key: Buffer | null,
  keyStart: number,
  keyEnd: number,
  value: Buffer | null,
  valueStart: number,
  valueEnd: number,
  headers: readonly RecordHeader[],
) => void;

/** Makes records of changes. */
export interface ValueFormat {
  /** `transaction` numbers the rows, where their transaction is to be told. */
  rows(change: RowsChange, take: TakeRecord, transaction?: TransactionOrder): void;
  truncate(change: TruncateChange, take: TakeRecord): void;
  /** Whether what a registry must say of a change is known; if not, `learn` asks. Left out: nothing is to be asked. */
  isReady?(change: Change): boolean;
  learn?(changes: readonly Change[]): Promise<void>;
  /** A record for the topic of schema changes. Left out: the format has none. */
  schema?(change: SchemaChange, take: TakeRecord): void;
  /** The record at a transaction's beginning or end; `millis`: when it committed. Left out: the format has none. */
  mark?(status: 'BEGIN' | 'END', order: TransactionOrder, millis: number, take: TakeRecord): void;
}

export const valueFormat = (config: KafkaConfig, context: Context, topicOf: (table: Table) => string): ValueFormat => {
  const name = config['value.format'];
  switch (name) {
    case 'debezium-json':
      return new DebeziumFormat(config, context);
    case 'cloudevents-json':
      expectRowsOnly(config);
      return new CloudEventsFormat(config, context);
    case 'debezium-avro':
    case 'avro-confluent':
      return new AvroFormat(debeziumOptions(config, context), config, context, topicOf);
    default:
      expectRowsOnly(config);
      return new RowFormat(name, config, context);
  }
};

const expectRowsOnly = (config: KafkaConfig): void => {
  if (!config['include.schema.changes']) return;
  const reason = `${config['value.format']} has records of rows only`;
  throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'include.schema.changes', reason });
};

export const debeziumOptions = (config: KafkaConfig, context: Context): DebeziumOptions => {
  const keyText = config['message.key.columns'];
  const booleans = config['columns.boolean'];
  const areBooleans = booleans === undefined ? null : columnPatterns(booleans);
  return {
    ...debeziumValues(config, context),
    schemas: config['debezium-json.schema-include'],
    schemaNames: config['schema.name.adjustment.mode'],
    fieldNames: config['field.name.adjustment.mode'],
    ...(areBooleans && {
      booleans: ({ database, name }: Table, column: Column) => areBooleans.matches(database, name, column.name),
    }),
    ...(keyText === undefined ? {} : { keyColumns: keyColumnRoutes(keyText) }),
  };
};

/** What the formats share whose records come from Debezium's envelope. */
abstract class EnvelopeFormat implements RecordSink {
  readonly keys = new OutputBuffer(4_096);
  protected readonly out = new OutputBuffer();
  readonly #tombstones: boolean;
  /** Around the records of transactions; null: they go without their schemas. */
  readonly #markSchemas: SchemaPart | null;
  #take: TakeRecord = () => {};

  constructor(config: KafkaConfig) {
    this.#tombstones = config['tombstones.on.delete'];
    this.#markSchemas = config['debezium-json.schema-include'] ? transactionSchemas() : null;
  }

  mark(status: 'BEGIN' | 'END', order: TransactionOrder, millis: number, take: TakeRecord): void {
    takeMark(this.#markSchemas, status, order, millis, take);
  }

  record(record: DebeziumRecord): void {
    takeDebezium(this.#take, record, this.keys.bytes, this.out.bytes, this.#tombstones);
  }

  protected begin(take: TakeRecord): void {
    this.#take = take;
    this.out.clear();
    this.keys.clear();
  }
}

class DebeziumFormat extends EnvelopeFormat implements ValueFormat {
  readonly #encoder: DebeziumJsonEncoder;

  constructor(config: KafkaConfig, context: Context) {
    super(config);
    this.#encoder = new DebeziumJsonEncoder(debeziumOptions(config, context));
  }

  rows(change: RowsChange, take: TakeRecord, transaction?: TransactionOrder): void {
    this.begin(take);
    this.#encoder.encodeRows(change, this.out, { records: this, ...(transaction && { transaction }) });
  }

  truncate(change: TruncateChange, take: TakeRecord): void {
    this.begin(take);
    this.#encoder.encodeTruncate(change, this.out, { records: this });
  }

  schema(change: SchemaChange, take: TakeRecord): void {
    this.begin(take);
    this.#encoder.encodeSchemaChange(change, this.out, { records: this });
  }
}

/** As in `debezium-json`, marks of transactions are no events: they are no changes of rows. */
class CloudEventsFormat extends EnvelopeFormat implements ValueFormat {
  readonly #encoder: CloudEventsEncoder;

  constructor(config: KafkaConfig, context: Context) {
    super(config);
    const extensions = config['cloudevents.extension.attributes.enable'];
    this.#encoder = new CloudEventsEncoder(debeziumOptions(config, context), extensions);
  }

  rows(change: RowsChange, take: TakeRecord, transaction?: TransactionOrder): void {
    this.begin(take);
    this.#encoder.encodeRows(change, this.out, this, transaction);
  }

  truncate(change: TruncateChange, take: TakeRecord): void {
    this.begin(take);
    this.#encoder.encodeTruncate(change, this.out, this);
  }
}

/** A transaction's beginning or end as JSON; `schemas` null: without its schema. */
const takeMark = (
  schemas: SchemaPart | null,
  status: 'BEGIN' | 'END',
  order: TransactionOrder,
  millis: number,
  take: TakeRecord,
): void => {
  const key = framed(schemas?.key, transactionKey(order.id));
  const value = framed(schemas?.value, transactionMark(status, order, millis));
  take(key, 0, key.length, value, 0, value.length, []);
};

/** `payload` behind its schema, where there is one. */
const framed = (schema: Buffer | undefined, payload: Buffer): Buffer =>
  schema === undefined ? payload : Buffer.concat([schema, payload, closeBrace]);

const closeBrace = Buffer.from('}');
