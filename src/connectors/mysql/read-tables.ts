import type { Clock } from '../../core/clock.ts';
import type { Table } from '../../core/table.ts';
import { type Dial, dialTcp } from '../../net/dial.ts';
import { findTable } from '../../protocol/mysql/ddl/schema.ts';
import type { MysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';
import { capturedTables, readDefinitions } from './definitions.ts';
import { readServerFacts } from './server-facts.ts';
import { selectsTable } from './table-selection.ts';

/** The definitions of the tables that a source captures now, in the order of their names. */
export const readTables = async (
  config: MysqlConfig,
  clock: Clock,
  dial: Dial = dialTcp,
): Promise<readonly Table[]> => {
  const { signal } = new AbortController();
  await using connection = await MysqlConnection.open({ config, dial, clock, signal });
  const captures = selectsTable(config);
  const server = await readServerFacts(connection);
  const names = await capturedTables(connection, captures);
  const { schema } = await readDefinitions(connection, server, captures);
  return names.flatMap((name) => findTable(schema, name)?.table ?? []);
};
