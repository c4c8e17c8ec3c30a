import { defineConnector } from '../../../core/connector.ts';
import { mysqlSinkConfig } from './config.ts';
import { mysqlSinkEnds } from './ends.ts';

/** MySQL 8.0 to 9.7 and MariaDB 10.6 to 12, as a sink. */
export const mysqlSink = defineConnector({ type: 'mysql', config: mysqlSinkConfig, ...mysqlSinkEnds });
