/** `millrace/mysql`: MySQL and MariaDB, to read and to write. */
export { mysql } from './connectors/mysql/connector.ts';
export { mysqlSink } from './connectors/mysql/sink/connector.ts';
