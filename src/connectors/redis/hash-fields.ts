import { Buffer } from 'node:buffer';
import type { Image, RowImages, ValueWriter } from '../../core/row-images.ts';
import type { Column } from '../../core/table.ts';
import { putFixed, putInteger } from '../../formats/ascii-digits.ts';
import { doubleText, floatText, putDate, putMinutes } from './value-text.ts';

/**
 * Turns a row's columns into the arguments of HSET as they come from the row reader, into one block that is used again for each
 * row, so that a whole row is copied into a command at once:
 *
 *     $2␍␊id␍␊$1␍␊7␍␊$6␍␊status␍␊$4␍␊paid␍␊ …
 *
 * A value is the text of core/value.ts, and bytes are themselves. A FLOAT has the fewest digits that give it back. A column that is
 * NULL, or was not logged, has no field; NULL has one where a text stands for it. https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export class HashFields implements ValueWriter {
  readonly target = 'redis-hash';
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  /** Where the last field ends. */
  length = 0;
  /** How many columns have a field, and how many are NULL. */
  count = 0;
  /** NULL has a field, too. */
  readonly keepsNulls: boolean;
  nulls = 0;
  /** Where a column's field begins, its name included; by column. A field ends two bytes behind its value. */
  readonly fieldStarts: Int32Array;
  /** Where a column's value stands; by column. */
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  /** What is known of a column: `fieldOf`. */
  readonly states: Uint8Array;
  /** `$6␍␊status␍␊`, by column. */
  readonly #names: readonly Buffer[];
  /** Digits of a second's fraction, by column. */
  readonly #fsp: Uint8Array;
  /** Enum members by ordinal, each as the argument it is: `$4␍␊paid␍␊`. */
  readonly #enums: readonly (readonly Buffer[] | null)[];
  /** Texts of set members by bit. */
  readonly #sets: readonly (readonly string[] | null)[];
  readonly #nullText: string | null;
  /** Reckons with dates without being made anew for each. */
  readonly #date = new Date(0);

  /** `nullText`: what the field of a NULL holds; null: it has none. */
  constructor(columns: readonly Column[], nullText: string | null = null) {
    this.#nullText = nullText;
    this.keepsNulls = nullText !== null;
    this.fieldStarts = new Int32Array(columns.length);
    this.valueStarts = new Int32Array(columns.length);
    this.valueEnds = new Int32Array(columns.length);
    this.states = new Uint8Array(columns.length);
    this.#names = columns.map(({ name }) => encodeArgument(name));
    this.#fsp = Uint8Array.from(columns, ({ type }) => ('fsp' in type ? type.fsp : 0));
    this.#enums = columns.map(({ type }) =>
      type.kind === 'enum' ? ['', ...type.values].map((value) => encodeArgument(value)) : null,
    );
    this.#sets = columns.map(({ type }) => (type.kind === 'set' ? type.values : null));
  }

  /** Writes one image. Where there is no such image, nothing is said of any column. */
  read(rows: RowImages, index: number, image: Image): void {
    this.#begin(0);
    rows.write(index, image, this);
  }

  /** Writes one image into other memory, from `at` on, and gives that memory back, or what it had to grow to. */
  readInto(bytes: Buffer, at: number, rows: RowImages, index: number, image: Image): Buffer {
    const own = this.bytes;
    this.bytes = bytes;
    this.#begin(at);
    try {
      rows.write(index, image, this);
      return this.bytes;
    } finally {
      this.bytes = own;
    }
  }

  #begin(at: number): void {
    this.length = at;
    this.count = 0;
    this.nulls = 0;
    this.states.fill(fieldOf.absent);
  }

  absent(column: number): void {
    this.states[column] = fieldOf.absent;
  }

  null(column: number): void {
    if (this.#nullText !== null) this.#utf8(column, this.#nullText);
    this.states[column] = fieldOf.null;
    this.nulls += 1;
  }

  integer(column: number, value: number): void {
    const at = this.#open(column, 24);
    let end = putInteger(this.bytes, at + 4, value);
    let start = at + 4;
    // Whether the length has one digit or two is only known now.
    if (end - start > 9) {
      start = at + 5;
      end = putInteger(this.bytes, start, value);
    }
    this.#lengthAt(at, end - start);
    this.#close(column, start, end);
  }

  bigint(column: number, value: bigint): void {
    this.#ascii(column, String(value));
  }

  float(column: number, value: number): void {
    this.#ascii(column, floatText(value));
  }

  double(column: number, value: number): void {
    this.#ascii(column, doubleText(value));
  }

  decimal(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  text(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }

  binary(column: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const at = this.#lengthAt(this.#open(column, length), length);
    const to = this.bytes;
    // A call out of JavaScript costs more than copying a few bytes.
    if (length < 32) for (let i = 0; i < length; i += 1) to[at + i] = bytes[start + i]!;
    else copyBytes(bytes, to, at, start, end);
    this.#close(column, at, at + length);
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
    const at = this.#lengthAt(this.#open(column, 10), 10);
    this.#close(column, at, putDate(this.bytes, at, year, month, day));
  }

  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    const width = hours > 99 ? 3 : 2;
    const length = (negative ? 1 : 0) + width + 6 + this.#fractionLength(column);
    const start = this.#lengthAt(this.#open(column, length), length);
    let at = start;
    if (negative) this.bytes[at++] = MINUS;
    at = putFixed(this.bytes, at, hours, width);
    this.#close(column, start, this.#fraction(column, putMinutes(this.bytes, at, minutes, seconds), micros));
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
    const start = this.#lengthAt(this.#open(column, length), length);
    let at = putDate(this.bytes, start, year, month, day);
    this.bytes[at++] = SPACE;
    at = putFixed(this.bytes, at, hours, 2);
    this.#close(column, start, this.#fraction(column, putMinutes(this.bytes, at, minutes, seconds), micros));
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
    const member = this.#enums[column]?.[ordinal] ?? noText;
    const at = this.#open(column, member.length);
    for (let i = 0; i < member.length; i += 1) this.bytes[at + i] = member[i]!;
    this.#close(column, at + member.indexOf(LF) + 1, at + member.length - 2);
  }

  set(column: number, low: number, high: number): void {
    const members = this.#sets[column] ?? [];
    this.#utf8(column, members.filter((_, bit) => ((bit < 32 ? low : high) >>> (bit & 31)) & 1).join(','));
  }

  #ascii(column: number, text: string): void {
    const at = this.#lengthAt(this.#open(column, text.length), text.length);
    this.#close(column, at, at + this.bytes.write(text, at, 'latin1'));
  }

  #utf8(column: number, text: string): void {
    const length = Buffer.byteLength(text);
    const at = this.#lengthAt(this.#open(column, length), length);
    this.#close(column, at, at + this.bytes.write(text, at, 'utf8'));
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

  /** Puts the column's name, with room behind it for a value of `size` bytes, its length, and what a fraction writes beyond its end. */
  #open(column: number, size: number): number {
    const name = this.#names[column]!;
    const wanted = this.length + name.length + size + 32;
    if (wanted > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    const start = this.length;
    this.fieldStarts[column] = start;
    for (let i = 0; i < name.length; i += 1) this.bytes[start + i] = name[i]!;
    return start + name.length;
  }

  /** `$17␍␊` */
  #lengthAt(start: number, length: number): number {
    this.bytes[start] = DOLLAR;
    const at = putInteger(this.bytes, start + 1, length);
    this.bytes[at] = CR;
    this.bytes[at + 1] = LF;
    return at + 2;
  }

  #close(column: number, start: number, end: number): void {
    this.valueStarts[column] = start;
    this.valueEnds[column] = end;
    this.states[column] = fieldOf.value;
    this.bytes[end] = CR;
    this.bytes[end + 1] = LF;
    this.length = end + 2;
    this.count += 1;
  }
}

/** What an image says of a column: nothing, that it is NULL, or a value, which then has a field. */
export const fieldOf = { absent: 0, null: 1, value: 2 } as const;

/** Without the view that `set` would need of what it copies. */
export const copyBytes = (from: Uint8Array, to: Uint8Array, at: number, start: number, end: number): void => {
  Buffer.prototype.copy.call(from, to, at, start, end);
};

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const DOLLAR = 0x24;
const MINUS = 0x2d;
const POINT = 0x2e;

const encodeArgument = (text: string): Buffer => Buffer.from(`$${Buffer.byteLength(text)}\r\n${text}\r\n`);
const noText = encodeArgument('');
