import type { MysqlConfig } from '../../connectors/mysql/config.ts';
import { readTables } from '../../connectors/mysql/read-tables.ts';
import { MillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { pipelineEnds } from '../file-ends.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { tableTypes } from '../table-types.ts';

/** Prints TypeScript types of a server's tables, or of those that a file captures. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const servers = await findServers(call);
  if (servers === null) return exitCode.configInvalid;
  const tables = (await Promise.all(servers.map((config) => readTables(config, systemClock)))).flat();
  if (tables.length === 0) {
    const reason = 'no table matches that this account may see';
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace types', reason });
  }
  const text = tableTypes(tables, servers.map(({ hostname, port }) => `${hostname}:${port}`).join(', '));
  if (format === 'json') await terminal.print(envelope('types', { tables: tables.length, text }));
  else await terminal.print(text);
  return exitCode.ok;
};

const findServers = async (call: CommandCall): Promise<readonly MysqlConfig[] | null> => {
  const [where = ''] = call.arguments;
  const only = call.list('tables');
  const tables = only.length === 0 ? '\\.*.\\.*' : only.join(', ');
  if (/^(mysql|mariadb):\/\//.test(where)) return [mysqlUrl(where, { command: 'types', env: call.env, tables }).config];
  const loaded = await checkedFiles(call);
  if (loaded === null) return null;
  return pipelineEnds(loaded)
    .filter(({ role, section }) => role === 'source' && section.connector.type === 'mysql')
    .map(({ section }) => {
      const config = section.config as MysqlConfig;
      return only.length === 0 ? config : { ...config, tables: only };
    });
};
