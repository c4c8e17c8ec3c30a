import type { KafkaOrigin } from '../../../core/change.ts';
import type { Message } from '../../../formats/json-rows/message.ts';
import { type RecordView, readHeaders } from '../client/record-reader.ts';
import { tableOfTopic } from './value-reader.ts';

/** One record after the other as a message: the same object each time. */
export class RecordMessage implements Message {
  key: Uint8Array | null = null;
  value: Uint8Array | null = null;
  database = '';
  table = '';
  /** The offset of the record at hand; null: of this partition there was none yet. */
  at: number | null = null;
  readonly #table: string | undefined;
  #record: RecordView | null = null;
  #topic = '';
  #partition = 0;

  /** `table`: where rows belong whose message does not say, whatever their topic. */
  constructor(table: string | undefined) {
    this.#table = table;
  }

  /** The records to come are of this partition. */
  of(topic: string, partition: number): void {
    this.at = null;
    this.#partition = partition;
    if (topic === this.#topic) return;
    this.#topic = topic;
    ({ database: this.database, table: this.table } = tableOfTopic(topic, this.#table));
  }

  take(record: RecordView): void {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = record;
    this.#record = record;
    this.at = record.offset;
    this.key = keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd);
    this.value = valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd);
  }

  origin(): KafkaOrigin {
    const record = this.#record!;
    const headers: (readonly [string, Uint8Array])[] = [];
    readHeaders(record, (name, start, end) => {
      headers.push([name, start < 0 ? new Uint8Array(0) : record.bytes.subarray(start, end)]);
    });
    return {
      kind: 'kafka',
      topic: this.#topic,
      partition: this.#partition,
      offset: BigInt(record.offset),
      timestampMs: record.timestamp,
      key: this.key,
      headers,
    };
  }
}
