import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Problem } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/** Whether the file can be made, or is a database that can be written. It is not changed. */
export const checkSqlite = (path: string): readonly Problem[] => {
  const folder = dirname(path);
  try {
    accessSync(folder, constants.W_OK);
    if (!existsSync(path)) return [];
    accessSync(path, constants.W_OK);
  } catch (error) {
    return [problemOf(new MillraceError('SQLITE_CANNOT_OPEN', { path, reason: (error as Error).message }))];
  }
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      db.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      db.close();
    }
    return [];
  } catch (error) {
    const failure = sqliteFailure(error, path, 'open the database');
    if (isMillraceError(failure)) return [problemOf(failure)];
    throw error;
  }
};

const problemOf = (error: MillraceError): Problem => ({
  code: error.code,
  message: error.message,
  remedy: error.hint,
  severity: error.retryable ? 'warning' : 'error',
});
