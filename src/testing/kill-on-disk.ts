import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Ends something that writes to `folder` and leaves the files there as they are now, unfinished ones too: what a `kill -9` at
 * this moment leaves. The handles are closed all the same, since this process lives on.
 */
export const killOnDisk = async (folder: string, end: AsyncDisposable): Promise<void> => {
  const kept = mkdtempSync(join(tmpdir(), 'millrace-killed-'));
  try {
    cpSync(folder, kept, { recursive: true });
    await end[Symbol.asyncDispose]();
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    cpSync(kept, folder, { recursive: true });
  } finally {
    rmSync(kept, { recursive: true });
  }
};
