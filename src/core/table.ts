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

/** 53 bits of a text's content (cyrb53): enough to tell versions of one table apart. */
const fingerprint = (text: string): string => {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36).padStart(11, '0');
};
