import { MillraceError } from '../../core/errors.ts';
import { type Column, defineTable, qualifiedName, type Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { declaredColumn, misfit } from './declared-column.ts';
import type { NamedRow, Process } from './process.ts';

/** One version of a source table and what a process makes of it. */
export class ProcessedTable {
  readonly source: Table;
  /** As the sinks are given it. */
  readonly result: Table;
  readonly #module: string;
  readonly #places: ReadonlyMap<string, number>;

  /** Throws PROCESS_COLUMNS. */
  constructor(source: Table, process: Process, module: string) {
    const wrong = (reason: string): MillraceError =>
      new MillraceError('PROCESS_COLUMNS', { module, table: qualifiedName(source), reason });
    const declared = Object.entries(process.columns ?? {});
    const dropped = new Set(declared.flatMap(([name, type]) => (type === null ? [name] : [])));
    for (const name of dropped)
      if (!source.columns.some((column) => column.name === name)) throw wrong(`it has no ${name} to leave out`);
    const columns: Column[] = source.columns.filter(({ name }) => !dropped.has(name));
    for (const [name, type] of declared) {
      if (type === null) continue;
      if (columns.some((column) => column.name.toLowerCase() === name.toLowerCase()))
        throw wrong(`it has a column ${name} already`);
      const column = declaredColumn(name, type);
      if (column === null) throw wrong(`${type} is no type for ${name}`);
      columns.push(column);
    }
    const placeOf = (name: string): number => columns.findIndex((column) => column.name === name);
    const keyNames = process.key ?? source.primaryKey.map((at) => source.columns[at]!.name);
    const primaryKey = keyNames.map(placeOf);
    if (primaryKey.includes(-1)) throw wrong(`the key column ${keyNames[primaryKey.indexOf(-1)]} is not among them`);
    if (process.flatMap !== undefined && process.key === undefined)
      throw wrong('flatMap needs `key`, which names its rows');
    const { id: _, ...definition } = source;
    this.source = source;
    this.#module = module;
    const sourcePlaces = source.uniqueKeys.map((key) => key.map((at) => placeOf(source.columns[at]!.name)));
    this.result = defineTable({
      ...definition,
      columns,
      primaryKey,
      // Rows that were multiplied share what was unique.
      uniqueKeys: process.flatMap === undefined ? sourcePlaces.filter((key) => !key.includes(-1)) : [],
    });
    this.#places = new Map(columns.map(({ name }, at) => [name, at]));
  }

  named(row: Row): NamedRow {
    const result: Record<string, Value> = {};
    for (const [at, { name }] of this.source.columns.entries()) {
      const value = row[at];
      if (value !== undefined) result[name] = value;
    }
    return result;
  }

  /** Throws PROCESS_ROW_WRONG. Columns that are left out stay absent: the caller says whether they may be. */
  positional(row: unknown, mayLack: (column: string) => boolean): Row {
    const wrong = (column: string, reason: string): MillraceError =>
      new MillraceError('PROCESS_ROW_WRONG', {
        module: this.#module,
        table: qualifiedName(this.source),
        column,
        reason,
      });
    if (typeof row !== 'object' || row === null) throw wrong('columns', 'are no object');
    const result: (Value | undefined)[] = this.result.columns.map(() => undefined);
    for (const [name, value] of Object.entries(row) as [string, unknown][]) {
      const place = this.#places.get(name);
      if (place === undefined) {
        // A column that is left out may still be in the object that was handed in.
        if (this.source.columns.some((column) => column.name === name)) continue;
        throw wrong(name, 'is not declared');
      }
      if (value === undefined) continue;
      const reason = misfit(value, this.result.columns[place]!.type);
      if (reason !== null) throw wrong(name, reason);
      result[place] = value as Value;
    }
    for (const [at, { name }] of this.result.columns.entries()) {
      if (result[at] === undefined && !mayLack(name)) throw wrong(name, 'is missing');
    }
    return result;
  }

  /** A name for a result row's key; null: the row lacks a part of it. */
  keyOf(row: Row): string | null {
    const parts = this.result.primaryKey.map((at) => row[at]);
    if (parts.includes(undefined)) return null;
    return JSON.stringify(
      parts.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part))),
    );
  }
}
