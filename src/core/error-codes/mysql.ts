import type { ErrorEntry } from './entry.ts';

export const mysqlErrors = {
  MYSQL_ACCESS_DENIED: {
    retryable: false,
    message: (d: { readonly address: string; readonly user: string }) => `${d.address} refuses the login of ${d.user}`,
    hint: 'Check username and password, and that the account may log in from this host: SELECT user, host, plugin FROM mysql.user.',
  },
  MYSQL_TLS: {
    retryable: false,
    message: (d: { readonly address: string; readonly reason: string }) =>
      `no TLS connection to ${d.address}: ${d.reason}`,
    hint: 'Set ssl.mode to what the server offers, and ssl.ca to the PEM file of the authority that signed its certificate.',
  },
  MYSQL_MISSING_GRANT: {
    retryable: false,
    message: (d: { readonly grant: string; readonly user: string; readonly on: string }) =>
      `${d.user} lacks ${d.grant} on ${d.on}`,
    hint: 'As an administrator: GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO that user; SELECT may be granted on the captured tables alone.',
  },
  MYSQL_SERVER_REFUSED: {
    retryable: false,
    message: (d: { readonly address: string; readonly number: number; readonly reason: string }) =>
      `${d.address} answers error ${d.number}: ${d.reason}`,
    hint: 'Look the number up in the MySQL error reference; the server log often says more.',
  },
  MYSQL_SERVER_BUSY: {
    retryable: true,
    message: (d: { readonly address: string; readonly number: number; readonly reason: string }) =>
      `${d.address} cannot serve now, error ${d.number}: ${d.reason}`,
    hint: 'millrace tries again by itself. When it lasts, look at max_connections, locks and whether the server is shutting down.',
  },
  MYSQL_BINLOG_OFF: {
    retryable: false,
    message: (d: { readonly address: string }) => `${d.address} writes no binlog`,
    hint: "Set log_bin=binlog and a server_id in the server's configuration file, then restart it.",
  },
  MYSQL_BINLOG_FORMAT: {
    retryable: false,
    message: (d: { readonly address: string; readonly format: string }) =>
      `${d.address} logs statements instead of rows (binlog_format ${d.format})`,
    hint: "SET PERSIST binlog_format = 'ROW' (MariaDB: SET GLOBAL, and in its configuration file), then let applications reconnect.",
  },
  MYSQL_STATEMENT_FORMAT: {
    retryable: false,
    message: (d: { readonly file: string; readonly offset: number; readonly verb: string }) =>
      `${d.file}:${d.offset} holds a ${d.verb} statement instead of its rows`,
    hint: 'A session wrote with binlog_format STATEMENT or MIXED, so the changed rows are not in the log. Set ROW for every session, then take a new snapshot.',
  },
  MYSQL_ROW_IMAGE: {
    retryable: false,
    message: (d: { readonly address: string; readonly image: string }) =>
      `${d.address} logs incomplete rows (binlog_row_image ${d.image})`,
    hint: "SET PERSIST binlog_row_image = 'FULL' (MariaDB: SET GLOBAL, and in its configuration file), then let applications reconnect.",
  },
  MYSQL_PARTIAL_JSON: {
    retryable: false,
    message: (d: { readonly address: string }) =>
      `${d.address} logs JSON changes without the document they apply to (PARTIAL_JSON with binlog_row_image MINIMAL)`,
    hint: "SET PERSIST binlog_row_image = 'FULL', or SET PERSIST binlog_row_value_options = ''.",
  },
  MYSQL_ROW_METADATA: {
    retryable: false,
    message: (d: { readonly address: string; readonly metadata: string }) =>
      `${d.address} logs no column names (binlog_row_metadata ${d.metadata})`,
    hint: "millrace follows DDL instead, which needs an unbroken history. SET PERSIST binlog_row_metadata = 'FULL' makes every event self-describing.",
  },
  MYSQL_GTID_OFF: {
    retryable: false,
    message: (d: { readonly address: string; readonly mode: string }) =>
      `${d.address} has no GTIDs (gtid_mode ${d.mode})`,
    hint: "Positions then name this server's files, so another server cannot take over. Switch gtid_mode to ON in the steps of the MySQL manual.",
  },
  MYSQL_BINLOG_PURGED: {
    retryable: false,
    message: (d: { readonly wanted: string; readonly oldest: string }) =>
      `the log at ${d.wanted} is gone; the oldest that is left is ${d.oldest}`,
    hint: 'Changes in between are lost to this pipeline: take a new snapshot. Raise binlog_expire_logs_seconds so that a longer pause is survived.',
  },
  MYSQL_SERVER_DIVERGED: {
    retryable: false,
    message: (d: { readonly address: string; readonly extra: string }) =>
      `${d.address} never had transactions that the sink already holds: ${d.extra}`,
    hint: 'The server was restored from a backup, or a replica that was behind took over. Point hostname at the server that has them, or take a new snapshot.',
  },
  MYSQL_SERVER_RESET: {
    retryable: false,
    message: (d: { readonly address: string; readonly wanted: string; readonly found: string }) =>
      `the log of ${d.address} was started anew: the sink stands at ${d.wanted}, the server has ${d.found}`,
    hint: 'RESET BINARY LOGS AND GTIDS, or a restore, threw the log away. Take a new snapshot.',
  },
  MYSQL_OTHER_SERVER: {
    retryable: false,
    message: (d: { readonly address: string; readonly held: string; readonly found: string }) =>
      `${d.address} is server ${d.found}, but the position belongs to server ${d.held}`,
    hint: 'Without GTIDs a file and position mean nothing on another server. Point hostname back, or take a new snapshot; gtid_mode=ON avoids this.',
  },
  MYSQL_SERVER_ID_IN_USE: {
    retryable: false,
    message: (d: { readonly address: string; readonly serverId: number }) =>
      `another replica of ${d.address} uses server id ${d.serverId}`,
    hint: 'Look whether this pipeline runs twice, and end one: of two readers with one id, the server ends the older. Otherwise give each reader its own `server-id`, or leave the setting out so that a free one is picked; on MariaDB that needs the grant REPLICATION MASTER ADMIN, to see the others. SHOW REPLICAS (MariaDB: SHOW SLAVE HOSTS) lists those in use.',
  },
  MYSQL_POSITION: {
    retryable: false,
    message: (d: { readonly position: string; readonly reason: string }) =>
      `cannot start at ${d.position}: ${d.reason}`,
    hint: 'SHOW BINARY LOGS lists the files and their sizes; a position must be where a transaction begins.',
  },
  MYSQL_BINLOG_FILES: {
    retryable: false,
    message: (d: { readonly path: string; readonly reason: string }) =>
      `cannot read binlog files at ${d.path}: ${d.reason}`,
    hint: 'Name binlog files, or the folder that holds them, in `binlog.files`. When one breaks off or is missing, what stands before was written: copy it again whole and run the pipeline again. Files that are named one by one may leave others out.',
  },
  MYSQL_PACKET_TOO_LARGE: {
    retryable: false,
    message: (d: { readonly address: string; readonly reason: string }) =>
      `${d.address} cannot send an event of its log: ${d.reason}`,
    hint: 'SET GLOBAL max_allowed_packet = 1073741824 on the server; an event larger than that cannot be replicated at all.',
  },
  MYSQL_INCIDENT: {
    retryable: false,
    message: (d: { readonly file: string; readonly offset: number; readonly reason: string }) =>
      `the server lost changes before it could log them, at ${d.file}:${d.offset}: ${d.reason}`,
    hint: "The log is incomplete at this place, by the server's own account. Take a new snapshot.",
  },
  MYSQL_UNEXPECTED_EVENT: {
    retryable: false,
    message: (d: { readonly event: string; readonly file: string; readonly offset: number; readonly reason: string }) =>
      `${d.event} event at ${d.file}:${d.offset}: ${d.reason}`,
    hint: 'The log is damaged, or written in a way not seen before. `millrace binlog dump` shows what stands around that place.',
  },
  MYSQL_SCHEMA_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly file: string; readonly offset: number; readonly reason: string }) =>
      `rows of ${d.table} at ${d.file}:${d.offset} fit no known definition: ${d.reason}`,
    hint: 'The log names no columns there. Start at a later position or with a snapshot, and set binlog_row_metadata=FULL so that the log describes itself.',
  },
  MYSQL_DEFINITION_UNREADABLE: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `the definition of ${d.table} cannot be read: ${d.reason}`,
    hint: 'Leave the table out with tables.exclude, and report its SHOW CREATE TABLE.',
  },
  MYSQL_XA_NO_ROOM: {
    retryable: true,
    message: (d: { readonly folder: string; readonly reason: string }) =>
      `rows of a prepared XA transaction do not fit in memory, and not in ${d.folder}: ${d.reason}`,
    hint: 'Free space there, or set TMPDIR to a folder with more, or raise scan.transaction.max.size (sixteen times that may wait in memory). millrace tries again by itself.',
  },
  MYSQL_XA_UNKNOWN: {
    retryable: false,
    message: (d: { readonly xid: string; readonly file: string; readonly offset: number }) =>
      `${d.file}:${d.offset} commits XA transaction ${d.xid}, which was prepared before this pipeline began to read`,
    hint: 'Its rows stand in the log before that place, so they are missing here. Take a new snapshot while no XA transaction is prepared (XA RECOVER lists them).',
  },
  MYSQL_RETENTION: {
    retryable: false,
    message: (d: { readonly address: string; readonly seconds: number }) =>
      `${d.address} deletes binlogs after ${d.seconds} s`,
    hint: 'A pipeline that is down for longer needs a new snapshot. SET PERSIST binlog_expire_logs_seconds = 604800 keeps a week.',
  },
  MYSQL_NO_PRIMARY_KEY: {
    retryable: false,
    message: (d: { readonly tables: string }) => `without a primary key: ${d.tables}`,
    hint: 'A snapshot reads such a table in one piece, and a mirror finds its rows by all their values. ALTER TABLE … ADD PRIMARY KEY.',
  },
  MYSQL_CASCADES_NOT_LOGGED: {
    retryable: false,
    message: (d: { readonly tables: string }) => `changes by foreign-key cascades are not logged: ${d.tables}`,
    hint: 'MariaDB, and MySQL before 9.6, run ON DELETE/UPDATE CASCADE inside InnoDB without logging the child rows. Use triggers or application code instead, or verify those tables.',
  },
  MYSQL_TABLES_HIDDEN: {
    retryable: false,
    message: (d: { readonly user: string; readonly on: string }) =>
      `${d.user} may not read all of ${d.on}; tables that it may not read are not listed, so \`tables\` may mean some that no snapshot reads`,
    hint: 'GRANT SELECT on the whole database, or name each table, so that one that may not be read is refused at once. When the log brings rows of such a table, the pipeline stops with MYSQL_MISSING_GRANT.',
  },
  MYSQL_DEFINITIONS_LOST: {
    retryable: false,
    message: (d: { readonly address: string; readonly at: string }) =>
      `a position in the log of ${d.address} is held, but not the table definitions as of that place, and the log names no columns at ${d.at}`,
    hint: "The position of the lane `…/schema` was deleted. Rows could come under wrong column names, so nothing is read. Restore that position; or set `scan.lost-log: snapshot`, which reads all tables again; or delete the pipeline's other positions too and begin anew.",
  },
  MYSQL_REPLICA_NOT_LOGGING: {
    retryable: false,
    message: (d: { readonly address: string }) =>
      `${d.address} is a replica that does not log what it applies (log_replica_updates OFF)`,
    hint: 'Its binlog holds none of the changes that come from its source. Set log_replica_updates=ON (MariaDB and old versions: log_slave_updates) in its configuration file and restart it, or read from its source.',
  },
  MYSQL_REPLICA_STOPPED: {
    retryable: false,
    message: (d: { readonly address: string; readonly source: string; readonly state: string }) =>
      `${d.address} is a replica of ${d.source} and does not follow it: ${d.state}`,
    hint: 'A pipeline that reads it stands still with it. SHOW REPLICA STATUS says why; START REPLICA lets it go on.',
  },
  MYSQL_SMALL_PACKETS: {
    retryable: false,
    message: (d: { readonly address: string; readonly bytes: number }) =>
      `${d.address} sends at most ${d.bytes} bytes at once (max_allowed_packet)`,
    hint: 'An event of its log that is larger stops the pipeline. SET PERSIST max_allowed_packet = 67108864 (MariaDB: SET GLOBAL, and in its configuration file).',
  },
  MYSQL_NO_TABLES: {
    retryable: false,
    message: (d: { readonly patterns: string }) => `no table matches ${d.patterns}`,
    hint: 'Patterns are `database.table`; a dot inside a regular expression is written `\\.`, so every table of shop is `shop.\\.*`.',
  },
} as const satisfies Record<string, ErrorEntry>;
