import { defineConnector } from '../../core/connector.ts';
import { checkSqlite } from './check.ts';
import { sqliteConfig } from './config.ts';
import { planSqliteTables } from './plan-tables.ts';
import { SqliteReader } from './reader.ts';
import { openSqliteSink } from './sink.ts';

/** Mirrors the source's tables in a SQLite file. */
export const sqlite = defineConnector({
  type: 'sqlite',
  config: sqliteConfig,
  openSink: async ({ path }, context) => openSqliteSink(path, context),
  openReader: async ({ path }, { pipeline }) => new SqliteReader({ path, pipeline }),
  planTables: async ({ path }, { log }, tables) => planSqliteTables(path, log, tables),
  check: async ({ path }) => checkSqlite(path),
});
