import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a state file says, to whoever does not run the job. */
interface StateLook {
  /** What was last committed; null: nothing was. */
  readonly checkpoint: string | null;
  /** A process has it open. */
  readonly isInUse: boolean;
}

/** Null: there is no state in the folder, or it cannot be read. Takes part in nothing, so a job that runs goes on. */
export const lookAtState = (folder: string): StateLook | null => {
  const path = join(folder, 'state.db');
  if (!existsSync(path)) return null;
  try {
    using database = new DatabaseSync(path);
    const row = database.prepare('SELECT content FROM checkpoint').get();
    return { checkpoint: row === undefined ? null : (row['content'] as string), isInUse: isInUse(database) };
  } catch {
    return null;
  }
};

/** A job has one transaction open all the time. */
const isInUse = (database: DatabaseSync): boolean => {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch {
    return true;
  }
};
