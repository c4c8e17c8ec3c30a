import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';
import { serverCache } from './server-cache.ts';

/**
 * Every server that runs has an entry on disk naming it and the process that started it. When that process ends, by itself, by
 * a signal or by a crash, its servers end with it; those of a process that was killed outright are ended by the next launch.
 */
interface Entry {
  readonly server: ProcessIdentity;
  readonly owner: ProcessIdentity;
  /** Removed with the server; null: the data is the caller's. */
  readonly folder: string | null;
}

const mine = new Map<string, Entry>();

/** Notes a server that this process started. `folder` is thrown away when the server's owner ends. */
export const enter = (pid: number, folder: string | null): void => {
  const server = identify(pid);
  const owner = identify(process.pid);
  if (server === null || owner === null) return;
  const path = join(ledger(), `${pid}.json`);
  mkdirSync(ledger(), { recursive: true });
  const entry: Entry = { server, owner, folder };
  writeFileSync(path, JSON.stringify(entry));
  mine.set(path, entry);
  endWithThisProcess();
};

/** Strikes out a server that has ended. */
export const strike = (pid: number): void => {
  const path = join(ledger(), `${pid}.json`);
  mine.delete(path);
  rmSync(path, { force: true });
};

/** Ends the servers whose owner is gone, and throws their data away. */
export const sweep = (): void => {
  let names: string[] = [];
  try {
    names = readdirSync(ledger());
  } catch {
    return;
  }
  for (const name of names) {
    const path = join(ledger(), name);
    const entry = read(path);
    if (entry !== null && !isRunning(entry.owner)) end(path, entry);
  }
};

const ledger = (): string => join(serverCache(), 'running');

const read = (path: string): Entry | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Entry;
  } catch {
    // Half written by its owner at this moment, or struck out since it was listed.
    return null;
  }
};

const end = (path: string, entry: Entry): void => {
  if (isRunning(entry.server)) process.kill(entry.server.pid, 'SIGKILL');
  if (entry.folder !== null) rmSync(entry.folder, { recursive: true, force: true, maxRetries: 5 });
  rmSync(path, { force: true });
};

const endMine = (): void => {
  for (const [path, entry] of mine) end(path, entry);
  mine.clear();
};

let watching = false;

const endWithThisProcess = (): void => {
  if (watching) return;
  watching = true;
  process.on('exit', endMine);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = (): void => {
      // A program with its own handler ends in its own time, and then 'exit' comes.
      if (process.listenerCount(signal) > 1) return;
      endMine();
      process.off(signal, onSignal);
      process.kill(process.pid, signal);
    };
    process.on(signal, onSignal);
  }
};
