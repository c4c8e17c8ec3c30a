import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Log } from '../../core/log.ts';
import type { Table } from '../../core/table.ts';
import { MirrorSchema } from './mirror-schema.ts';
import { quoteName } from './quote-name.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/**
 * The definitions that the sink would run for each table. It runs them indeed, on a database in memory that has the file's
 * definitions and none of its rows; the file is only read.
 */
export const planSqliteTables = (path: string, log: Log, tables: readonly Table[]): readonly (readonly string[])[] => {
  using db = new RecordingDatabase(':memory:');
  try {
    if (existsSync(path)) copyDefinitions(path, db);
    const schema = new MirrorSchema(db, log);
    return tables.map((table) => {
      db.statements = [];
      schema.mirrorOf(table);
      return db.statements;
    });
  } catch (error) {
    throw sqliteFailure(error, path, 'plan the tables');
  }
};

class RecordingDatabase extends DatabaseSync {
  statements: string[] = [];

  override exec(sql: string): void {
    super.exec(sql);
    this.statements.push(sql);
  }
}

/**
 * What the sink made, and what else has a name that it might want. Left out are tables of extensions, and indexes and triggers of
 * others, which may call functions that only their own program has.
 */
const definitions = `
  SELECT name, sql FROM sqlite_schema
  WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND CASE
    WHEN type = 'table' THEN name IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table')
    ELSE type = 'view' OR name LIKE 'millrace\\_%' ESCAPE '\\' END
  ORDER BY rowid`;

const copyDefinitions = (path: string, db: DatabaseSync): void => {
  using file = new DatabaseSync(path, { readOnly: true });
  const copied = file.prepare(definitions).all() as { name: string; sql: string }[];
  for (const { sql } of copied) db.exec(sql);
  if (copied.some(({ name }) => name === 'millrace_table')) copyRows(file, db, 'millrace_table');
};

const copyRows = (from: DatabaseSync, to: DatabaseSync, table: string): void => {
  const name = quoteName(table);
  for (const row of from.prepare(`SELECT * FROM ${name}`).all()) {
    const values = Object.values(row);
    to.prepare(`INSERT INTO ${name} VALUES (${values.map(() => '?').join(', ')})`).run(...values);
  }
};
