import { defineConnector } from '../../../core/connector.ts';
import { mysqlConfig } from '../config.ts';
import { MysqlReader } from '../reader/reader.ts';
import { checkMysqlSink } from './check.ts';
import { type MysqlSinkConfig, mysqlSinkConfig } from './config.ts';
import { planMysqlTables } from './plan-tables.ts';
import { openMysqlSink } from './sink.ts';

/** MySQL 8.0 to 9.7 and MariaDB 10.6 to 12, as a sink. */
export const mysqlSink = defineConnector({
  type: 'mysql',
  config: mysqlSinkConfig,
  openSink: openMysqlSink,
  openReader: async (config, context) => new MysqlReader({ config: readingConfig(config), context }),
  planTables: planMysqlTables,
  check: checkMysqlSink,
});

/** The same server, read: what is asked for decides which tables. */
const readingConfig = (config: MysqlSinkConfig) =>
  mysqlConfig.parse({
    hostname: config.hostname,
    port: config.port,
    username: config.username,
    password: config.password,
    'ssl.mode': config['ssl.mode'],
    'ssl.ca': config['ssl.ca'],
    'ssl.cert': config['ssl.cert'],
    'ssl.key': config['ssl.key'],
    tables: '\\.*.\\.*',
  });
