import { isMillraceError, MillraceError } from '../../core/errors.ts';

/** What mysql2 throws, and what an ERR packet of a dump becomes. */
interface DriverError extends Error {
  readonly code?: string;
  readonly errno?: number;
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
      { grant: neededGrant(error.message), user, on: context.what },
      options,
    );
  }
  if (busyErrors.has(number)) {
    return new MillraceError('MYSQL_SERVER_BUSY', { address, number, reason: error.message }, options);
  }
  if (
    code === 'HANDSHAKE_NO_SSL_SUPPORT' ||
    code === 'HANDSHAKE_SSL_ERROR' ||
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

/** `Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)`; `SELECT command denied to user …`. */
const neededGrant = (message: string): string =>
  /the (.+?) privilege/.exec(message)?.[1] ?? /^(\w+) command denied/.exec(message)?.[1] ?? 'a privilege';
