import type { Clock } from '../../core/clock.ts';
import { type Dial, dialTcp } from '../../net/dial.ts';
import { parseServerVersion, type ServerVersion } from '../../protocol/mysql/server-version.ts';
import { type ConnectionSettings, MysqlConnection } from './connection.ts';

/** What a server says it is; null: its version is no text that begins with one. */
export const askVersion = async (
  config: ConnectionSettings,
  clock: Clock,
  dial: Dial = dialTcp,
): Promise<ServerVersion | null> => {
  const { signal } = new AbortController();
  await using connection = await MysqlConnection.open({ config, dial, clock, signal });
  const [row] = await connection.query('SELECT VERSION()');
  return parseServerVersion(row?.[0] ?? '');
};
