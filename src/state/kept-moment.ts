import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../core/errors.ts';
import { formatOf, requireReadableFormat, stateFormat } from './state-file.ts';

/**
 * One moment of a state file, for whoever does not run the job: what was last committed when it was opened. It takes part in nothing, and a
 * job that runs goes on; what the job writes meanwhile stays in its log for as long.
 */
export class KeptMoment implements Disposable {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  /** What was committed; null: nothing was. */
  readonly checkpoint: string | null;

  private constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder;
    this.#database = database;
    database.exec('BEGIN');
    requireReadableFormat(database);
    const row = formatOf(database) < stateFormat ? undefined : database.prepare('SELECT content FROM checkpoint').get();
    this.checkpoint = row === undefined ? null : (row['content'] as string);
  }

  /** Null: there is no state in the folder. Throws STATE_UNREADABLE. */
  static open(folder: string): KeptMoment | null {
    const path = join(folder, 'state.db');
    if (!existsSync(path)) return null;
    let database: DatabaseSync | null = null;
    try {
      database = new DatabaseSync(path);
      return new KeptMoment(folder, database);
    } catch (error) {
      database?.close();
      throw unreadable(folder, error);
    }
  }

  /** What stands under a name, read as it is asked for; `read` makes something of it. Throws STATE_UNREADABLE, also for what `read` throws. */
  *entries<Read>(space: string, read: (key: Uint8Array, entry: Uint8Array) => Read): Generator<Read, void, undefined> {
    const rows = this.#database
      .prepare('SELECT key, value FROM entry WHERE space = (SELECT id FROM space WHERE name = ?)')
      .iterate(space);
    for (;;) {
      let found: Read;
      try {
        const next = rows.next();
        if (next.done === true) return;
        found = read(next.value['key'] as Uint8Array, next.value['value'] as Uint8Array);
      } catch (error) {
        throw unreadable(this.#folder, error);
      }
      yield found;
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

const unreadable = (folder: string, error: unknown): MillraceError =>
  new MillraceError('STATE_UNREADABLE', { folder, reason: (error as Error).message }, { cause: error });
