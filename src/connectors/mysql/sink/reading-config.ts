import { type MysqlConfig, mysqlConfig } from '../config.ts';
import type { MysqlSinkConfig } from './config.ts';

/** The same server, read: what is asked for decides which tables. */
export const readingConfig = (config: MysqlSinkConfig): MysqlConfig =>
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
