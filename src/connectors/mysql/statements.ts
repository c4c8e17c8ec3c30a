/**
 * Every statement text that the source sends, so that the replay server can hold the answers to them. Each asks for named columns
 * only, and works without rights where MySQL allows that.
 */

/** `name` as an identifier. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** `text` as a string literal, under any sql_mode and in utf8mb4. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;

export const statements = {
  /** Answers come as utf8mb4 and in UTC, names are quoted with backticks, a backslash escapes, and no lock is waited for longer than 10 s. */
  session:
    "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = '', SESSION sql_quote_show_create = 1, SESSION lock_wait_timeout = 10",

  /** What is to be known of a server. Variables that a flavor or version lacks are simply not in the answer. */
  facts:
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'server_id', 'server_uuid', 'server_uid', 'log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata', 'binlog_row_value_options', 'gtid_mode', 'gtid_executed', 'gtid_purged', 'gtid_binlog_pos', 'gtid_binlog_state', 'gtid_domain_id', 'binlog_expire_logs_seconds', 'expire_logs_days', 'lower_case_table_names', 'character_set_server', 'collation_server', 'explicit_defaults_for_timestamp')",

  /** What only a check asks for: limits, the clock, and whether a replica logs what it applies. */
  circumstances:
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_allowed_packet', 'log_slave_updates', 'log_replica_updates', 'time_zone', 'system_time_zone')",
  /** How it follows another server, by name; no row: it follows none. */
  replicaStatus: 'SHOW REPLICA STATUS',
  /** The same before MySQL 8.0.22. */
  slaveStatus: 'SHOW SLAVE STATUS',
  /** The same on MariaDB, which may follow several. */
  allSlavesStatus: 'SHOW ALL SLAVES STATUS',

  currentUser: 'SELECT CURRENT_USER()',
  grants: 'SHOW GRANTS',

  /** The log's end: file, position, …, executed GTID set (MySQL). */
  logStatus: 'SHOW BINARY LOG STATUS',
  /** The same before MySQL 8.2 and on MariaDB. */
  masterStatus: 'SHOW MASTER STATUS',
  /** MariaDB: the GTID position that a file and offset stand for. */
  gtidPositionAt: (file: string, offset: number): string => `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${offset})`,
  /** Seconds since 1970 by the server's clock. */
  clock: 'SELECT UNIX_TIMESTAMP(NOW(6))',
  /** Name and size of every file. */
  binaryLogs: 'SHOW BINARY LOGS',
  /** Who else reads the log, by server id in the first column; MariaDB and MySQL before 8.0.22 call it SLAVE HOSTS. */
  replicas: 'SHOW REPLICAS',
  slaveHosts: 'SHOW SLAVE HOSTS',

  /** charset, its default collation */
  charsets: 'SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS',
  databaseCharsets:
    'SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA',

  /** Names of all tables that are not the server's own. */
  tables:
    "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema', 'ndbinfo') ORDER BY TABLE_SCHEMA, TABLE_NAME",

  begin: 'START TRANSACTION READ ONLY',
  commit: 'COMMIT',
  /** Keeps the table's definition as it is until the transaction ends, without stopping writes to it. */
  holdDefinition: (database: string, table: string): string =>
    `SELECT 1 FROM ${quoteName(database)}.${quoteName(table)} LIMIT 0`,
  createTable: (database: string, table: string): string =>
    `SHOW CREATE TABLE ${quoteName(database)}.${quoteName(table)}`,

  /** Child tables that InnoDB changes by itself: schema, table. */
  cascades:
    "SELECT DISTINCT CONSTRAINT_SCHEMA, TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY CONSTRAINT_SCHEMA, TABLE_NAME",

  /**
   * Before a dump. Checksums: the server refuses to dump a file with checksums to who does not know them; the events that come
   * have them whatever is said here. Both spellings, because MySQL reads either and MariaDB the old one.
   */
  dumpSession: (heartbeatMs: number, replicaUuid: string): string =>
    `SET @source_binlog_checksum = 'CRC32', @master_binlog_checksum = 'CRC32', @source_heartbeat_period = ${heartbeatMs * 1_000_000}, @master_heartbeat_period = ${heartbeatMs * 1_000_000}, @replica_uuid = ${quoteText(replicaUuid)}, @slave_uuid = ${quoteText(replicaUuid)}, @mariadb_slave_capability = 4`,
  /** A dump or a snapshot may be read slowly: the server then waits this long for its socket. */
  patience: 'SET SESSION net_write_timeout = 3600, SESSION net_read_timeout = 3600, SESSION wait_timeout = 28800',
  /** MariaDB starts by GTID when this is set before the dump; an unknown GTID is an error, not the start of the log. */
  mariadbStart: (gtids: string): string =>
    `SET @slave_connect_state = ${quoteText(gtids)}, @slave_gtid_strict_mode = 1, @slave_gtid_ignore_duplicates = 0`,
} as const;
