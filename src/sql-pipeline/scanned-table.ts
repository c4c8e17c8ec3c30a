import type { RowsChange, SchemaChange, SnapshotMark } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import type { DataflowInput } from '../operators/incremental/dataflow.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import { type RowKey, rowKey } from '../operators/incremental/row-key.ts';
import { isSameRow, isSameValue } from '../operators/incremental/same-row.ts';
import { type EntryForm, KeyedState } from '../operators/incremental/state/keyed-state.ts';
import type { Memory } from '../operators/incremental/step.ts';
import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import { digestOf } from '../sql/plan/fingerprint.ts';
import { typeText } from '../sql/types/sql-type.ts';
import type { KeptTable } from './checkpoint.ts';
import type { ScannedColumn } from './scanned-columns.ts';

interface HeldRow {
  row: SqlRow;
  /** Always 1 in a table with a primary key. */
  count: number;
  /** The snapshot it was last written in or after. */
  snapshot: number;
}

const rowForm: EntryForm<HeldRow> = {
  write: ({ row, count, snapshot }, to) => {
    to.value(row);
    to.value(count);
    to.value(snapshot);
  },
  read: (from) => ({ row: from.row(), count: from.value() as number, snapshot: from.value() as number }),
};

const numberForm: EntryForm<number> = {
  write: (number, to) => to.value(number),
  read: (from) => from.value() as number,
};

/**
 * A table's rows as the source tells them, handed on to a dataflow as rows that come and go. The rows stay here, so that one that
 * a snapshot reads twice counts once, what a repeated snapshot no longer finds goes, and an update needs not log every column.
 */
export class ScannedTable {
  /** What the dataflow calls it. */
  readonly name: string;
  readonly #table: Table;
  readonly #input: DataflowInput;
  readonly #columns: readonly ScannedColumn[];
  /** Places of the columns that the query reads. */
  readonly #places: readonly number[];
  readonly #upserts: boolean;
  /** Its rows are kept, and can be told again. */
  readonly keepsRows: boolean;
  readonly #absentIsNull: boolean;
  /** Of one table and key, whichever of its columns are read. */
  readonly definition: string;
  /** The columns that are read, each a text that says its place and type: rows have the same in these. */
  readonly read: readonly string[];
  /** Of one table, key and set of columns that are read; what is kept of it means nothing to another. */
  readonly identity: string;
  /** What is kept over restarts. */
  readonly memory: Memory;
  readonly #rows = new KeyedState(rowForm);
  readonly #wholeKey: (row: SqlRow) => RowKey;
  /** One entry: the number of the last snapshot that began. */
  readonly #snapshots = new KeyedState(numberForm);
  #isRestored = false;
  /** Nobody is told of rows: all of them are told later. */
  #isQuiet = false;
  /** Places of the columns that rows have which were not read again yet; null: all. */
  #held: ReadonlySet<number> | null = null;
  /** The version of the table whose columns were last found to be those that the query was planned with. */
  #known: Table;

  /**
   * `columns`: what the query knows of the table, by `name`. `appends`: rows only ever come, so none is kept. `absentIsNull`: what a row
   * leaves out is NULL, and not as it was. `upserts`: its source says what rows are, also when they were so before, which is no change.
   */
  constructor(
    table: Table,
    columns: readonly ScannedColumn[],
    input: DataflowInput,
    { name = '', appends = false, absentIsNull = false, upserts = false } = {},
  ) {
    this.#table = table;
    this.#known = table;
    this.#input = input;
    this.#columns = columns;
    this.keepsRows = !appends;
    this.#absentIsNull = absentIsNull;
    this.#upserts = upserts;
    this.memory = appends ? [] : [this.#rows, this.#snapshots];
    this.#places = [...input.columns].sort((a, b) => a - b);
    this.#wholeKey = rowKey(
      this.#places,
      this.#places.map((place) => columns[place]!.type),
    );
    this.name = name;
    this.definition = digestOf([
      name,
      qualifiedName(table),
      table.columns.map(({ name, type }) => [name, type]),
      table.primaryKey,
    ]);
    this.read = this.#places.map((place) => `${place} ${columns[place]!.source} ${typeText(columns[place]!.type)}`);
    this.identity = digestOf([this.definition, this.read]);
  }

  /** What a checkpoint says of it. */
  get kept(): KeptTable {
    const { columns, primaryKey } = this.#table;
    return {
      name: qualifiedName(this.#table),
      identity: this.identity,
      definition: this.definition,
      read: this.read,
      columns: this.#places.map((place) => {
        const { source, type, name = columns[source ?? -1]?.name } = this.#columns[place]!;
        return { place, name: name ?? `column ${place}`, type };
      }),
      key: primaryKey.map((place) => ({
        name: columns[place]!.name,
        isBytes: /^(binary|geometry|vector)$/.test(columns[place]!.type.kind),
      })),
    };
  }

  get table(): Table {
    return this.#table;
  }

  /** `memory` is as it was. */
  restored(): void {
    this.#isRestored = true;
  }

  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** Until `tellAll`, nobody is told of rows. */
  keepQuiet(): void {
    this.#isQuiet = true;
  }

  /**
   * `memory` is as it was when only these of the columns were read (`read`): a snapshot brings the others, and until `tellAll` only what
   * differs in these is told.
   */
  widened(held: readonly string[]): void {
    this.#held = new Set(held.map((text) => Number.parseInt(text, 10)));
  }

  /** Tells the dataflow of every row that is kept. */
  tellAll(): void {
    this.#isQuiet = false;
    this.#held = null;
    for (const [, { row, count }] of this.#rows.all()) this.#push(row, count);
  }

  rows(change: RowsChange): void {
    const { op, table, rows } = change;
    this.#fits(table);
    for (let index = 0; index < rows.length; index += 1) {
      const after = op === 'delete' ? null : rows.after(index);
      if (!this.keepsRows) {
        if (after !== null) this.#input.push(this.#read(after, null, change), 1);
        continue;
      }
      const before = rows.before(index);
      if (this.#table.primaryKey.length > 0) this.#replace(before, after, change);
      else this.#exchange(before, after, change);
    }
  }

  truncate(): void {
    for (const [, { row, count }] of this.#rows.all()) this.#push(row, -count);
    this.#rows.clear();
  }

  mark({ at, table }: SnapshotMark): void {
    this.#fits(table);
    if (at === 'begin') {
      // Rows without a key cannot be recognised when they are read again.
      if (this.#table.primaryKey.length === 0) this.truncate();
      this.#snapshots.set(null, this.#snapshot + 1);
      return;
    }
    if (this.#table.primaryKey.length === 0) return;
    const snapshot = this.#snapshot;
    for (const [key, held] of this.#rows.all()) {
      if (held.snapshot === snapshot) continue;
      this.#push(held.row, -1);
      this.#rows.delete(key);
    }
  }

  /** Throws PIPELINE_SCHEMA_CHANGE_REFUSED when the table is no longer the one that the query was planned with. */
  schema({ before, after }: SchemaChange): void {
    if (after === null || (before !== null && qualifiedName(before) !== qualifiedName(after))) this.#refuse();
    else this.#fits(after);
  }

  get #snapshot(): number {
    return this.#snapshots.get(null) ?? 0;
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
    const row = after === null ? null : this.#read(after, old ?? null, change);
    if (this.#upserts && old !== undefined && row !== null && isSameRow(old.row, row)) return;
    const isUnseen = old !== undefined && row !== null && this.#isSame(old.row, row);
    if (old !== undefined) {
      if (!isUnseen) this.#push(old.row, -1);
      this.#rows.delete(oldKey);
    }
    if (row === null) return;
    const key = keyOf(primaryKey, after!, before);
    const replaced = this.#rows.get(key);
    if (replaced !== undefined) this.#push(replaced.row, -1);
    if (!isUnseen) this.#push(row, 1);
    this.#rows.set(key, { row, count: 1, snapshot: this.#snapshot });
  }

  /** Whether rows differ in nothing that was read before, while the others are being read. */
  #isSame(old: SqlRow, row: SqlRow): boolean {
    if (this.#held === null) return false;
    return this.#held.values().every((place) => isSameValue(old[place]!, row[place]!));
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
    else {
      held.count += weight;
      this.#rows.changed(key);
    }
  }

  #push(row: SqlRow, weight: number): void {
    if (this.#isQuiet) return;
    for (let times = Math.abs(weight); times > 0; times -= 1) this.#input.push(row, weight > 0 ? 1 : -1);
  }

  /** The columns that the query reads. What the log left out is as it was; TRANSFORM_COLUMN_ABSENT when nobody knows how. */
  #read(image: Row, held: HeldRow | null, change: RowsChange): SqlRow {
    const isWhole = held !== null && (this.#held === null || held.snapshot === this.#snapshot);
    const row: SqlValue[] = new Array(this.#columns.length).fill(null);
    for (const place of this.#places) {
      const column = this.#columns[place]!;
      if (column.source === null) {
        row[place] = column.read(null, change);
        continue;
      }
      const value = image[column.source];
      if (value !== undefined) row[place] = value === null ? null : column.read(value, change);
      else if (this.#absentIsNull) row[place] = null;
      else if (held !== null && (isWhole || this.#held!.has(place))) row[place] = held.row[place]!;
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
