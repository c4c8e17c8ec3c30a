import type { Image, RowImages, ValueWriter } from './row-images.ts';
import type { Table } from './table.ts';
import type { Row } from './value.ts';
import { writeValue } from './write-value.ts';

/** The images of one change as plain rows; null where the change has no such image. */
export interface RowArrays {
  readonly before: readonly Row[] | null;
  readonly after: readonly Row[] | null;
}

/** Rows that are already decoded: tests, user code, and sources whose rows arrive as values. */
export class ArrayRowImages implements RowImages {
  readonly length: number;
  readonly #table: Table;
  readonly #before: readonly Row[] | null;
  readonly #after: readonly Row[] | null;
  #byteLength: number | null;

  /** `byteLength`: what the rows took where they came from; left out, it is estimated from the values when first asked for. */
  constructor(table: Table, rows: RowArrays, byteLength: number | null = null) {
    this.#table = table;
    this.#before = rows.before;
    this.#after = rows.after;
    this.#byteLength = byteLength;
    this.length = rows.before?.length ?? rows.after?.length ?? 0;
  }

  get byteLength(): number {
    this.#byteLength ??= sizeOf(this.#before) + sizeOf(this.#after);
    return this.#byteLength;
  }

  has(index: number, image: Image, column: number): boolean {
    return this.#row(index, image)?.[column] !== undefined;
  }

  before(index: number): Row | null {
    return this.#before?.[index] ?? null;
  }

  after(index: number): Row | null {
    return this.#after?.[index] ?? null;
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    const row = this.#row(index, image);
    if (row === null) return;
    const { columns } = this.#table;
    for (let column = 0; column < columns.length; column += 1) {
      writeValue(writer, column, columns[column]!.type, row[column]);
    }
  }

  #row(index: number, image: Image): Row | null {
    return image === 'before' ? this.before(index) : this.after(index);
  }
}

const sizeOf = (rows: readonly Row[] | null): number => {
  let bytes = 0;
  for (const row of rows ?? []) {
    for (const value of row) {
      if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length + 1;
      else if (value !== undefined) bytes += value === null ? 1 : 8;
    }
  }
  return bytes;
};
