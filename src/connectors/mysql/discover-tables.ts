import type { Clock } from '../../core/clock.ts';
import { type Dial, dialTcp } from '../../net/dial.ts';
import type { MysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';

/** A table as the server's catalogue shows it. */
export interface DiscoveredTable {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  /** The server's estimates; null: it has none. */
  readonly rows: number | null;
  readonly bytes: number | null;
  /** Columns of the primary key in its order; empty: there is none. */
  readonly key: readonly string[];
}

/** Every table that the account may see, but the server's own. */
export const discoverTables = async (
  config: MysqlConfig,
  clock: Clock,
  dial: Dial = dialTcp,
): Promise<readonly DiscoveredTable[]> => {
  const { signal } = new AbortController();
  await using connection = await MysqlConnection.open({ config, dial, clock, signal });
  const keys = new Map<string, string[]>();
  for (const [database, table, column] of await connection.query(primaryKeys)) {
    const name = JSON.stringify([database, table]);
    keys.set(name, [...(keys.get(name) ?? []), column!]);
  }
  return (await connection.query(tables)).map(([database, name, engine, rows, bytes]) => ({
    database: database!,
    name: name!,
    engine: engine ?? '',
    rows: rows == null ? null : Number(rows),
    bytes: bytes == null ? null : Number(bytes),
    key: keys.get(JSON.stringify([database, name])) ?? [],
  }));
};

const own = "('mysql', 'sys', 'information_schema', 'performance_schema', 'ndbinfo')";

const tables = `SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ${own} ORDER BY TABLE_SCHEMA, TABLE_NAME`;

const primaryKeys = `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND TABLE_SCHEMA NOT IN ${own} ORDER BY TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX`;
