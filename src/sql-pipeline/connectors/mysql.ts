import { z } from 'zod';
import { mysqlSinkConfig } from '../../connectors/mysql/sink/config.ts';
import { secret, withoutEffect } from '../../core/settings.ts';
import type { Settings } from '../connected-table.ts';
import { type LookupSettings, lookupSettings, lookupShape } from '../lookups/lookup-options.ts';
import { type Connection, defineSqlConnector, OptionConflict } from './sql-connector.ts';
import { settled, takenFrom } from './taken-from.ts';

const sinkShape = mysqlSinkConfig.shape;

/** A table of MySQL or MariaDB that is read once with SELECT, or asked for rows by their keys, and written exactly as a sink of a pipeline writes it. */
export const mysqlTable = defineSqlConnector({
  name: 'mysql',
  options: z.strictObject({
    ...sinkShape,
    ...lookupShape,
    'database-name': z.string().min(1),
    'table-name': z.string().min(1),
  }),
  connect: (given, { given: options }) =>
    connection(takenFrom(options, sinkShape), {
      host: given.hostname,
      port: given.port,
      database: given['database-name'],
      table: given['table-name'],
      lookup: lookupSettings(options),
    }),
});

/** The same by Flink's options: `jdbc:mysql://host:3306/shop`. */
export const jdbcTable = defineSqlConnector({
  name: 'jdbc',
  options: z.strictObject({
    url: z.string().min(1),
    'table-name': z.string().min(1),
    username: z.string().default(''),
    password: secret().default(''),
    'sink.max-retries': sinkShape['sink.max-retries'],
    'sink.parallelism': sinkShape['sink.parallelism'],
    'connection.max-retry-timeout': withoutEffect('the pipeline decides about retries'),
    ...lookupShape,
    driver: withoutEffect('no JVM, no driver'),
    'sink.buffer-flush.max-rows': withoutEffect('rows are written with the transaction they came in'),
    'sink.buffer-flush.interval': withoutEffect('rows are written with the transaction they came in'),
    'scan.fetch-size': withoutEffect('rows are read off the socket as they come'),
    'scan.auto-commit': withoutEffect('rows are read as of one moment'),
  }),
  connect: (given, { given: options }) => {
    const match = /^jdbc:(?:mysql|mariadb):\/\/([^/:?#]+)(?::(\d+))?\/([^?#/]*)(?:\?.*)?$/.exec(given.url);
    if (match === null)
      throw new OptionConflict("'url' is jdbc:mysql://host:port/database: no other system is written here");
    const [, host = '', port, urlDatabase = ''] = match;
    const [table = '', owner] = given['table-name'].split('.').toReversed();
    const database = owner ?? decodeURIComponent(urlDatabase);
    if (database === '') throw new OptionConflict("'url' names no database");
    const address = { host, port: Number(port ?? 3306) };
    const { username, password } = given;
    const settings = { ...takenFrom(options, sinkShape), hostname: host, port: address.port, username, password };
    return connection(settings, { ...address, database, table, lookup: lookupSettings(options) });
  },
});

const connection = (
  settings: Settings,
  at: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly table: string;
    readonly lookup: LookupSettings;
  },
): Connection => {
  const { hostname, port = 3306, username, password = '' } = settings;
  const reading = {
    hostname,
    port,
    username,
    password,
    ...Object.fromEntries(Object.entries(settings).filter(([key]) => key.startsWith('ssl.'))),
  };
  const { database, table, lookup } = at;
  return {
    reads: 'appends',
    writes: 'upserts',
    bounded: true,
    store: `mysql://${at.host}:${at.port}/${database}.${table}`,
    looksUp: true,
    source: { kind: 'scan', settings: reading, database, table, lookup },
    sink: { kind: 'mysql', settings: settled(mysqlSinkConfig, settings), database, table },
  };
};
