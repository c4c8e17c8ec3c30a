import { textHash } from './text-hash.ts';

/** What a column holds. `kind` decides how its value looks (core/value.ts); the rest is what targets need to declare it. */
export type ColumnType =
  | { readonly kind: 'integer'; readonly bits: 8 | 16 | 24 | 32 | 64; readonly unsigned: boolean }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number; readonly unsigned: boolean }
  | { readonly kind: 'float'; readonly unsigned: boolean }
  | { readonly kind: 'double'; readonly unsigned: boolean }
  | { readonly kind: 'bit'; readonly length: number }
  | { readonly kind: 'year' }
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly fsp: number }
  | { readonly kind: 'datetime'; readonly fsp: number }
  | { readonly kind: 'timestamp'; readonly fsp: number }
  /** CHAR (fixed), VARCHAR and the TEXT family. `maxBytes` is what the server reserves; `charset` is MySQL's name. */
  | {
      readonly kind: 'text';
      readonly fixed: boolean;
      readonly maxBytes: number;
      readonly charset: string;
      readonly collation: string | null;
    }
  /** BINARY (fixed), VARBINARY and the BLOB family. */
  | { readonly kind: 'binary'; readonly fixed: boolean; readonly maxBytes: number }
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly charset: string }
  | { readonly kind: 'set'; readonly values: readonly string[]; readonly charset: string }
  | { readonly kind: 'json' }
  /** `shape` as MySQL numbers it: 0 geometry, 1 point, 2 linestring, 3 polygon, 4-6 multi, 7 collection. */
  | { readonly kind: 'geometry'; readonly shape: number }
  | { readonly kind: 'vector'; readonly dimensions: number | null }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'inet4' }
  | { readonly kind: 'inet6' };

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** The column's type as the server declares it (`int unsigned`), or null where only the log was at hand. */
  readonly declaration: string | null;
  /** The default as the server's catalogue words it; null: none, or not known. */
  readonly defaultExpression: string | null;
  readonly generated: boolean;
  readonly invisible: boolean;
  readonly autoIncrement: boolean;
  readonly comment: string | null;
  /**
   * The target owns the values: a create or read gives them where the target has none, and an update says nothing of them. Left out:
   * the source owns them.
   */
  readonly ownedByTarget?: true;
}

/**
 * One version of a table's definition. Immutable: a changed table is a new object with another `id`.
 * Equal definitions have equal ids, across processes too, so that readers and encoders can cache by it.
 */
export interface Table {
  readonly id: string;
  readonly database: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Positions of the primary key's columns in key order; empty: the table has none. */
  readonly primaryKey: readonly number[];
  /** The other unique keys, each as column positions in key order. */
  readonly uniqueKeys: readonly (readonly number[])[];
  /** The default charset, or null where not known. */
  readonly charset: string | null;
  readonly comment: string | null;
}

/** Makes a table and gives it the id that its definition stands for. */
export const defineTable = (definition: Omit<Table, 'id'>): Table => ({
  id: `${definition.database}.${definition.name}@${fingerprint(JSON.stringify([definition.database, definition.name, definition.columns, definition.primaryKey, definition.uniqueKeys, definition.charset, definition.comment]))}`,
  ...definition,
});

/** `database.table`, as users write it in a pipeline file; the name alone where a route gave it no database. */
export const qualifiedName = ({ database, name }: Pick<Table, 'database' | 'name'>): string =>
  database === '' ? name : `${database}.${name}`;

/** Tells versions of one table apart. */
const fingerprint = (text: string): string => textHash(text).toString(36).padStart(11, '0');
