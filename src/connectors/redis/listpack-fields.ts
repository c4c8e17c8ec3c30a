import { Buffer } from 'node:buffer';
import type { RowImages, ValueWriter } from '../../core/row-images.ts';
import type { Column } from '../../core/table.ts';
import { putFixed, putInteger } from '../../formats/ascii-digits.ts';
import {
  entryOverhead,
  putIntegerEntry,
  putNumericText,
  putTextHead,
  putTextTail,
  textEntry,
} from '../../protocol/redis/rdb/listpack-entry.ts';
import { copyBytes, fieldOf } from './hash-fields.ts';
import { doubleText, floatText, putDate, putMinutes } from './value-text.ts';

/**
 * Turns a row's columns into the elements of a listpack, name and value in turn, which is how Redis keeps a small hash: the same fields
 * as `HashFields` writes, as the bytes that the server would make of them.
 */
export class ListpackFields implements ValueWriter {
  readonly target = 'redis-listpack';
  bytes: Buffer = noBytes;
  /** Where the last element ends. */
  length = 0;
  /** How many columns have a field. */
  count = 0;
  /** Whether the server would keep the row as a listpack: no value is longer than it puts into one. */
  fits = true;
  /** What is known of a column: `fieldOf`. */
  readonly states: Uint8Array;
  /** The texts of the columns that the key is made of, and where each stands; by column. */
  keyTexts: Buffer = Buffer.allocUnsafeSlow(256);
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  #keyLength = 0;
  readonly #isKey: Uint8Array;
  readonly #maxValueBytes: number;
  readonly #names: readonly Buffer[];
  readonly #fsp: Uint8Array;
  /** Enum members by ordinal: the element, and the text. */
  readonly #enums: readonly (readonly { readonly entry: Buffer; readonly text: Buffer }[] | null)[];
  readonly #sets: readonly (readonly string[] | null)[];
  readonly #nullText: Buffer | null;
  readonly #date = new Date(0);
  readonly #scratch = Buffer.allocUnsafeSlow(64);

  /** `maxValueBytes`: the longest value of a listpack, up to 4095. */
  constructor(
    columns: readonly Column[],
    keyColumns: readonly number[],
    options: { readonly maxValueBytes: number; readonly nullText: string | null },
  ) {
    this.states = new Uint8Array(columns.length);
    this.valueStarts = new Int32Array(columns.length);
    this.valueEnds = new Int32Array(columns.length);
    this.#isKey = Uint8Array.from(columns, (_, column) => (keyColumns.includes(column) ? 1 : 0));
    this.#maxValueBytes = options.maxValueBytes;
    this.#nullText = options.nullText === null ? null : Buffer.from(options.nullText);
    this.#names = columns.map(({ name }) => textEntry(name));
    this.#fsp = Uint8Array.from(columns, ({ type }) => ('fsp' in type ? type.fsp : 0));
    this.#enums = columns.map(({ type }) =>
      type.kind === 'enum'
        ? ['', ...type.values].map((value) => ({ entry: textEntry(value), text: Buffer.from(value) }))
        : null,
    );
    this.#sets = columns.map(({ type }) => (type.kind === 'set' ? type.values : null));
  }

  /** Writes the after image into `bytes`, from `at` on, and gives that memory back, or what it had to grow to. */
  readInto(bytes: Buffer, at: number, rows: RowImages, index: number): Buffer {
    this.bytes = bytes;
    this.length = at;
    this.count = 0;
    this.fits = true;
    this.#keyLength = 0;
    this.states.fill(fieldOf.absent);
    try {
      rows.write(index, 'after', this);
      return this.bytes;
    } finally {
      this.bytes = noBytes;
    }
  }

  absent(column: number): void {
    this.states[column] = fieldOf.absent;
  }

  null(column: number): void {
    const text = this.#nullText;
    if (text !== null) this.binary(column, text, 0, text.length);
    this.states[column] = fieldOf.null;
  }

  integer(column: number, value: number): void {
    const at = this.#open(column, 0);
    this.#close(column, putIntegerEntry(this.bytes, at, value));
    if (this.#isKey[column] === 0) return;
    const { keyTexts } = this;
    const start = this.#keyLength;
    if (start + 24 > keyTexts.length) this.#growKey(24);
    this.#keyLength = putInteger(this.keyTexts, start, value);
    this.valueStarts[column] = start;
    this.valueEnds[column] = this.#keyLength;
  }

  bigint(column: number, value: bigint): void {
    this.#text(column, String(value));
  }

  float(column: number, value: number): void {
    this.#text(column, floatText(value));
  }

  double(column: number, value: number): void {
    this.#text(column, doubleText(value));
  }

  decimal(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  text(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  binary(column: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#maxValueBytes) {
      this.fits = false;
      return;
    }
    const at = this.#open(column, length);
    const to = this.bytes;
    const numeric = putNumericText(to, at, bytes, start, end);
    if (numeric >= 0) this.#close(column, numeric);
    else {
      const text = putTextHead(to, at, length);
      // A call out of JavaScript costs more than copying a few bytes.
      if (length < 32) for (let i = 0; i < length; i += 1) to[text + i] = bytes[start + i]!;
      else copyBytes(bytes, to, text, start, end);
      this.#close(column, putTextTail(to, text + length, length));
    }
    if (this.#isKey[column] === 1) this.#noteKey(column, bytes, start, end);
  }

  json(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  geometry(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  vector(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  date(column: number, year: number, month: number, day: number): void {
    const at = this.#open(column, 10) + 1;
    this.#closeText(column, putDate(this.bytes, at, year, month, day), 10);
  }

  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    const width = hours > 99 ? 3 : 2;
    const length = (negative ? 1 : 0) + width + 6 + this.#fractionLength(column);
    let at = this.#open(column, length) + 1;
    if (negative) this.bytes[at++] = MINUS;
    at = putFixed(this.bytes, at, hours, width);
    this.#closeText(column, this.#fraction(column, putMinutes(this.bytes, at, minutes, seconds), micros), length);
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
    const length = 19 + this.#fractionLength(column);
    let at = this.#open(column, length) + 1;
    at = putDate(this.bytes, at, year, month, day);
    this.bytes[at++] = SPACE;
    at = putFixed(this.bytes, at, hours, 2);
    this.#closeText(column, this.#fraction(column, putMinutes(this.bytes, at, minutes, seconds), micros), length);
  }

  timestamp(column: number, seconds: number, micros: number): void {
    if (seconds === 0 && micros === 0) {
      this.datetime(column, 0, 0, 0, 0, 0, 0, 0);
      return;
    }
    const date = this.#date;
    date.setTime(seconds * 1000);
    this.datetime(
      column,
      date.getUTCFullYear(),
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
      micros,
    );
  }

  enum(column: number, ordinal: number): void {
    const { entry, text } = this.#enums[column]?.[ordinal] ?? noMember;
    if (text.length > this.#maxValueBytes) {
      this.fits = false;
      return;
    }
    const at = this.#open(column, entry.length);
    for (let i = 0; i < entry.length; i += 1) this.bytes[at + i] = entry[i]!;
    this.#close(column, at + entry.length);
    if (this.#isKey[column] === 1) this.#noteKey(column, text, 0, text.length);
  }

  set(column: number, low: number, high: number): void {
    const members = this.#sets[column] ?? [];
    const text = Buffer.from(members.filter((_, bit) => ((bit < 32 ? low : high) >>> (bit & 31)) & 1).join(','));
    this.binary(column, text, 0, text.length);
  }

  /** A number's. */
  #text(column: number, text: string): void {
    this.binary(column, this.#scratch, 0, this.#scratch.write(text, 0, 'latin1'));
  }

  #fractionLength(column: number): number {
    const fsp = this.#fsp[column]!;
    return fsp === 0 ? 0 : fsp + 1;
  }

  #fraction(column: number, at: number, micros: number): number {
    const fsp = this.#fsp[column]!;
    if (fsp === 0) return at;
    this.bytes[at] = POINT;
    putFixed(this.bytes, at + 1, micros, 6);
    return at + 1 + fsp;
  }

  /** Puts the column's name, with room behind it for a value of `size` bytes, and for what ends the listpack. */
  #open(column: number, size: number): number {
    const name = this.#names[column]!;
    const wanted = this.length + name.length + size + entryOverhead + spareBytes;
    if (wanted > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(wanted, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    const start = this.length;
    for (let i = 0; i < name.length; i += 1) this.bytes[start + i] = name[i]!;
    return start + name.length;
  }

  #close(column: number, end: number): void {
    this.states[column] = fieldOf.value;
    this.length = end;
    this.count += 1;
  }

  /** Of a moment: no number, below 64 bytes, and its text stands where it belongs. */
  #closeText(column: number, end: number, length: number): void {
    putTextHead(this.bytes, end - length - 1, length);
    if (length > this.#maxValueBytes) this.fits = false;
    if (this.#isKey[column] === 1) this.#noteKey(column, this.bytes, end - length, end);
    this.#close(column, putTextTail(this.bytes, end, length));
  }

  #noteKey(column: number, from: Uint8Array, start: number, end: number): void {
    const at = this.#keyLength;
    if (at + end - start > this.keyTexts.length) this.#growKey(end - start);
    for (let i = start; i < end; i += 1) this.keyTexts[at + i - start] = from[i]!;
    this.valueStarts[column] = at;
    this.#keyLength = at + end - start;
    this.valueEnds[column] = this.#keyLength;
  }

  #growKey(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(2 * (this.#keyLength + bytes));
    grown.set(this.keyTexts.subarray(0, this.#keyLength));
    this.keyTexts = grown;
  }
}

/** Room that is left behind the last element. */
export const spareBytes = 64;

const noBytes = Buffer.alloc(0);
const noMember = { entry: textEntry(''), text: Buffer.alloc(0) };

const SPACE = 0x20;
const MINUS = 0x2d;
const POINT = 0x2e;
