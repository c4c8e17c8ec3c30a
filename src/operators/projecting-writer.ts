import { Buffer } from 'node:buffer';
import type { ValueWriter } from '../core/row-images.ts';
import type { Row, Value } from '../core/value.ts';

/** What stands in a column instead of its value. */
export type Substitute = (value: Exclude<Value, null>) => string;

/** Where a projected column comes from, and what is put in its place; null: the value itself. */
export interface ProjectedColumn {
  readonly source: number;
  readonly substitute: Substitute | null;
}

const dropped = -1;

/** Hands a row's columns on under their places in the projection; one writer serves every row of a projection. */
export class ProjectingWriter implements ValueWriter {
  readonly target = 'projection';
  /** By the source's column. */
  readonly #places: Int32Array;
  readonly #substitutes: readonly (Substitute | null)[];
  #writer: ValueWriter | null = null;
  /** The row, decoded, where a column of it is replaced. */
  #row: Row | null = null;

  constructor(sourceColumns: number, columns: readonly ProjectedColumn[]) {
    const places = new Int32Array(sourceColumns).fill(dropped);
    const substitutes: (Substitute | null)[] = new Array(sourceColumns).fill(null);
    for (const [place, { source, substitute }] of columns.entries()) {
      places[source] = place;
      substitutes[source] = substitute;
    }
    this.#places = places;
    this.#substitutes = substitutes;
  }

  begin(writer: ValueWriter, row: Row | null): void {
    this.#writer = writer;
    this.#row = row;
  }

  absent(source: number): void {
    const place = this.#places[source]!;
    if (place !== dropped) this.#writer!.absent(place);
  }

  null(source: number): void {
    const place = this.#places[source]!;
    if (place !== dropped) this.#writer!.null(place);
  }

  integer(source: number, value: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.integer(place, value);
  }

  bigint(source: number, value: bigint): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.bigint(place, value);
  }

  float(source: number, value: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.float(place, value);
  }

  double(source: number, value: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.double(place, value);
  }

  decimal(source: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.decimal(place, bytes, start, end);
  }

  text(source: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.text(place, bytes, start, end);
  }

  binary(source: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.binary(place, bytes, start, end);
  }

  json(source: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.json(place, bytes, start, end);
  }

  geometry(source: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.geometry(place, bytes, start, end);
  }

  vector(source: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.vector(place, bytes, start, end);
  }

  date(source: number, year: number, month: number, day: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.date(place, year, month, day);
  }

  time(source: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.time(place, negative, hours, minutes, seconds, micros);
  }

  datetime(
    source: number,
    year: number,
    month: number,
    day: number,
    hours: number,
    minutes: number,
    seconds: number,
    micros: number,
  ): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.datetime(place, year, month, day, hours, minutes, seconds, micros);
  }

  timestamp(source: number, seconds: number, micros: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.timestamp(place, seconds, micros);
  }

  enum(source: number, ordinal: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.enum(place, ordinal);
  }

  set(source: number, low: number, high: number): void {
    const place = this.#place(source);
    if (place !== dropped) this.#writer!.set(place, low, high);
  }

  /** Where to hand the value on; nowhere when it is dropped, or replaced by what this writes in its place. */
  #place(source: number): number {
    const place = this.#places[source]!;
    const substitute = this.#substitutes[source]!;
    if (place === dropped || substitute === null) return place;
    const bytes = Buffer.from(substitute(this.#row![source]!), 'utf8');
    this.#writer!.text(place, bytes, 0, bytes.length);
    return dropped;
  }
}
