import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { type ColumnReader, columnReader } from './column-reader.ts';
import { isNull, ObjectCursor, unreadable } from './json-scanner.ts';
import type { ValueModes } from './value-modes.ts';

/** What happens to a field that the table has no column for. */
export type UnknownFields = 'refuse' | 'ignore';

/**
 * Finds the columns of one table version in JSON objects. A row image is two places a column: where its value starts and where it
 * ends; 0 and 0 where the object has no such field.
 */
export class ColumnFinder {
  readonly table: Table;
  readonly readers: readonly ColumnReader[];
  /** Places that an image takes. */
  readonly size: number;
  /** Fields since `begin` that no column is for. */
  unknown: string[] = [];
  readonly #unknownFields: UnknownFields;
  readonly #keys: readonly Uint8Array[];
  readonly #columns: ReadonlyMap<string, number>;
  /** The column that the field at this place had in the last object: objects of one writer have one order. */
  readonly #order: number[] = [];
  readonly #cursor = new ObjectCursor();

  /** `exceptions`: columns that are written in another way than `modes` says. */
  constructor(
    table: Table,
    modes: ValueModes,
    unknownFields: UnknownFields,
    exceptions: ReadonlyMap<string, Partial<ValueModes>> = new Map(),
  ) {
    this.table = table;
    this.#unknownFields = unknownFields;
    this.readers = table.columns.map((column) =>
      columnReader(table, column, { ...modes, ...exceptions.get(column.name) }),
    );
    this.size = table.columns.length * 2;
    this.#keys = table.columns.map(({ name }) => Buffer.from(JSON.stringify(name), 'utf8'));
    this.#columns = new Map(table.columns.map(({ name }, index) => [name, index]));
  }

  /** Notes the places of the object at `at` in `places` from `base` on; gives the place behind it. */
  find(bytes: Uint8Array, at: number, end: number, places: Int32Array, base: number): number {
    places.fill(0, base, base + this.size);
    return this.overlay(bytes, at, end, places, base);
  }

  /** The same over places that are there already: fields that the object lacks stay. */
  overlay(bytes: Uint8Array, at: number, end: number, places: Int32Array, base: number): number {
    const cursor = this.#cursor;
    cursor.open(bytes, at, end);
    for (let field = 0; cursor.next(); field += 1) {
      const valueEnd = cursor.pass();
      const column = this.#columnAt(bytes, field);
      if (column < 0) continue;
      places[base + column * 2] = cursor.valueStart;
      places[base + column * 2 + 1] = valueEnd;
    }
    return cursor.at;
  }

  /** Forgets the unknown fields of the message before. */
  begin(): void {
    if (this.unknown.length > 0) this.unknown = [];
  }

  /** Throws FORMAT_FIELD_UNKNOWN when an object since `begin` had a field that the table lacks, unless those are ignored. */
  expectKnown(): void {
    if (this.unknown.length === 0 || this.#unknownFields === 'ignore') return;
    throw new MillraceError('FORMAT_FIELD_UNKNOWN', { table: qualifiedName(this.table), field: this.unknown[0]! });
  }

  /** Throws FORMAT_KEY_MISSING when the image whose places begin at `base` does not say which row it is. */
  expectKey(bytes: Uint8Array, places: Int32Array, base: number): void {
    const { primaryKey, columns } = this.table;
    for (const column of primaryKey) {
      const start = places[base + column * 2]!;
      if (start > 0 && !isNull(bytes, start)) continue;
      throw new MillraceError('FORMAT_KEY_MISSING', {
        table: qualifiedName(this.table),
        column: columns[column]!.name,
      });
    }
  }

  #columnAt(bytes: Uint8Array, field: number): number {
    const expected = this.#order[field];
    if (expected !== undefined && expected >= 0 && this.#cursor.keyIs(this.#keys[expected]!)) return expected;
    const { keyStart, keyEnd } = this.#cursor;
    const json = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString();
    const name = textOf(json);
    const column = this.#columns.get(name) ?? -1;
    this.#order[field] = column;
    if (column < 0) this.unknown.push(name);
    return column;
  }
}

const textOf = (json: string): string => {
  try {
    return JSON.parse(json) as string;
  } catch {
    return unreadable('a field has a name that is no string of JSON');
  }
};
