import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../core/errors.ts';
import { formatOf, requireReadableFormat, stateFormat } from './state-file.ts';

/** What a state file says, to whoever does not run the job. */
interface StateLook {
  /** What was last committed; null: nothing was. */
  readonly checkpoint: string | null;
  /** A process has it open. */
  readonly isInUse: boolean;
  /** What stands under each name. */
  readonly spaces: ReadonlyMap<string, SpaceSize>;
}

export interface SpaceSize {
  readonly keys: number;
  /** Of keys and entries. */
  readonly bytes: number;
}

/**
 * Null: there is no state in the folder. Reads one moment of it, and takes part in nothing, so a job that runs goes on. Throws
 * STATE_UNREADABLE.
 */
export const lookAtState = (folder: string): StateLook | null => {
  const path = join(folder, 'state.db');
  if (!existsSync(path)) return null;
  try {
    using database = new DatabaseSync(path);
    const inUse = isInUse(database);
    database.exec('BEGIN');
    requireReadableFormat(database);
    if (formatOf(database) < stateFormat) return { checkpoint: null, isInUse: inUse, spaces: new Map() };
    const row = database.prepare('SELECT content FROM checkpoint').get();
    const spaces = database
      .prepare(
        `SELECT name, COUNT(key) AS keys, COALESCE(SUM(LENGTH(key) + LENGTH(value)), 0) AS bytes
          FROM space LEFT JOIN entry ON entry.space = space.id GROUP BY space.id`,
      )
      .all() as unknown as readonly (SpaceSize & { readonly name: string })[];
    return {
      checkpoint: row === undefined ? null : (row['content'] as string),
      isInUse: inUse,
      spaces: new Map(spaces.map(({ name, keys, bytes }) => [name, { keys, bytes }])),
    };
  } catch (error) {
    throw new MillraceError('STATE_UNREADABLE', { folder, reason: (error as Error).message }, { cause: error });
  }
};

/** A job has one transaction open all the time. */
const isInUse = (database: DatabaseSync): boolean => {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if (/locked/.test((error as Error).message)) return true;
    throw error;
  }
};
