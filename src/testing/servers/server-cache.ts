import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where unpacked servers are kept between runs. */
export const serverCache = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'millrace', 'servers');

/**
 * Runs `work` while no other process runs under the same lock file. The lock is SQLite's own on that file, so the system lets
 * go of it when its holder dies, however it dies.
 */
export const exclusively = async <T>(lockFile: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(dirname(lockFile), { recursive: true });
  const lock = new DatabaseSync(lockFile);
  try {
    while (!take(lock)) await sleep(50);
    return await work();
  } finally {
    lock.close();
  }
};

const sqliteBusy = 5;

const take = (lock: DatabaseSync): boolean => {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === sqliteBusy) return false;
    throw error;
  }
};
