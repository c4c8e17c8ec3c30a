import { readTables } from '../../connectors/mysql/read-tables.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { Statement } from '../../sql/ast/statement.ts';
import { serverQueryTable } from '../../sql-pipeline/query-tables.ts';
import { exactPattern } from '../../sql-pipeline/scan-config.ts';
import type { ServerTables } from '../../sql-pipeline/sql-program.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { mentionedDatabases, sourceCatalog } from './source-catalog.ts';

/**
 * The tables of the server that `--source` names; null: none is named. A database is looked through when a statement mentions it for
 * the first time. Throws CLI_ARGUMENTS.
 */
export const serverTables = (
  { text, env }: Pick<CommandCall, 'text' | 'env'>,
  hide: (secret: string) => void,
): ServerTables | null => {
  const url = text('source');
  if (url === null) return null;
  const serverWith = (tables: string) => mysqlUrl(url, { command: 'sql', env, tables });
  const { config, secrets } = serverWith('\\.*.\\.*');
  for (const secret of secrets) hide(secret);
  const { hostname, port, username, password, 'ssl.mode': sslMode } = config;
  const address = { hostname, port, username, password, 'ssl.mode': sslMode };
  const database = decodeURIComponent(new URL(url).pathname.slice(1)) || null;
  const known = new Map<string, readonly Table[]>();
  let tables: readonly Table[] = [];
  let catalog = sourceCatalog(tables, database);
  return {
    catalog: {
      table: (path) => catalog.table(path),
      get names() {
        return catalog.names;
      },
    },
    table: (name, bounded) =>
      serverQueryTable(address, tables.find((table) => qualifiedName(table) === name)!, bounded),
    load: async (statements: readonly Statement[]) => {
      const databases = mentionedDatabases(statements, database).filter((name) => !known.has(name));
      if (databases.length === 0) return;
      const patterns = databases.map((name) => `${exactPattern(name)}.\\.*`).join(', ');
      const found = await readTables(serverWith(patterns).config, systemClock);
      for (const name of databases) {
        known.set(
          name,
          found.filter((table) => table.database === name),
        );
      }
      tables = [...known.values()].flat();
      catalog = sourceCatalog(tables, database);
    },
    forget: () => known.clear(),
  };
};
