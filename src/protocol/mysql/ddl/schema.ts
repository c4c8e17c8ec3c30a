import type { Table } from '../../../core/table.ts';
import { builtInDefaults } from './charset-facts.ts';
import type { TableName } from './effect.ts';

/** The tables followed so far and what new ones would inherit. Immutable: `applyDdl` gives another. */
export interface Schema {
  readonly server: ServerFacts;
  readonly databases: ReadonlyMap<string, DatabaseSchema>;
}

/** What a server decides about tables beside their statements. */
export interface ServerFacts {
  readonly flavor: 'mysql' | 'mariadb';
  /** lower_case_table_names is 0: `Orders` and `orders` are two tables. */
  readonly caseSensitive: boolean;
  /** Default collation of each charset (information_schema.CHARACTER_SETS, @@character_set_collations). */
  readonly defaultCollations: ReadonlyMap<string, string>;
  /** character_set_server and collation_server: what a database gets that names neither. */
  readonly charset: string;
  readonly collation: string;
  /** explicit_defaults_for_timestamp: a TIMESTAMP may be NULL unless it says otherwise. */
  readonly explicitTimestampDefaults: boolean;
}

export interface DatabaseSchema {
  readonly charset: string;
  readonly collation: string;
  readonly tables: ReadonlyMap<string, FollowedTable>;
}

/** A table, with what later statements may refer to and rows do not need. */
export interface FollowedTable {
  readonly table: Table;
  /** The table's default collation. */
  readonly collation: string;
  /** The names of `table.uniqueKeys`, in the same order. */
  readonly uniqueKeyNames: readonly string[];
}

export const emptySchema = (server: Partial<ServerFacts> & Pick<ServerFacts, 'flavor'>): Schema => {
  const defaultCollations = server.defaultCollations ?? builtInDefaults(server.flavor);
  return {
    server: {
      caseSensitive: true,
      charset: 'utf8mb4',
      collation: defaultCollations.get('utf8mb4') ?? 'utf8mb4_general_ci',
      explicitTimestampDefaults: true,
      ...server,
      defaultCollations,
    },
    databases: new Map(),
  };
};

export const findTable = (schema: Schema, name: TableName): FollowedTable | null =>
  schema.databases.get(fold(schema, name.database))?.tables.get(fold(schema, name.name)) ?? null;

/** The schema with `followed` in it, in place of tables of the same names. Many tables are put in faster together than one by one. */
export const withTable = (schema: Schema, ...followed: readonly FollowedTable[]): Schema => {
  const databases = new Map(schema.databases);
  for (const [key, added] of Map.groupBy(followed, ({ table }) => fold(schema, table.database))) {
    const database = databaseOf(schema, key);
    const tables = new Map(database.tables);
    for (const one of added) tables.set(fold(schema, one.table.name), one);
    databases.set(key, { ...database, tables });
  }
  return { ...schema, databases };
};

export const withoutTable = (schema: Schema, name: TableName): Schema => {
  const key = fold(schema, name.database);
  const database = schema.databases.get(key);
  if (database === undefined) return schema;
  const tables = new Map(database.tables);
  tables.delete(fold(schema, name.name));
  return withDatabaseKey(schema, key, { ...database, tables });
};

export const withDatabase = (schema: Schema, name: string, charset: string, collation: string): Schema => {
  const tables = schema.databases.get(fold(schema, name))?.tables ?? new Map<string, FollowedTable>();
  return withDatabaseKey(schema, fold(schema, name), { charset, collation, tables });
};

export const withoutDatabase = (schema: Schema, name: string): Schema => {
  const databases = new Map(schema.databases);
  databases.delete(fold(schema, name));
  return { ...schema, databases };
};

export const hasDatabase = (schema: Schema, name: string): boolean => schema.databases.has(fold(schema, name));

/** A database nobody described has the server's defaults. */
export const databaseOf = (schema: Schema, name: string): DatabaseSchema =>
  schema.databases.get(fold(schema, name)) ?? {
    charset: schema.server.charset,
    collation: schema.server.collation,
    tables: new Map(),
  };

const withDatabaseKey = (schema: Schema, key: string, database: DatabaseSchema): Schema => ({
  ...schema,
  databases: new Map(schema.databases).set(key, database),
});

const fold = (schema: Schema, name: string): string => (schema.server.caseSensitive ? name : name.toLowerCase());
