import { access, readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { unpackDebian, unpackedProgram } from './debian-packages.ts';
import { type Command, runProgram } from './run-program.ts';
import { serverCache } from './server-cache.ts';
import { type CatalogueEntry, serverCatalogue } from './server-catalogue.ts';

/** A server's programs on this machine, and what they must be told to find their own parts. */
export interface ServerProgram {
  readonly flavor: 'mysql' | 'mariadb';
  /** As the program prints it: `9.7.1`, `11.8.3-MariaDB`. */
  readonly version: string;
  readonly daemon: Command;
  readonly tools: ClientTools;
  readonly options: readonly string[];
  /** The SQL that fills a new data folder's system tables; null: the program does that itself. */
  readonly systemTables: readonly string[] | null;
  /** Where initialised data folders are kept for copying; null: nowhere. */
  readonly templates: string | null;
}

/** The client programs that came with a server. */
export interface ClientTools {
  readonly mysql: Command;
  readonly mysqldump: Command;
  readonly mysqlbinlog: Command;
}

/** The programs of a catalogue entry, fetched when they are not in the cache. Throws SERVER_UNAVAILABLE. */
export const debianProgram = async (entry: CatalogueEntry): Promise<ServerProgram> => {
  const folder = join(serverCache(), `${entry.flavor}-${entry.suite}`);
  await unpackDebian(entry.suite, entry.packages, folder);
  const usr = join(folder, 'usr');
  const share = await shareFolder(usr, entry.flavor);
  const client = async (name: string): Promise<Command> =>
    await unpackedProgram(folder, join('usr/bin', entry.flavor === 'mysql' ? name : mariadbNames[name]!));
  const daemon = await unpackedProgram(folder, `usr/sbin/${entry.flavor === 'mysql' ? 'mysqld' : 'mariadbd'}`);
  return {
    flavor: entry.flavor,
    version: await versionOf(daemon, entry.name),
    daemon,
    tools: {
      mysql: await client('mysql'),
      mysqldump: await client('mysqldump'),
      mysqlbinlog: await client('mysqlbinlog'),
    },
    options: [
      `--basedir=${usr}`,
      `--lc-messages-dir=${share}`,
      `--character-sets-dir=${join(share, 'charsets')}`,
      `--plugin-dir=${join(usr, 'lib/mysql/plugin')}`,
    ],
    systemTables: entry.flavor === 'mysql' ? null : await systemTablesIn(share),
    templates: `${folder}.data`,
  };
};

/** The catalogue's entry for a flavor and version; without a version, the flavor's newest. */
export const catalogueEntry = (flavor: 'mysql' | 'mariadb', version?: string): CatalogueEntry => {
  const entry = serverCatalogue.find(
    (candidate) => candidate.flavor === flavor && (version === undefined || candidate.version === version),
  );
  if (entry !== undefined) return entry;
  const known = serverCatalogue.map(({ name }) => name).join(', ');
  throw new MillraceError('SERVER_UNAVAILABLE', { server: `${flavor}-${version}`, reason: `known are ${known}` });
};

/** The server this machine has on its PATH (or in sbin, which users' PATHs leave out); null: none. */
export const installedProgram = async (): Promise<ServerProgram | null> => {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const find = async (names: readonly string[]): Promise<string | null> => {
    for (const folder of folders) {
      for (const name of names) if (await canRead(join(folder, name))) return join(folder, name);
    }
    return null;
  };
  const daemon = await find(['mysqld', 'mariadbd']);
  if (daemon === null) return null;
  const version = await versionOf([daemon], daemon).catch(() => null);
  if (version === null) return null;
  const flavor = version.includes('MariaDB') ? 'mariadb' : 'mysql';
  const client = async (name: string): Promise<Command> => [(await find([mariadbNames[name]!, name])) ?? name];
  return {
    flavor,
    version,
    daemon: [daemon],
    tools: {
      mysql: await client('mysql'),
      mysqldump: await client('mysqldump'),
      mysqlbinlog: await client('mysqlbinlog'),
    },
    options: [],
    systemTables: flavor === 'mysql' ? null : await systemTablesIn(await shareFolder(join(daemon, '../..'), flavor)),
    templates: null,
  };
};

const mariadbNames: Readonly<Record<string, string>> = {
  mysql: 'mariadb',
  mysqldump: 'mariadb-dump',
  mysqlbinlog: 'mariadb-binlog',
};

const versionOf = async (daemon: Command, server: string): Promise<string> => {
  const { status, output } = await runProgram([...daemon, '--no-defaults', '--version'], { timeoutMs: 10_000 });
  const version = /Ver (\S+)/.exec(output)?.[1];
  if (status === 0 && version !== undefined) return version;
  throw new MillraceError('SERVER_UNAVAILABLE', { server, reason: `--version failed with status ${status}` });
};

const shareFolder = async (usr: string, flavor: 'mysql' | 'mariadb'): Promise<string> => {
  const own = join(usr, 'share', flavor);
  return (await canRead(own)) ? own : join(usr, 'share/mysql');
};

/** MariaDB 11 says `mariadb_` where 10 said `mysql_`. */
const systemTablesIn = async (share: string): Promise<readonly string[]> => {
  const names = await readdir(share).catch(() => []);
  const wanted = [/^(?:mysql|mariadb)_system_tables\.sql$/, /^(?:mysql|mariadb)_system_tables_data\.sql$/];
  const files = wanted.map((pattern) => names.find((name) => pattern.test(name)));
  return await Promise.all(files.map(async (name) => await readFile(join(share, String(name)), 'utf8')));
};

const canRead = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
