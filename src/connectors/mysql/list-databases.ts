import type { Clock } from '../../core/clock.ts';
import { type Dial, dialTcp } from '../../net/dial.ts';
import { type ConnectionSettings, MysqlConnection } from './connection.ts';

/** The databases that the account may see, but the server's own, in the order of their names. */
export const listDatabases = async (
  config: ConnectionSettings,
  clock: Clock,
  dial: Dial = dialTcp,
): Promise<readonly string[]> => {
  const { signal } = new AbortController();
  await using connection = await MysqlConnection.open({ config, dial, clock, signal });
  const rows = await connection.query(
    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema', 'ndbinfo') ORDER BY SCHEMA_NAME",
  );
  return rows.map(([name]) => name!);
};
