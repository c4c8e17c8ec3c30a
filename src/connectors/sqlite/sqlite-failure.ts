import { MillraceError } from '../../core/errors.ts';

/** What node:sqlite throws: `errcode` is SQLite's extended result code, whose low byte is the primary one. */
interface SqliteError extends Error {
  readonly code: string;
  readonly errcode?: number;
}

/** https://www.sqlite.org/rescode.html */
const resultCode = {
  ERROR: 1,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  NOTADB: 26,
};

/** The MillraceError that stands for what SQLite said while it should `action`; everything else is passed through. */
export const sqliteFailure = (error: unknown, path: string, action: string, table: string | null = null): unknown => {
  const { code, errcode, message } = error as SqliteError;
  const cause = { cause: error };
  // Values that node:sqlite cannot bind never reach SQLite.
  const unbindable = code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE' || code === 'ERR_OUT_OF_RANGE';
  if (unbindable && table !== null) {
    return new MillraceError('SINK_ROW_REFUSED', { sink: path, table, reason: 'a value it cannot store' }, cause);
  }
  if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return error;
  switch (errcode & 0xff) {
    case resultCode.BUSY:
    case resultCode.LOCKED:
      return new MillraceError('SQLITE_BUSY', { path }, cause);
    case resultCode.FULL:
      return new MillraceError('SINK_DISK_FULL', { sink: path }, cause);
    case resultCode.CORRUPT:
      return new MillraceError('SQLITE_CORRUPT', { path, reason: message }, cause);
    case resultCode.NOTADB:
      return new MillraceError('SQLITE_NOT_A_DATABASE', { path }, cause);
    case resultCode.READONLY:
    case resultCode.CANTOPEN:
      return new MillraceError('SQLITE_CANNOT_OPEN', { path, reason: message }, cause);
    case resultCode.CONSTRAINT:
    case resultCode.MISMATCH:
    case resultCode.TOOBIG:
      if (table !== null) return new MillraceError('SINK_ROW_REFUSED', { sink: path, table, reason: message }, cause);
      break;
  }
  return new MillraceError('SQLITE_FAILED', { path, action, reason: message }, cause);
};

/** The same for a definition that should be followed: what SQLite refuses to alter is told from a database that cannot be written. */
export const sqliteSchemaFailure = (error: unknown, path: string, table: string): unknown => {
  const { code, errcode, message } = error as SqliteError;
  const refusals: readonly number[] = [resultCode.ERROR, resultCode.CONSTRAINT, resultCode.MISMATCH];
  if (code === 'ERR_SQLITE_ERROR' && errcode !== undefined && refusals.includes(errcode & 0xff)) {
    return new MillraceError('SINK_SCHEMA_REFUSED', { sink: path, table, reason: message }, { cause: error });
  }
  return sqliteFailure(error, path, 'follow a definition', table);
};
