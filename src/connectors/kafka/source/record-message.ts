import type { KafkaOrigin } from '../../../core/change.ts';
import type { MillraceError } from '../../../core/errors.ts';
import type { UnreadableMessage } from '../../../core/unreadable-message.ts';
import type { Message } from '../../../formats/json-rows/message.ts';
import { type RecordView, readHeaders } from '../client/record-reader.ts';
import { tableOfTopic } from './value-reader.ts';

/** One record after the other as a message: the same object each time. */
export class RecordMessage implements Message {
  key: Uint8Array | null = null;
  value: Uint8Array | null = null;
  database = '';
  table = '';
  /** -1: of this partition there was none yet. */
  offset = -1;
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
    this.offset = -1;
    this.#partition = partition;
    if (topic === this.#topic) return;
    this.#topic = topic;
    ({ database: this.database, table: this.table } = tableOfTopic(topic, this.#table));
  }

  take(record: RecordView): void {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = record;
    this.#record = record;
    this.offset = record.offset;
    this.key = keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd);
    this.value = valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd);
  }

  origin(): KafkaOrigin {
    const record = this.#record!;
    return {
      kind: 'kafka',
      topic: this.#topic,
      partition: this.#partition,
      offset: BigInt(record.offset),
      timestampMs: record.timestamp,
      key: this.key,
      headers: this.#headers(),
    };
  }

  /** The message as a copy, for whoever keeps what could not be read. */
  unreadable({ code, message }: MillraceError): UnreadableMessage {
    const { timestamp } = this.#record!;
    return {
      topic: this.#topic,
      partition: this.#partition,
      offset: this.offset,
      timestampMs: timestamp,
      key: this.key && Uint8Array.prototype.slice.call(this.key),
      value: this.value && Uint8Array.prototype.slice.call(this.value),
      headers: this.#headers().map(([name, value]) => [name, Uint8Array.prototype.slice.call(value)]),
      code,
      message,
    };
  }

  #headers(): KafkaOrigin['headers'] {
    const record = this.#record!;
    const headers: (readonly [string, Uint8Array])[] = [];
    readHeaders(record, (name, start, end) => {
      headers.push([name, start < 0 ? new Uint8Array(0) : record.bytes.subarray(start, end)]);
    });
    return headers;
  }
}
