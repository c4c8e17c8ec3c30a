import type { ValueWriter } from '../../../core/row-images.ts';
import type { Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { setText } from './columns/member-columns.ts';
import { dateText, datetimeText, timestampText, timeText } from './columns/temporal-text.ts';

/** Puts the row together again that a reader writes column by column: how tests hold `write` against `before` and `after`. */
export class CollectingWriter implements ValueWriter {
  readonly target: string = 'collect';
  readonly #table: Table;
  readonly #values: (Value | undefined)[] = [];

  constructor(table: Table) {
    this.#table = table;
  }

  /** The columns so far; fails when they did not come in table order. */
  row(): Row {
    return this.#values;
  }

  absent(column: number): void {
    this.#add(column, undefined);
  }
  null(column: number): void {
    this.#add(column, null);
  }
  integer(column: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw new Error(`${value} came as an integer`);
    this.#add(column, value);
  }
  bigint(column: number, value: bigint): void {
    this.#add(column, value);
  }
  float(column: number, value: number): void {
    this.#add(column, value);
  }
  double(column: number, value: number): void {
    this.#add(column, value);
  }
  decimal(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(column, textOf(bytes, start, end));
  }
  text(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(column, textOf(bytes, start, end));
  }
  binary(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(column, Uint8Array.from(bytes.subarray(start, end)));
  }
  json(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(column, textOf(bytes, start, end));
  }
  geometry(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }
  vector(column: number, bytes: Uint8Array, start: number, end: number): void {
    this.binary(column, bytes, start, end);
  }
  date(column: number, year: number, month: number, day: number): void {
    this.#add(column, dateText(year, month, day));
  }
  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    this.#add(column, timeText(negative, hours, minutes, seconds, micros, this.#fsp(column)));
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
    this.#add(column, datetimeText(year, month, day, hours, minutes, seconds, micros, this.#fsp(column)));
  }
  timestamp(column: number, seconds: number, micros: number): void {
    this.#add(column, timestampText(seconds, micros, this.#fsp(column)));
  }
  enum(column: number, ordinal: number): void {
    this.#add(column, ordinal === 0 ? '' : this.#members(column)[ordinal - 1]!);
  }
  set(column: number, low: number, high: number): void {
    this.#add(column, setText(this.#members(column), low, high));
  }

  #add(column: number, value: Value | undefined): void {
    if (column !== this.#values.length) throw new Error(`column ${column} came in place ${this.#values.length}`);
    this.#values.push(value);
  }

  #fsp(column: number): number {
    const type = this.#table.columns[column]!.type;
    return 'fsp' in type ? type.fsp : 0;
  }

  #members(column: number): readonly string[] {
    const type = this.#table.columns[column]!.type;
    return 'values' in type ? type.values : [];
  }
}

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
