import { isMillraceError, MillraceError } from '../../core/errors.ts';

/** What mysql2 throws, and what an ERR packet of a dump becomes. */
interface DriverError extends Error {
  readonly code?: string;
  readonly errno?: number;
  /** Which call of the operating system failed: `read`, `write`. */
  readonly syscall?: string;
}

/** Login refused: wrong password, unknown user or host, an authentication plugin that the driver lacks. */
const loginErrors = new Set([1045, 1130, 1251, 1698, 1820, 1862, 3118, 3955, 4151]);
/** A right is missing: database, table, column, SUPER-like privilege, routine. */
const grantErrors = new Set([1044, 1142, 1143, 1227, 1370]);
/** Full, locked, starting or stopping: works again without anybody acting. */
const busyErrors = new Set([
  1040, 1041, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 3024, 3168, 3169,
]);

export interface FailureContext {
  readonly address: string;
  readonly user: string;
  /** What was being done: `SHOW BINARY LOGS`. */
  readonly what: string;
}

/** Turns whatever the driver or the server said into one of our errors. */
export const mysqlFailure = (cause: unknown, context: FailureContext): MillraceError => {
  if (isMillraceError(cause)) return cause;
  const error = cause as DriverError;
  const { address, user } = context;
  const number = error.errno ?? 0;
  const code = error.code ?? '';
  const options = { cause };
  if (loginErrors.has(number) || code === 'AUTH_SWITCH_PLUGIN_ERROR') {
    return new MillraceError('MYSQL_ACCESS_DENIED', { address, user }, options);
  }
  if (grantErrors.has(number)) {
    return new MillraceError(
      'MYSQL_MISSING_GRANT',
      {
        grant: neededGrant(error.message),
        user,
        on: number === 1227 ? '*.*' : context.what,
      },
      options,
    );
  }
  if (busyErrors.has(number)) {
    return new MillraceError('MYSQL_SERVER_BUSY', { address, number, reason: error.message }, options);
  }
  if (
    code === 'HANDSHAKE_NO_SSL_SUPPORT' ||
    (code === 'HANDSHAKE_SSL_ERROR' && !isBrokenHandshake(error)) ||
    /^ERR_(TLS|SSL)|CERT|SIGNATURE/.test(code)
  ) {
    return new MillraceError('MYSQL_TLS', { address, reason: error.message }, options);
  }
  if (code === 'ETIMEDOUT' || code === 'PROTOCOL_SEQUENCE_TIMEOUT') {
    return new MillraceError('NET_UNREACHABLE', { address, reason: `no answer in time to ${context.what}` }, options);
  }
  if (number > 0) return new MillraceError('MYSQL_SERVER_REFUSED', { address, number, reason: error.message }, options);
  return new MillraceError('NET_CLOSED', { address }, options);
};

/**
 * The connection broke in the middle of the TLS handshake, which says nothing about TLS. mysql2 gives every error of a handshake
 * one code of its own, so Node's words and the system call are what is left to tell it by.
 */
const isBrokenHandshake = ({ syscall, message }: DriverError): boolean =>
  syscall !== undefined || message.startsWith('Client network socket disconnected before secure TLS connection');

export interface DumpFailureContext {
  readonly address: string;
  readonly user: string;
  readonly start:
    | { readonly by: 'gtid'; readonly gtids: string }
    | { readonly by: 'file'; readonly file: string; readonly offset: number };
  readonly identity: { readonly serverId: number };
}

/**
 * What an error of a dump means. The server has one number (1236) for everything that can be wrong with a replica's request and
 * says only in words what it is; the words are those of MySQL 5.6 to 9.7 and MariaDB 10.5 to 12.
 */
export const dumpFailure = (cause: unknown, context: DumpFailureContext): unknown => {
  if (!isMillraceError(cause, 'MYSQL_SERVER_ERROR')) return cause;
  const { code, message } = cause.details;
  const { address, start, identity } = context;
  const wanted = start.by === 'gtid' ? start.gtids : `${start.file}:${start.offset}`;
  const options = { cause };
  // The login is over: what is refused here is the dump. MySQL says 1227, MariaDB 1045.
  if (code === 1227 || code === 1045) {
    return new MillraceError(
      'MYSQL_MISSING_GRANT',
      { grant: 'REPLICATION SLAVE', user: context.user, on: '*.*' },
      options,
    );
  }
  // MySQL says 1236, MariaDB since 11 a number of its own, 4052.
  if (/same server_uuid|same server_id|server_uuid\/server_id/i.test(message)) {
    return new MillraceError('MYSQL_SERVER_ID_IN_USE', { address, serverId: identity.serverId }, options);
  }
  if (code !== fatalDumpError) {
    const error = Object.assign(new Error(message), { errno: code });
    return mysqlFailure(error, { address, user: context.user, what: 'binlog dump' });
  }
  if (/purged|first log file|too old/i.test(message)) {
    return new MillraceError('MYSQL_BINLOG_PURGED', { wanted, oldest: 'not said by the server' }, options);
  }
  if (/more GTIDs than|not in the master's binlog|not in the primary's binlog|diverge/i.test(message)) {
    return new MillraceError('MYSQL_SERVER_DIVERGED', { address, extra: wanted }, options);
  }
  if (/max_allowed_packet/i.test(message)) {
    return new MillraceError('MYSQL_PACKET_TOO_LARGE', { address, reason: message }, options);
  }
  if (/position|truncated in the middle|corrupt|bogus data|could not open log file/i.test(message)) {
    return new MillraceError('MYSQL_POSITION', { position: wanted, reason: message }, options);
  }
  return new MillraceError('MYSQL_SERVER_REFUSED', { address, number: code, reason: message }, options);
};

/** ER_MASTER_FATAL_ERROR_READING_BINLOG */
const fatalDumpError = 1236;

/** Whether the server answered a statement with this error number. */
export const isServerError = (error: unknown, number: number): boolean =>
  error instanceof MillraceError && (error.cause as DriverError | undefined)?.errno === number;

/** `Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)`; `SELECT command denied to user …`. */
const neededGrant = (message: string): string => {
  // Of several that would do, SUPER is the one that nobody should hand out for this.
  const any = /the (.+?) privilege/
    .exec(message)?.[1]
    ?.replace(/^SUPER, /, '')
    .replaceAll(', ', ' or ');
  return any ?? /^(\w+) command denied/.exec(message)?.[1] ?? 'a privilege';
};
