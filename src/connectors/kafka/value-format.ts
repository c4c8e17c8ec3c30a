import { readFileSync } from 'node:fs';
import type { Change, RowsChange, SchemaChange, TruncateChange } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import type { Table } from '../../core/table.ts';
import { DebeziumJsonEncoder, type DebeziumRecord, type RecordSink } from '../../formats/debezium-json/encoder.ts';
import type { DebeziumOptions } from '../../formats/debezium-json/options.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import { AvroFormat } from './avro-format.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { KafkaConfig } from './config.ts';
import { takeDebezium } from './debezium-record.ts';
import { RowFormat } from './row-format.ts';
import { keyColumnRoutes } from './topic-routes.ts';

/** Takes one record. The bytes are valid during the call; a key or value of null bytes is none. */
export type TakeRecord = (
  key: Uint8Array | null,
  keyStart: number,
  keyEnd: number,
  value: Uint8Array | null,
  valueStart: number,
  valueEnd: number,
  headers: readonly RecordHeader[],
) => void;

/** Makes records of changes. */
export interface ValueFormat {
  rows(change: RowsChange, take: TakeRecord): void;
  truncate(change: TruncateChange, take: TakeRecord): void;
  /** Whether what a registry must say of a change is known; if not, `learn` asks. Left out: nothing is to be asked. */
  isReady?(change: Change): boolean;
  learn?(changes: readonly Change[]): Promise<void>;
  /** A record for the topic of schema changes. Left out: the format has none. */
  schema?(change: SchemaChange, take: TakeRecord): void;
}

export const valueFormat = (config: KafkaConfig, context: Context, topicOf: (table: Table) => string): ValueFormat => {
  const name = config['value.format'];
  switch (name) {
    case 'debezium-json':
      return new DebeziumFormat(config, context);
    case 'debezium-avro':
    case 'avro-confluent':
      return new AvroFormat(debeziumOptions(config, context), config, context, topicOf);
    default:
      return new RowFormat(name, config, context);
  }
};

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const debeziumOptions = (config: KafkaConfig, context: Context): DebeziumOptions => {
  const keyText = config['message.key.columns'];
  return {
    name: config['topic.prefix'] ?? context.pipeline,
    version,
    now: () => Math.floor(context.clock.now() * 1_000),
    decimals: config['decimal.handling.mode'],
    unsignedBigints: config['bigint.unsigned.handling.mode'],
    times: config['time.precision.mode'],
    binaries: config['binary.handling.mode'],
    includeQuery: config['include.query'],
    schemas: config['debezium-json.schema-include'],
    ...(keyText === undefined ? {} : { keyColumns: keyColumnRoutes(keyText) }),
  };
};

class DebeziumFormat implements ValueFormat, RecordSink {
  readonly keys = new OutputBuffer(4_096);
  readonly #encoder: DebeziumJsonEncoder;
  readonly #tombstones: boolean;
  readonly #out = new OutputBuffer();
  #take: TakeRecord = () => {};

  constructor(config: KafkaConfig, context: Context) {
    this.#tombstones = config['tombstones.on.delete'];
    this.#encoder = new DebeziumJsonEncoder(debeziumOptions(config, context));
  }

  rows(change: RowsChange, take: TakeRecord): void {
    this.#begin(take);
    this.#encoder.encodeRows(change, this.#out, { records: this });
  }

  truncate(change: TruncateChange, take: TakeRecord): void {
    this.#begin(take);
    this.#encoder.encodeTruncate(change, this.#out, { records: this });
  }

  schema(change: SchemaChange, take: TakeRecord): void {
    this.#begin(take);
    this.#encoder.encodeSchemaChange(change, this.#out, { records: this });
  }

  record(record: DebeziumRecord): void {
    takeDebezium(this.#take, record, this.keys.bytes, this.#out.bytes, this.#tombstones);
  }

  #begin(take: TakeRecord): void {
    this.#take = take;
    this.#out.clear();
    this.keys.clear();
  }
}
