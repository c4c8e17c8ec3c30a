import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../core/errors.ts';
import { StateFile } from './state-file.ts';
import { TickJournal } from './tick-journal.ts';

/** What one job keeps on disk, in a folder of its own. */
export interface State extends AsyncDisposable {
  readonly file: StateFile;
  readonly journal: TickJournal;
}

/** Makes the folder when it is not there. Throws STATE_IN_USE, and STATE_UNREADABLE for what is damaged or cannot be written. */
export const openState = (folder: string): State => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = new StateFile(join(folder, 'state.db'));
    const journal = new TickJournal(folder);
    return {
      file,
      journal,
      [Symbol.asyncDispose]: async () => {
        journal[Symbol.dispose]();
        await file[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    const { message: reason } = error as Error;
    if (/database is locked/.test(reason)) throw new MillraceError('STATE_IN_USE', { folder }, { cause: error });
    throw new MillraceError('STATE_UNREADABLE', { folder, reason }, { cause: error });
  }
};
