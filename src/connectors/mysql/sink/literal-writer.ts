import { Buffer } from 'node:buffer';
import type { Image, RowImages, ValueWriter } from '../../../core/row-images.ts';
import type { Column } from '../../../core/table.ts';
import { putFixed, putInteger } from '../../../formats/ascii-digits.ts';

/**
 * Turns a row's columns into SQL literals as they come from the row reader, into one block that is used again for each row.
 * Sessions are UTC, in utf8mb4, and a backslash escapes (statement-session.ts).
 *
 *     integer, bit, year  -5            text, json, uuid, inet   'it\'s'           enum, set   'member'
 *     decimal             -0.0500       binary, geometry, vector  x'00ff'          date … timestamp  '2024-02-29 00:00:00.5'
 *     float, double       1.1e0
 *
 * Literals stand one behind the other, each with a comma after it; `starts` and `ends` say where, by column. Bytes of columns
 * that the target has not, and of those that were not logged, are left out.
 */
export class LiteralWriter implements ValueWriter {
  readonly target = 'mysql-literal';
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  /** Where the last literal ends, its comma included. */
  length = 0;
  /** By column; an end of 0 says that there is no literal. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Wanted columns that the image did not log. */
  missing = 0;
  readonly #wanted: Uint8Array;
  /** Digits of a second's fraction, by column. */
  readonly #fsp: Uint8Array;
  /** Literals of enum members by ordinal, and of set members by bit without their quotes. */
  readonly #members: readonly (readonly Buffer[] | null)[];

  /** `wanted`: whether the target has the column and takes values for it. */
  constructor(columns: readonly Column[], wanted: readonly boolean[]) {
    this.#wanted = Uint8Array.from(wanted, Number);
    this.starts = new Int32Array(columns.length);
    this.ends = new Int32Array(columns.length);
    this.#fsp = Uint8Array.from(columns, ({ type }) => ('fsp' in type ? type.fsp : 0));
    this.#members = columns.map(({ type }) =>
      type.kind === 'enum'
        ? ['', ...type.values].map((member) => Buffer.from(`'${escaped(member)}'`))
        : type.kind === 'set'
          ? type.values.map((member) => Buffer.from(escaped(member)))
          : null,
    );
  }

  /** Writes one image. Afterwards `starts`, `ends` and `missing` describe it. */
  read(rows: RowImages, index: number, image: Image): void {
    this.length = 0;
    this.missing = 0;
    // Where there is no such image, nothing is said of any column.
    this.ends.fill(0);
    rows.write(index, image, this);
  }

  absent(column: number): void {
    this.ends[column] = 0;
    if (this.#wanted[column] !== 0) this.missing += 1;
  }

  null(column: number): void {
    if (!this.#open(column, 4)) return;
    let at = this.length;
    const { bytes } = this;
    bytes[at++] = 0x4e;
    bytes[at++] = 0x55;
    bytes[at++] = 0x4c;
    bytes[at++] = 0x4c;
    this.#close(column, at);
  }

  integer(column: number, value: number): void {
    if (this.#open(column, 20)) this.#close(column, putInteger(this.bytes, this.length, value));
  }

  bigint(column: number, value: bigint): void {
    this.#ascii(column, String(value));
  }

  float(column: number, value: number): void {
    this.double(column, value);
  }

  double(column: number, value: number): void {
    // The exponent makes it an approximate number; without one MySQL reads a decimal, and rounds it another way.
    const text = Object.is(value, -0) ? '-0' : String(value);
    this.#ascii(column, text.includes('e') ? text : `${text}e0`);
  }

  decimal(column: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#open(column, end - start)) return;
    let at = this.length;
    for (let from = start; from < end; from += 1) this.bytes[at++] = bytes[from]!;
    this.#close(column, at);
  }

  text(column: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#open(column, 2 * (end - start) + 2)) return;
    const to = this.bytes;
    let at = this.length;
    to[at++] = QUOTE;
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from]!;
      if (byte === QUOTE || byte === BACKSLASH) to[at++] = BACKSLASH;
      to[at++] = byte;
    }
    to[at++] = QUOTE;
    this.#close(column, at);
  }

  binary(column: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#open(column, 2 * (end - start) + 3)) return;
    const to = this.bytes;
    let at = this.length;
    to[at++] = 0x78;
    to[at++] = QUOTE;
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from]!;
      to[at++] = hexDigits[byte >> 4]!;
      to[at++] = hexDigits[byte & 15]!;
    }
    to[at++] = QUOTE;
    this.#close(column, at);
  }

  json(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.text(column, bytes, start, end);
  }

  geometry(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  vector(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  date(column: number, year: number, month: number, day: number): void {
    if (!this.#open(column, 12)) return;
    this.bytes[this.length] = QUOTE;
    const at = putDate(this.bytes, this.length + 1, year, month, day);
    this.bytes[at] = QUOTE;
    this.#close(column, at + 1);
  }

  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    if (!this.#open(column, 20)) return;
    const to = this.bytes;
    let at = this.length;
    to[at++] = QUOTE;
    if (negative) to[at++] = MINUS;
    at = putFixed(to, at, hours, 3);
    at = putClock(to, at, minutes, seconds);
    at = this.#fraction(column, at, micros);
    to[at++] = QUOTE;
    this.#close(column, at);
  }

  datetime(
    column: number,
    year: number,
    month: number,
    day: number,
    hours: number,
    minutes: number,
    seconds: number,
    micros: number,
  ): void {
    if (!this.#open(column, 30)) return;
    const to = this.bytes;
    let at = this.length;
    to[at++] = QUOTE;
    at = putDate(to, at, year, month, day);
    to[at++] = SPACE;
    at = putFixed(to, at, hours, 2);
    at = putClock(to, at, minutes, seconds);
    at = this.#fraction(column, at, micros);
    to[at++] = QUOTE;
    this.#close(column, at);
  }

  timestamp(column: number, seconds: number, micros: number): void {
    if (seconds === 0 && micros === 0) {
      this.datetime(column, 0, 0, 0, 0, 0, 0, 0);
      return;
    }
    const days = Math.floor(seconds / 86_400);
    const clock = seconds - days * 86_400;
    // Days since 1970 to a date, counting years from March: http://howardhinnant.github.io/date_algorithms.html#civil_from_days
    const shifted = days + 719_468;
    const era = Math.floor(shifted / 146_097);
    const dayOfEra = shifted - era * 146_097;
    const yearOfEra = Math.floor(
      (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
    );
    const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
    const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
    const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
    const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    const minutes = Math.floor(clock / 60);
    this.datetime(column, year, month, day, Math.floor(minutes / 60), minutes % 60, clock % 60, micros);
  }

  enum(column: number, ordinal: number): void {
    this.#member(column, this.#members[column]?.[ordinal]);
  }

  set(column: number, low: number, high: number): void {
    const members = this.#members[column] ?? [];
    const parts = members.filter((_, bit) => ((bit < 32 ? low : high) >>> (bit & 31)) & 1);
    this.#member(
      column,
      Buffer.concat([quote, ...parts.flatMap((part, i) => (i === 0 ? [part] : [comma, part])), quote]),
    );
  }

  #member(column: number, literal: Buffer | undefined): void {
    const bytes = literal ?? emptyText;
    if (!this.#open(column, bytes.length)) return;
    this.bytes.set(bytes, this.length);
    this.#close(column, this.length + bytes.length);
  }

  #ascii(column: number, text: string): void {
    if (!this.#open(column, text.length)) return;
    this.#close(column, this.length + this.bytes.write(text, this.length, 'latin1'));
  }

  #fraction(column: number, at: number, micros: number): number {
    const fsp = this.#fsp[column]!;
    if (fsp === 0) return at;
    this.bytes[at] = POINT;
    putFixed(this.bytes, at + 1, micros, 6);
    return at + 1 + fsp;
  }

  /** Makes room for a literal of `size` bytes, its comma and what a fraction writes beyond its end; false: the column is not wanted. */
  #open(column: number, size: number): boolean {
    if (this.#wanted[column] === 0) {
      this.ends[column] = 0;
      return false;
    }
    const wanted = this.length + size + 16;
    if (wanted > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.starts[column] = this.length;
    return true;
  }

  #close(column: number, end: number): void {
    this.ends[column] = end;
    this.bytes[end] = COMMA;
    this.length = end + 1;
  }
}

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const SPACE = 0x20;
const COLON = 0x3a;

const quote = Buffer.from("'");
const comma = Buffer.from(',');
const emptyText = Buffer.from("''");
const hexDigits = Buffer.from('0123456789abcdef');

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");

const putDate = (to: Uint8Array, from: number, year: number, month: number, day: number): number => {
  let at = putFixed(to, from, year, 4);
  to[at++] = MINUS;
  at = putFixed(to, at, month, 2);
  to[at++] = MINUS;
  return putFixed(to, at, day, 2);
};

const putClock = (to: Uint8Array, from: number, minutes: number, seconds: number): number => {
  to[from] = COLON;
  const at = putFixed(to, from + 1, minutes, 2);
  to[at] = COLON;
  return putFixed(to, at + 1, seconds, 2);
};
