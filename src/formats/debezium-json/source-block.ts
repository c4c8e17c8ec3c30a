import { Buffer } from 'node:buffer';
import type { MysqlOrigin } from '../../core/change.ts';
import { putFixed, putInteger } from '../ascii-digits.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import { jsonString } from './json-string.ts';
import type { DebeziumOptions } from './options.ts';

/** `source.snapshot`: 'false' in the stream, else where in a snapshot the row stands. */
export type SnapshotMarker =
  | 'false'
  | 'true'
  | 'first'
  | 'first_in_data_collection'
  | 'last_in_data_collection'
  | 'last'
  | 'incremental';

/**
 * Writes `"source":{...` up to the row's number, in Debezium's order:
 *
 *     "source":{"version":"3.6.1.Final","connector":"mysql","name":"shop","ts_ms":1700000000000,"snapshot":"false","db":"a","sequence":null,
 *     "ts_us":1700000000000000,"ts_ns":1700000000000000000,"table":"t","server_id":1,"gtid":"...:7","file":"binlog.000001","pos":4,"row":
 *
 * What one table's events have in common is kept as bytes; times are written into it only when they change.
 */
export class SourceBlock {
  readonly #options: DebeziumOptions;
  /** Up to `"server_id":`. */
  #template: Buffer;
  #millisAt = 0;
  #microsAt = 0;
  #nanosAt = 0;
  /** What the template was made for. */
  #flavor = '';
  #snapshot = '';
  #database = '';
  #table: string | null = null;
  #micros = -1;
  #file = '';
  #fileBytes: Buffer = jsonString('');

  constructor(options: DebeziumOptions) {
    this.#options = options;
    this.#template = Buffer.alloc(0);
  }

  /** The block for a change to `table` (null: none in particular), with `micros` as its time, at the output's end. */
  write(
    out: OutputBuffer,
    origin: MysqlOrigin,
    database: string,
    table: string | null,
    snapshot: SnapshotMarker,
    micros: number,
  ): void {
    if (
      table !== this.#table ||
      database !== this.#database ||
      snapshot !== this.#snapshot ||
      origin.flavor !== this.#flavor ||
      (micros !== this.#micros && !(hasUsualWidth(micros) && hasUsualWidth(this.#micros)))
    ) {
      this.#makeTemplate(origin, database, table, snapshot, micros);
    } else if (micros !== this.#micros) this.#setTime(micros);
    if (origin.file !== this.#file) {
      this.#file = origin.file;
      this.#fileBytes = jsonString(origin.file);
    }
    const { gtid, serverId, offset } = origin;
    const template = this.#template;
    out.reserve(template.length + this.#fileBytes.length + (gtid?.length ?? 0) + 128);
    const { bytes } = out;
    bytes.set(template, out.length);
    let at = putInteger(bytes, out.length + template.length, serverId);
    if (gtid === null) at = putBytes(bytes, at, noGtid);
    else {
      at = putBytes(bytes, at, gtidName);
      // A GTID is made of hexadecimal digits, '-', ':' and the letters of a tag: nothing to escape.
      for (let i = 0; i < gtid.length; i += 1) {
        bytes[at] = gtid.charCodeAt(i);
        at += 1;
      }
      bytes[at] = QUOTE;
      at += 1;
    }
    at = putBytes(bytes, at, fileName);
    at = putBytes(bytes, at, this.#fileBytes);
    at = putBytes(bytes, at, posName);
    at = putInteger(bytes, at, offset);
    out.length = putBytes(bytes, at, rowName);
  }

  #makeTemplate(
    origin: MysqlOrigin,
    database: string,
    table: string | null,
    snapshot: SnapshotMarker,
    micros: number,
  ): void {
    this.#table = table;
    this.#database = database;
    this.#snapshot = snapshot;
    this.#flavor = origin.flavor;
    this.#micros = micros;
    const { name, version } = this.#options;
    const head = Buffer.concat([
      Buffer.from('"source":{"version":'),
      jsonString(version),
      Buffer.from(`,"connector":"${origin.flavor}","name":`),
      jsonString(name),
      Buffer.from(',"ts_ms":'),
    ]);
    const middle = Buffer.concat([
      Buffer.from(`${Math.floor(micros / 1_000)},"snapshot":"${snapshot}","db":`),
      jsonString(database),
      Buffer.from(',"sequence":null,"ts_us":'),
    ]);
    const nanos = Buffer.from(`${micros},"ts_ns":`);
    const tail = Buffer.concat([
      Buffer.from(`${BigInt(micros) * 1_000n},"table":`),
      table === null ? Buffer.from('null') : jsonString(table),
      Buffer.from(',"server_id":'),
    ]);
    this.#millisAt = head.length;
    this.#microsAt = head.length + middle.length;
    this.#nanosAt = this.#microsAt + nanos.length;
    this.#template = Buffer.concat([head, middle, nanos, tail]);
  }

  /** Overwrites the digits in the template, of which there are as many before and after. */
  #setTime(micros: number): void {
    this.#micros = micros;
    putLong(this.#template, this.#millisAt, Math.floor(micros / 1_000), millisDigits);
    putLong(this.#template, this.#microsAt, micros, microsDigits);
    putLong(this.#template, this.#nanosAt, micros, microsDigits);
  }
}

/** Microseconds since 1970 have 16 digits from 2001 to 2255, where they leave the range of exact numbers. */
const hasUsualWidth = (micros: number): boolean => micros >= 1e15 && micros <= Number.MAX_SAFE_INTEGER;

const millisDigits = 13;
const microsDigits = 16;

/** A number of more than 8 digits, `width` wide. */
const putLong = (bytes: Uint8Array, at: number, value: number, width: number): void => {
  const high = Math.floor(value / 100_000_000);
  putFixed(bytes, at, high, width - 8);
  putFixed(bytes, at + width - 8, value - high * 100_000_000, 8);
};

const putBytes = (bytes: Uint8Array, place: number, constant: Uint8Array): number => {
  let at = place;
  for (let i = 0; i < constant.length; i += 1) {
    bytes[at] = constant[i]!;
    at += 1;
  }
  return at;
};

const QUOTE = 0x22;
const noGtid = Buffer.from(',"gtid":null');
const gtidName = Buffer.from(',"gtid":"');
const fileName = Buffer.from(',"file":');
const posName = Buffer.from(',"pos":');
const rowName = Buffer.from(',"row":');
