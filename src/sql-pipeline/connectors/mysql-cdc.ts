import { z } from 'zod';
import { mysqlConfig } from '../../connectors/mysql/config.ts';
import { localTimestamp, string } from '../../sql/types/sql-type.ts';
import type { Settings } from '../connected-table.ts';
import { defineSqlConnector } from './sql-connector.ts';
import { settled, takenFrom } from './taken-from.ts';

const { tables, 'tables.exclude': exclude, name, 'binlog.files': files, ...settings } = mysqlConfig.shape;

const options = z.strictObject({
  ...settings,
  hostname: z.string().min(1),
  username: z.string(),
  'database-name': z.string().min(1),
  'table-name': z.string().min(1),
  'scan.startup.mode': z.enum(['initial', 'snapshot']).default('initial'),
});

/** A table of MySQL or MariaDB: all its rows, then every change of them. */
export const mysqlCdc = defineSqlConnector({
  name: 'mysql-cdc',
  options,
  connect: (given, { given: options }) => {
    const { 'database-name': database, 'table-name': table, 'scan.startup.mode': mode } = given;
    return {
      reads: 'changes',
      writes: null,
      bounded: mode === 'snapshot',
      store: `mysql://${given.hostname}:${given.port}/${database}.${table}`,
      source: {
        kind: 'mysql',
        settings: readSettings(options),
        database,
        table,
      },
      sink: null,
      metadata: new Map([
        ['database_name', string(false)],
        ['table_name', string(false)],
        ['op_ts', localTimestamp(3, false)],
      ]),
    };
  },
});

/** Without the tables, which are those of the query. */
const readSettings = (options: Settings): Settings => {
  const read = takenFrom(options, settings);
  settled(mysqlConfig, { ...read, tables: 'one.table' });
  return read;
};
