import type { Row } from './value.ts';

export type Image = 'before' | 'after';

/**
 * The rows of one change, still in the form they arrived in and decoded on demand. The bytes behind them are valid until the
 * sink's `write` resolves; who keeps a row longer keeps what `before` or `after` returned, or copies.
 */
export interface RowImages {
  /** How many rows (an update counts once, though it has two images). */
  readonly length: number;
  /** Bytes these rows took where they came from: what the speeds in bytes are measured by. */
  readonly byteLength: number;
  /** Whether an image logged a column at all (`binlog_row_image` other than FULL leaves some out). */
  has(index: number, image: Image, column: number): boolean;
  /** The row before an update or delete; null for a create or read. */
  before(index: number): Row | null;
  /** The row after a create, read or update; null for a delete. */
  after(index: number): Row | null;
  /** Hands one image to `writer`, column by column in table order, without building a row. No-op when there is no such image. */
  write(index: number, image: Image, writer: ValueWriter): void;
}

/**
 * Receives one image's columns in table order, straight from the bytes: how an encoder transcodes a row without an object per
 * value. Byte ranges are only valid during the call. `column` is the position in `Table.columns`.
 */
export interface ValueWriter {
  /** Names the kind of writer: row readers compile and cache one function per table and target. */
  readonly target: string;
  /** The server did not log this column. */
  absent(column: number): void;
  null(column: number): void;
  /** integer, year and bit, within ±(2^53 - 1). */
  integer(column: number, value: number): void;
  /** integer and bit beyond that. */
  bigint(column: number, value: bigint): void;
  float(column: number, value: number): void;
  double(column: number, value: number): void;
  /**
   * Whether the writer wants this DECIMAL's values as whole numbers, times 10^scale, by `integer`, from row readers that can: those
   * of the binlog, for columns whose values are all safe ones (at most 15 digits, 9 of them behind the point). Without this
   * method: no.
   */
  takesUnscaled?(column: number): boolean;
  /** The digits as ASCII text, all of the column's scale. */
  decimal(column: number, bytes: Uint8Array, start: number, end: number): void;
  /** text, uuid, inet4 and inet6, as UTF-8. */
  text(column: number, bytes: Uint8Array, start: number, end: number): void;
  binary(column: number, bytes: Uint8Array, start: number, end: number): void;
  /** The document's text as UTF-8. */
  json(column: number, bytes: Uint8Array, start: number, end: number): void;
  geometry(column: number, bytes: Uint8Array, start: number, end: number): void;
  /** Little-endian float32 values. */
  vector(column: number, bytes: Uint8Array, start: number, end: number): void;
  /** Any part may be zero: MySQL stores zero dates. */
  date(column: number, year: number, month: number, day: number): void;
  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void;
  datetime(
    column: number,
    year: number,
    month: number,
    day: number,
    hours: number,
    minutes: number,
    seconds: number,
    micros: number,
  ): void;
  /** Seconds since 1970 in UTC; seconds 0 with micros 0 is the zero timestamp. */
  timestamp(column: number, seconds: number, micros: number): void;
  /** From 1 in declared order; 0 is the '' error value. */
  enum(column: number, ordinal: number): void;
  /** The member mask: bits 0-31 in `low`, 32-63 in `high`, both unsigned. */
  set(column: number, low: number, high: number): void;
}
