import { readTables } from '../../connectors/mysql/read-tables.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName } from '../../core/table.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { Statement } from '../../sql/ast/statement.ts';
import { serverQueryTable } from '../../sql-pipeline/query-tables.ts';
import { exactPattern } from '../../sql-pipeline/scan-config.ts';
import type { ServerTables } from '../../sql-pipeline/sql-program.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { mentionedDatabases, sourceCatalog } from './source-catalog.ts';

/** The tables of the server that `--source` names, as far as the statements mention their databases; null: none is named. */
export const serverTables = async (
  call: CommandCall,
  statements: readonly Statement[],
  hide: (secret: string) => void,
): Promise<ServerTables | null> => {
  const url = call.text('source');
  const declares = statements.some(({ kind }) => kind === 'create-table' || kind === 'create-view');
  if (url === null) {
    if (mentionedDatabases(statements, null).length === 0 || declares) return null;
    throw new MillraceError('CLI_ARGUMENTS', {
      command: 'millrace sql',
      reason: 'it needs --source, the server whose tables are read',
    });
  }
  const serverWith = (tables: string) => mysqlUrl(url, { command: 'sql', env: call.env, tables });
  const { config, secrets } = serverWith('\\.*.\\.*');
  for (const secret of secrets) hide(secret);
  const database = decodeURIComponent(new URL(url).pathname.slice(1)) || null;
  const databases = mentionedDatabases(statements, database);
  const tables =
    databases.length === 0
      ? []
      : await readTables(
          serverWith(databases.map((name) => `${exactPattern(name)}.\\.*`).join(', ')).config,
          systemClock,
        );
  const byName = new Map(tables.map((table) => [qualifiedName(table), table]));
  const { hostname, port, username, password, 'ssl.mode': sslMode } = config;
  const address = { hostname, port, username, password, 'ssl.mode': sslMode };
  return {
    catalog: sourceCatalog(tables, database),
    table: (name, bounded) => serverQueryTable(address, byName.get(name)!, bounded),
  };
};
