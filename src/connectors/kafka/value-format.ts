import { readFileSync } from 'node:fs';
import type { RowsChange, SchemaChange, TruncateChange } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import { DebeziumJsonEncoder, type DebeziumRecord, type RecordSink } from '../../formats/debezium-json/encoder.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { KafkaConfig } from './config.ts';
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
  /** A record for the topic of schema changes. Left out: the format has none. */
  schema?(change: SchemaChange, take: TakeRecord): void;
}

export const valueFormat = (config: KafkaConfig, context: Context): ValueFormat => {
  const name = config['value.format'];
  return name === 'debezium-json' ? new DebeziumFormat(config, context) : new RowFormat(name, config, context);
};

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const headerNames = {
  '__debezium.newkey': Buffer.from('__debezium.newkey'),
  '__debezium.oldkey': Buffer.from('__debezium.oldkey'),
} as const;

const noHeaders: readonly RecordHeader[] = [];

class DebeziumFormat implements ValueFormat, RecordSink {
  readonly keys = new OutputBuffer(4_096);
  readonly #encoder: DebeziumJsonEncoder;
  readonly #tombstones: boolean;
  readonly #out = new OutputBuffer();
  #take: TakeRecord = () => {};

  constructor(config: KafkaConfig, context: Context) {
    const keyText = config['message.key.columns'];
    this.#tombstones = config['tombstones.on.delete'];
    this.#encoder = new DebeziumJsonEncoder({
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
    });
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

  record({ start, end, keyStart, keyEnd, header, headerStart, headerEnd }: DebeziumRecord): void {
    const isTombstone = start === end;
    if (isTombstone && !this.#tombstones) return;
    const keys = this.keys.bytes;
    const headers =
      header === null ? noHeaders : [{ name: headerNames[header], bytes: keys, start: headerStart, end: headerEnd }];
    // Without a key there is nothing that a tombstone could name.
    if (isTombstone && keyStart === keyEnd) return;
    const key = keyStart === keyEnd ? null : keys;
    this.#take(key, keyStart, keyEnd, isTombstone ? null : this.#out.bytes, start, end, headers);
  }

  #begin(take: TakeRecord): void {
    this.#take = take;
    this.#out.clear();
    this.keys.clear();
  }
}
