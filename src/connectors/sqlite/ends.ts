import type { Ends } from '../../core/connector.ts';
import type { SqliteConfig } from './config.ts';
import { openSqliteSink } from './sink.ts';

export const sqliteEnds: Ends<SqliteConfig> = {
  openSink: async ({ path }, context) => openSqliteSink(path, context),
  openReader: async ({ path }, { pipeline }) => {
    const { SqliteReader } = await import('./reader.ts');
    return new SqliteReader({ path, pipeline });
  },
  planTables: async ({ path }, { log }, tables) =>
    (await import('./plan-tables.ts')).planSqliteTables(path, log, tables),
  check: async ({ path }) => (await import('./check.ts')).checkSqlite(path),
};
