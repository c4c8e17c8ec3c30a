import { Buffer, isUtf8 } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';

/** Rows are written one behind the other into blocks of this size; one that needs more gets its own. */
const blockBytes = 64 * 1024;
/** How a value that is NULL stands in a document. It begins with it, behind a byte, because a place of 0 says that there is no value. */
const head = Buffer.from(' null', 'latin1');

/**
 * Puts a row into the form that the readers of JSON rows take: the values as JSON strings, texts and numbers alike, and bytes in hex,
 * with the places where they stand. What has no value is NULL.
 */
export class RowDocument {
  readonly #table: Table;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #isBinary: readonly boolean[];
  readonly #values: (Buffer | null)[];
  /** Where each column's value begins and ends in the document written last. */
  readonly #places: Int32Array;
  #block = Buffer.alloc(0);
  #at = 0;

  constructor(table: Table) {
    this.#table = table;
    this.#columns = new Map(table.columns.map(({ name }, index) => [Buffer.from(name).toString('latin1'), index]));
    this.#isBinary = table.columns.map(({ type: { kind } }) => kind === 'binary');
    this.#values = table.columns.map(() => null);
    this.#places = new Int32Array(table.columns.length * 2);
  }

  /** Begins a row, which has no value yet. */
  begin(): void {
    this.#values.fill(null);
  }

  /** The column that a field is for; -1: there is none. */
  columnOf(field: Buffer): number {
    return this.#columns.get(field.latin1Slice(0, field.length)) ?? -1;
  }

  /** The bytes are taken as they are: they must last until `write`. */
  set(column: number, value: Buffer): void {
    this.#values[column] = value;
  }

  /** Whether the row at hand has a value there. */
  has(column: number): boolean {
    return this.#values[column] !== null;
  }

  /** The row's document, which nothing writes to any more. Throws FORMAT_VALUE_UNREADABLE for a text that is no UTF-8. */
  write(): Buffer {
    let room = head.length;
    // Every byte of a value may take six: \u001f.
    for (const value of this.#values) room += value === null ? 0 : 6 * value.length + 2;
    if (room > this.#block.length - this.#at) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(room, blockBytes));
      this.#at = 0;
    }
    const start = this.#at;
    const to = this.#block;
    to.set(head, start);
    let at = start + head.length;
    for (let column = 0; column < this.#values.length; column += 1) {
      const value = this.#values[column]!;
      if (value === null) {
        this.#places[column * 2] = 1;
        this.#places[column * 2 + 1] = head.length;
        continue;
      }
      this.#places[column * 2] = at - start;
      if (this.#isBinary[column]!) at += to.write(`"${value.hexSlice(0, value.length)}"`, at, 'latin1');
      else at = this.#writeText(to, at, value, column);
      this.#places[column * 2 + 1] = at - start;
    }
    this.#at = at;
    // A block of its own keeps no more memory than the row takes.
    if (room > blockBytes) this.#block = Buffer.alloc(0);
    return room > blockBytes ? Buffer.from(to.subarray(start, at)) : to.subarray(start, at);
  }

  /** Notes where the values of the document written last stand, as an image before the change. */
  readonly placeBefore = (places: Int32Array, before: number): void => places.set(this.#places, before);

  /** The same as an image after it. */
  readonly placeAfter = (places: Int32Array, _before: number, after: number): void => places.set(this.#places, after);

  /** Notes where the values of some columns stand, and that nothing is said of the others. */
  placePart(places: Int32Array, base: number, columns: readonly number[]): void {
    places.fill(0, base, base + this.#places.length);
    for (const column of columns) {
      places[base + column * 2] = this.#places[column * 2]!;
      places[base + column * 2 + 1] = this.#places[column * 2 + 1]!;
    }
  }

  #writeText(to: Buffer, from: number, value: Buffer, column: number): number {
    let at = from;
    let isAscii = true;
    to[at++] = QUOTE;
    for (let i = 0; i < value.length; i += 1) {
      const byte = value[i]!;
      if (byte < 0x20) {
        at += to.write(`\\u${byte.toString(16).padStart(4, '0')}`, at, 'latin1');
        continue;
      }
      if (byte >= 0x80) isAscii = false;
      else if (byte === QUOTE || byte === BACKSLASH) to[at++] = BACKSLASH;
      to[at++] = byte;
    }
    to[at++] = QUOTE;
    if (isAscii || isUtf8(value)) return at;
    const { name, type, declaration } = this.#table.columns[column]!;
    throw new MillraceError('FORMAT_VALUE_UNREADABLE', {
      table: qualifiedName(this.#table),
      column: name,
      type: declaration ?? type.kind,
    });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
