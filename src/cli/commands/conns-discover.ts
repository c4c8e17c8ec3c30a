import type { MysqlConfig } from '../../connectors/mysql/config.ts';
import { type DiscoveredTable, discoverTables } from '../../connectors/mysql/discover-tables.ts';
import { selectsTable } from '../../connectors/mysql/table-selection.ts';
import { tablePatterns } from '../../core/table-pattern.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortBytes, shortCount } from '../figures.ts';
import { pipelineEnds } from '../file-ends.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { textTable } from '../text-table.ts';

/** Tables of the servers that URLs name, and of the sources of files; those that a file captures are marked. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const only = call.list('tables');
  const filter = tablePatterns(only.length === 0 ? ['\\.*.\\.*'] : only, []);
  const servers = await findServers(call);
  if (servers === null) return exitCode.configInvalid;
  const found: {
    readonly server: string;
    readonly tables: readonly (DiscoveredTable & { captured: boolean | null })[];
  }[] = [];
  for (const { config, captures } of servers) {
    const tables = (await discoverTables(config, systemClock))
      .filter(({ database, name }) => filter.matches(database, name))
      .map((table) => ({ ...table, captured: captures === null ? null : captures(table.database, table.name) }));
    found.push({ server: `${config.hostname}:${config.port}`, tables });
  }
  if (format === 'json') {
    await terminal.print(envelope('conns discover', { servers: found }));
    return exitCode.ok;
  }
  for (const { server, tables } of found) {
    await terminal.print(`${terminal.paintData('bold', server)}\n`);
    const rows = tables.map(({ database, name, rows: count, bytes, key, engine, captured }) => [
      `${captured ? '* ' : '  '}${database}.${name}`,
      count === null ? '?' : shortCount(count),
      bytes === null ? '?' : shortBytes(bytes),
      engine,
      key.length === 0 ? 'no key' : key.join(', '),
    ]);
    if (rows.length > 0) await terminal.print(`${textTable(['  TABLE', 'ROWS', 'SIZE', 'ENGINE', 'KEY'], rows)}\n`);
    else await terminal.print('  no table that this account may see\n');
  }
  if (!call.flag('quiet')) terminal.say('rows and sizes are the server’s estimates; * marks what the file captures');
  return exitCode.ok;
};

interface Server {
  readonly config: MysqlConfig;
  readonly captures: ((database: string, table: string) => boolean) | null;
}

const findServers = async (call: CommandCall): Promise<readonly Server[] | null> => {
  const isUrl = (text: string): boolean => /^(mysql|mariadb):\/\//.test(text);
  const urls = call.arguments.filter(isUrl).map((url): Server => {
    const { config } = mysqlUrl(url, { command: 'conns discover', env: call.env, tables: '\\.*.\\.*' });
    return { config, captures: null };
  });
  const files = call.arguments.filter((text) => !isUrl(text));
  const loaded = files.length === 0 ? [] : await checkedFiles(call, files);
  if (loaded === null) return null;
  const sources = pipelineEnds(loaded).filter(
    ({ role, section }) => role === 'source' && section.connector.type === 'mysql',
  );
  return [
    ...urls,
    ...sources.map(({ section }): Server => {
      const config = section.config as MysqlConfig;
      return { config, captures: selectsTable(config) };
    }),
  ];
};
