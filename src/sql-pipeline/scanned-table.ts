import type { RowsChange, SchemaChange, SnapshotMark } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import type { DataflowInput } from '../operators/incremental/dataflow.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import { rowKey } from '../operators/incremental/row-key.ts';
import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import type { ScannedColumn } from './scanned-columns.ts';

interface HeldRow {
  row: SqlRow;
  /** Always 1 in a table with a primary key. */
  count: number;
  /** The snapshot it was last written in or after. */
  snapshot: number;
}

/**
 * A table's rows as the source tells them, handed on to a dataflow as rows that come and go. The rows stay here, so that one that
 * a snapshot reads twice counts once, what a repeated snapshot no longer finds goes, and an update needs not log every column.
 */
export class ScannedTable {
  readonly #table: Table;
  readonly #input: DataflowInput;
  readonly #columns: readonly ScannedColumn[];
  /** Places of the columns that the query reads. */
  readonly #places: readonly number[];
  readonly #keeps: boolean;
  readonly #rows = new Map<unknown, HeldRow>();
  readonly #wholeKey: (row: SqlRow) => unknown;
  #snapshot = 0;
  /** The version of the table whose columns were last found to be those that the query was planned with. */
  #known: Table;

  /** `columns`: what the query knows of the table. `appends`: rows only ever come, so none is kept. */
  constructor(table: Table, columns: readonly ScannedColumn[], input: DataflowInput, appends = false) {
    this.#table = table;
    this.#known = table;
    this.#input = input;
    this.#columns = columns;
    this.#keeps = !appends;
    this.#places = [...input.columns].sort((a, b) => a - b);
    this.#wholeKey = rowKey(
      this.#places,
      this.#places.map((place) => columns[place]!.type),
    );
  }

  get table(): Table {
    return this.#table;
  }

  rows(change: RowsChange): void {
    const { op, table, rows } = change;
    this.#fits(table);
    for (let index = 0; index < rows.length; index += 1) {
      const after = op === 'delete' ? null : rows.after(index);
      if (!this.#keeps) {
        if (after !== null) this.#input.push(this.#read(after, null, change), 1);
        continue;
      }
      const before = rows.before(index);
      if (this.#table.primaryKey.length > 0) this.#replace(before, after, change);
      else this.#exchange(before, after, change);
    }
  }

  truncate(): void {
    for (const { row, count } of this.#rows.values()) this.#push(row, -count);
    this.#rows.clear();
  }

  mark({ at, table }: SnapshotMark): void {
    this.#fits(table);
    if (at === 'begin') {
      // Rows without a key cannot be recognised when they are read again.
      if (this.#table.primaryKey.length === 0) this.truncate();
      this.#snapshot += 1;
      return;
    }
    if (this.#table.primaryKey.length === 0) return;
    for (const [key, held] of this.#rows) {
      if (held.snapshot === this.#snapshot) continue;
      this.#push(held.row, -1);
      this.#rows.delete(key);
    }
  }

  /** Throws PIPELINE_SCHEMA_CHANGE_REFUSED when the table is no longer the one that the query was planned with. */
  schema({ before, after }: SchemaChange): void {
    if (after === null || (before !== null && qualifiedName(before) !== qualifiedName(after))) this.#refuse();
    else this.#fits(after);
  }

  #fits(table: Table): void {
    if (table === this.#known) return;
    const [a, b] = [this.#table, table];
    const same =
      a.columns.length === b.columns.length &&
      a.columns.every(({ name, type }, index) => {
        const other = b.columns[index]!;
        return name === other.name && JSON.stringify(type) === JSON.stringify(other.type);
      }) &&
      a.primaryKey.join() === b.primaryKey.join();
    if (!same) this.#refuse();
    this.#known = table;
  }

  #refuse(): never {
    throw new MillraceError('PIPELINE_SCHEMA_CHANGE_REFUSED', { table: qualifiedName(this.#table) });
  }

  #replace(before: Row | null, after: Row | null, change: RowsChange): void {
    const { primaryKey } = this.#table;
    const oldKey = keyOf(primaryKey, before ?? after!, null);
    const old = this.#rows.get(oldKey);
    const row = after === null ? null : this.#read(after, old?.row ?? null, change);
    if (old !== undefined) {
      this.#push(old.row, -1);
      this.#rows.delete(oldKey);
    }
    if (row === null) return;
    const key = keyOf(primaryKey, after!, before);
    const replaced = this.#rows.get(key);
    if (replaced !== undefined) this.#push(replaced.row, -1);
    this.#push(row, 1);
    this.#rows.set(key, { row, count: 1, snapshot: this.#snapshot });
  }

  #exchange(before: Row | null, after: Row | null, change: RowsChange): void {
    if (before !== null) this.#count(this.#read(before, null, change), -1);
    if (after !== null) this.#count(this.#read(after, null, change), 1);
  }

  #count(row: SqlRow, weight: 1 | -1): void {
    this.#push(row, weight);
    const key = this.#wholeKey(row);
    const held = this.#rows.get(key);
    if (held === undefined) this.#rows.set(key, { row, count: weight, snapshot: this.#snapshot });
    else if (held.count + weight === 0) this.#rows.delete(key);
    else held.count += weight;
  }

  #push(row: SqlRow, weight: number): void {
    for (let times = Math.abs(weight); times > 0; times -= 1) this.#input.push(row, weight > 0 ? 1 : -1);
  }

  /** The columns that the query reads. What the log left out is as it was; TRANSFORM_COLUMN_ABSENT when nobody knows how. */
  #read(image: Row, held: SqlRow | null, change: RowsChange): SqlRow {
    const row: SqlValue[] = new Array(this.#columns.length).fill(null);
    for (const place of this.#places) {
      const column = this.#columns[place]!;
      if (column.source === null) {
        row[place] = column.read(null, change);
        continue;
      }
      const value = image[column.source];
      if (value !== undefined) row[place] = value === null ? null : column.read(value, change);
      else if (held !== null) row[place] = held[place]!;
      else throw new MillraceError('TRANSFORM_COLUMN_ABSENT', { table: qualifiedName(this.#table) });
    }
    return row;
  }
}

/** What a row is found by. An image may leave out key columns that did not change: those of `other` stand then. */
const keyOf = (columns: readonly number[], image: Row, other: Row | null): string | number | bigint => {
  const part = (column: number): string | number | bigint => {
    const value: Value | undefined = image[column] === undefined ? other?.[column] : image[column];
    return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : (value as string | number | bigint);
  };
  if (columns.length === 1) return part(columns[0]!);
  return JSON.stringify(columns.map(part), (_, value) => (typeof value === 'bigint' ? String(value) : value));
};
