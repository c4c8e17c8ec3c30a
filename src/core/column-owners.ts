import { defineTable, type Table } from './table.ts';

/** Columns of one table whose values the other side owns. */
export interface OwnedGroup {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** What the other side owns: whole tables, as patterns, and columns of single ones. */
export interface OwnedElsewhere {
  readonly tables: readonly string[];
  readonly groups: readonly OwnedGroup[];
}

/** The table with a mark at each of these columns, of which the target owns the values. The same table gives the same mark. */
export const withOwnedColumns = ({ id: _, ...table }: Table, columns: readonly number[]): Table =>
  defineTable({
    ...table,
    columns: table.columns.map((column, at) => (columns.includes(at) ? { ...column, ownedByTarget: true } : column)),
  });

/** Positions of the columns of which the target owns the values. */
export const ownedColumns = ({ columns }: Table): readonly number[] =>
  columns.flatMap(({ ownedByTarget }, at) => (ownedByTarget ? [at] : []));
