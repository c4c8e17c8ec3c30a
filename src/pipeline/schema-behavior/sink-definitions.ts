import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Position } from '../../core/batch.ts';
import type { Change, SchemaChange } from '../../core/change.ts';
import { ownedColumns, withOwnedColumns } from '../../core/column-owners.ts';
import { position } from '../../core/position.ts';
import { type Column, defineTable, qualifiedName, type Table } from '../../core/table.ts';
import { type Fit, FittedRows, fitOf } from './fitted-rows.ts';

/**
 * The definitions that a sink has, where they differ from the source's, and rows made to fit them. By the source table's name; a
 * table that is not here is in the sink as it is in the source.
 */
export class SinkDefinitions {
  readonly #tables: Map<string, Table>;
  /** By the source definition's id. */
  readonly #fits = new Map<string, Fit | null>();
  #changed = false;

  constructor(held: Position | null) {
    this.#tables = new Map(
      held === null
        ? []
        : (JSON.parse(inflateRawSync(Buffer.from(held, 'base64')).toString()) as readonly [string, Table][]),
    );
  }

  /** The sink's definition of a source table. */
  of(table: Table): Table {
    return this.#tables.get(qualifiedName(table)) ?? table;
  }

  /** Whether the sink's definition of this table is its own. */
  differs(table: Table): boolean {
    return this.#tables.has(qualifiedName(table));
  }

  /** The sink has `target` for what the source calls `source` now. */
  set(source: Table, target: Table): void {
    const name = qualifiedName(source);
    if (target.id === source.id ? this.#tables.delete(name) : this.#tables.get(name)?.id !== target.id) {
      if (target.id !== source.id) this.#tables.set(name, target);
      this.#changed = true;
      this.#fits.clear();
    }
  }

  /** The sink keeps `held` though the source dropped `source`: a table that gets its name finds it there. */
  keep(source: Table, held: Table): void {
    this.#tables.set(qualifiedName(source), held);
    this.#changed = true;
    this.#fits.clear();
  }

  /** The source has no table of this name any more, nor does the sink for it. */
  forget(table: Table): void {
    if (!this.#tables.delete(qualifiedName(table))) return;
    this.#changed = true;
    this.#fits.clear();
  }

  /** A change of rows, a truncate or a mark as the sink's definition has it. */
  fitted<Of extends Exclude<Change, SchemaChange>>(change: Of): Of {
    if (this.#tables.size === 0) return change;
    const fit = this.#fitOf(change.table);
    if (fit === null) return change;
    if (change.kind !== 'rows') return { ...change, table: fit.target };
    return { ...change, table: fit.target, rows: new FittedRows(change.rows, change.op, fit) };
  }

  /** What to hold of this; null: nothing changed since the last time. */
  takeChanged(): Position | null {
    if (!this.#changed) return null;
    this.#changed = false;
    return position(deflateRawSync(JSON.stringify([...this.#tables])).toString('base64'));
  }

  #fitOf(table: Table): Fit | null {
    let fit = this.#fits.get(table.id);
    if (fit === undefined) {
      fit = fitOf(table, ownedAsIn(table, this.of(table)));
      this.#fits.set(table.id, fit);
    }
    return fit;
  }
}

/** The sink's table with the columns marked that it owns now: who owns them may have been said after it was noted. */
const ownedAsIn = (source: Table, target: Table): Table => {
  const names = ownedColumns(source).map((column) => source.columns[column]!.name.toLowerCase());
  if (target === source || names.length === 0) return target;
  const columns = [...target.columns.keys()].filter((at) => names.includes(target.columns[at]!.name.toLowerCase()));
  return withOwnedColumns(target, columns);
};

/**
 * `lenient`: what the sink's table becomes when the source's becomes `after`. It keeps every column it has; those that the source
 * lost, or calls otherwise now, may be NULL from then on, and so may new ones.
 */
export const widened = (held: Table, after: Table): Table => {
  const names = new Set(after.columns.map(({ name }) => name.toLowerCase()));
  const heldNames = new Set(held.columns.map(({ name }) => name.toLowerCase()));
  const key = new Set(after.primaryKey);
  const columns = after.columns.map((column, at) =>
    heldNames.has(column.name.toLowerCase()) || key.has(at) ? column : { ...column, nullable: true },
  );
  const kept = held.columns.filter(({ name }) => !names.has(name.toLowerCase())).map(asKept);
  const { id: _, ...definition } = after;
  return defineTable({ ...definition, columns: [...columns.map((column) => likeHeld(held, column)), ...kept] });
};

/** A column that became nullable when it was added stays so. */
const likeHeld = (held: Table, column: Column): Column => {
  const before = held.columns.find(({ name }) => name.toLowerCase() === column.name.toLowerCase());
  return before?.nullable && !column.nullable && held.primaryKey.every((at) => held.columns[at] !== before)
    ? { ...column, nullable: true }
    : column;
};

const asKept = (column: Column): Column => ({
  ...column,
  nullable: true,
  defaultExpression: null,
  generated: false,
  autoIncrement: false,
});
