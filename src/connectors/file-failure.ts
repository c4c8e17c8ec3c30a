import { isMillraceError, MillraceError } from '../core/errors.ts';

/**
 * The MillraceError that stands for what the operating system or SQLite said; everything else is passed through. `record`: the
 * position file.
 */
export const fileFailure = (error: unknown, path: string, record = `${path}.position`): unknown => {
  if (isMillraceError(error)) return error;
  const { code, errcode, message } = error as NodeJS.ErrnoException & { readonly errcode?: number };
  const cause = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT' || primary(errcode) === sqlite.FULL) {
    return new MillraceError('SINK_DISK_FULL', { sink: path }, cause);
  }
  if (code === 'EPIPE') return new MillraceError('SINK_PIPE_CLOSED', { sink: path }, cause);
  if (primary(errcode) === sqlite.BUSY || primary(errcode) === sqlite.LOCKED) {
    return new MillraceError('SQLITE_BUSY', { path: record }, cause);
  }
  if (primary(errcode) === sqlite.NOTADB) {
    return new MillraceError('SQLITE_NOT_A_DATABASE', { path: record }, cause);
  }
  if (errcode !== undefined || (error as NodeJS.ErrnoException).syscall !== undefined) {
    return new MillraceError('SINK_WRITE_FAILED', { sink: path, reason: message }, cause);
  }
  return error;
};

/** https://www.sqlite.org/rescode.html: the low byte of an extended result code is the primary one. */
const sqlite = { BUSY: 5, LOCKED: 6, FULL: 13, NOTADB: 26 };

const primary = (errcode: number | undefined): number => (errcode ?? 0) & 0xff;
