import { defineConnector } from '../../core/connector.ts';
import { mysqlConfig } from './config.ts';
import { mysqlEnds } from './ends.ts';

/** MySQL 5.6 to 9.7 and MariaDB 10.5 to 12, as a source. */
export const mysql = defineConnector({ type: 'mysql', config: mysqlConfig, ...mysqlEnds });
