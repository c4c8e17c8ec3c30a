import { defineConnector } from '../../../core/connector.ts';
import { checkMysqlSink } from './check.ts';
import { mysqlSinkConfig } from './config.ts';
import { openMysqlSink } from './sink.ts';

/** MySQL 8.0 to 9.7 and MariaDB 10.6 to 12, as a sink. */
export const mysqlSink = defineConnector({
  type: 'mysql',
  config: mysqlSinkConfig,
  openSink: openMysqlSink,
  check: checkMysqlSink,
});
