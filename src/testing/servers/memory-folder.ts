import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const folder = '/dev/shm';
/** The servers of a whole run hold 1 to 2 GiB of data and logs. */
const roomNeeded = 4 * 2 ** 30;
const memoryNeeded = 8 * 2 ** 30;

/**
 * Where data may live that is thrown away: in memory where there is plenty of it, else the system's temporary folder. A definition's
 * change waits for the disk whatever a server's settings, on a busy disk for many seconds.
 */
export const memoryFolder = (): string => {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= roomNeeded && process.availableMemory() >= memoryNeeded ? folder : tmpdir();
  } catch {
    return tmpdir();
  }
};
