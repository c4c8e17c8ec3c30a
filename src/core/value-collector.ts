import { Buffer } from 'node:buffer';
import type { ValueWriter } from './row-images.ts';
import type { Table } from './table.ts';
import type { Value } from './value.ts';

/** Turns what a ValueWriter is told back into canonical values (core/value.ts), one row at a time. */
export class ValueCollector implements ValueWriter {
  readonly target = 'values';
  /** By column; undefined where a column was absent. */
  row: (Value | undefined)[];
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
    this.row = new Array(table.columns.length).fill(undefined);
  }

  absent(column: number): void {
    this.row[column] = undefined;
  }

  null(column: number): void {
    this.row[column] = null;
  }

  integer(column: number, value: number): void {
    this.row[column] = value;
  }

  bigint(column: number, value: bigint): void {
    this.row[column] = value;
  }

  float(column: number, value: number): void {
    this.row[column] = value;
  }

  double(column: number, value: number): void {
    this.row[column] = value;
  }

  decimal(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.row[column] = textOf(bytes, start, end);
  }

  text(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.row[column] = textOf(bytes, start, end);
  }

  binary(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.row[column] = copyOf(bytes, start, end);
  }

  json(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.row[column] = textOf(bytes, start, end);
  }

  geometry(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.row[column] = copyOf(bytes, start, end);
  }

  vector(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.row[column] = copyOf(bytes, start, end);
  }

  date(column: number, year: number, month: number, day: number): void {
    this.row[column] = dateText(year, month, day);
  }

  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    this.row[column] = `${negative ? '-' : ''}${clockText(hours, minutes, seconds)}${this.#fraction(column, micros)}`;
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
    const fraction = this.#fraction(column, micros);
    this.row[column] = `${dateText(year, month, day)} ${clockText(hours, minutes, seconds)}${fraction}`;
  }

  timestamp(column: number, seconds: number, micros: number): void {
    const isZero = seconds === 0 && micros === 0;
    const text = isZero ? '0000-00-00 00:00:00' : new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
    this.row[column] = `${text}${this.#fraction(column, micros)}`;
  }

  enum(column: number, ordinal: number): void {
    const { type } = this.#table.columns[column]!;
    this.row[column] = type.kind === 'enum' ? (type.values[ordinal - 1] ?? '') : '';
  }

  set(column: number, low: number, high: number): void {
    const { type } = this.#table.columns[column]!;
    const members = type.kind === 'set' ? type.values : [];
    this.row[column] = members.filter((_, bit) => ((bit < 32 ? low : high) >>> (bit & 31)) & 1).join(',');
  }

  #fraction(column: number, micros: number): string {
    const { type } = this.#table.columns[column]!;
    const fsp = 'fsp' in type ? type.fsp : 0;
    return fsp === 0 ? '' : `.${pad(micros, 6).slice(0, fsp)}`;
  }
}

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');

/** A Buffer's own `slice` would keep bytes that are valid during the call only. */
const copyOf = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  Uint8Array.from(bytes.subarray(start, end));

const pad = (number: number, width: number): string => String(number).padStart(width, '0');

const dateText = (year: number, month: number, day: number): string =>
  `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;

const clockText = (hours: number, minutes: number, seconds: number): string =>
  `${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}`;
