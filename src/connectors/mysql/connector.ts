import { defineConnector } from '../../core/connector.ts';
import { checkMysql } from './check.ts';
import { mysqlConfig } from './config.ts';
import { BinlogFileSource } from './file-source.ts';
import { MysqlReader } from './reader/reader.ts';
import { openSnapshotRun } from './snapshot/snapshot-run.ts';
import { MysqlSource } from './source.ts';

/** MySQL 5.6 to 9.7 and MariaDB 10.5 to 12, as a source. */
export const mysql = defineConnector({
  type: 'mysql',
  config: mysqlConfig,
  openSource: async (config, context) =>
    config['binlog.files'] === undefined
      ? new MysqlSource({ config, context, openSnapshots: openSnapshotRun })
      : new BinlogFileSource(config, context),
  openReader: async (config, context) => new MysqlReader({ config, context }),
  check: checkMysql,
});
