import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { StateSpace } from '../operators/incremental/state/state-space.ts';
import { LogCarrier } from './log-carrier.ts';

/** Files of an older one are not read: they are made anew. Those of a newer one are refused. */
export const stateFormat = 2;

/** Whoever only looks at the file has it for less than this many milliseconds, perhaps between a commit and what is written next. */
const lookerMs = 1_000;

/**
 * ```
 * space       id, name                 one for each map of keys
 * entry       space, key, value        what is under them
 * checkpoint  content                  one row, of what moment the entries are; none: of none
 * ```
 * One transaction is open all the time, and committed by `commit`: a process that ends before leaves what the last one
 * left. It writes to a write-ahead log and waits for no disk, which is left to a thread; should power fail meanwhile, the file holds
 * an earlier checkpoint. One process at a time has the file, by its open transaction.
 */
export class StateFile implements AsyncDisposable {
  readonly #database: DatabaseSync;
  readonly #carrier: LogCarrier;
  /** How many rows were written when the last commit was through; null: it has settled. */
  #unsettled: number | null = null;
  readonly #statements = new Map<string, StatementSync>();
  /** By their names. */
  readonly #spaces = new Map<string, FileSpace>();

  /** Throws SQLite's errors: `database is locked` when another process has it. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: lookerMs });
    this.#refuseNewer();
    this.#carrier = new LogCarrier(path);
    try {
      // What does not fit into the cache is in the log before the commit, which has little left to write then.
      this.#database.exec(`PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
        PRAGMA journal_size_limit = 33554432; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;
        PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE`);
      this.#prepareTables();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** What `commit` was last told; null: nothing was ever committed. */
  get checkpoint(): string | null {
    const row = this.#statement('SELECT content FROM checkpoint').get();
    return row === undefined ? null : (row['content'] as string);
  }

  /** The entries of a name; empty when nothing was kept under it. */
  space(name: string): StateSpace & { clear(): void } {
    let space = this.#spaces.get(name);
    if (space === undefined) {
      this.#statement('INSERT OR IGNORE INTO space (name) VALUES (?)').run(name);
      const { id } = this.#statement('SELECT id FROM space WHERE name = ?').get(name) as { readonly id: number };
      space = new FileSpace(this.#database, id);
      this.#spaces.set(name, space);
    }
    return space;
  }

  /** The entries of one name are those of another from now on; of neither was `space` asked for. */
  rename(from: string, to: string): void {
    this.#statement('DELETE FROM space WHERE name = ?').run(to);
    this.#statement('UPDATE space SET name = ? WHERE name = ?').run(to, from);
  }

  /** Removes the entries of every name that `space` was not asked for. */
  forgetOthers(): void {
    for (const { name } of this.#statement('SELECT name FROM space').all() as { readonly name: string }[]) {
      if (this.#spaces.has(name)) continue;
      this.space(name).clear();
      this.#statement('DELETE FROM space WHERE name = ?').run(name);
      this.#spaces.delete(name);
    }
  }

  /** What the spaces hold now is what was at `checkpoint`, for whoever opens the file next; after a power failure too once it has settled. */
  commit(checkpoint: string): void {
    this.#database.exec('DELETE FROM checkpoint');
    this.#statement('INSERT INTO checkpoint VALUES (?)').run(checkpoint);
    this.#database.exec('COMMIT; BEGIN IMMEDIATE');
    this.#unsettled = this.#written;
    this.#carrier.carry();
  }

  /**
   * Whether the last commit is on the disk. Asks, and does not wait. Who writes before makes the log longer by what is written, since it
   * begins anew only when all of it was carried over. Throws SQLite's message when the disk did not take it.
   */
  settle(): boolean {
    if (this.#unsettled === null) return true;
    if (!this.#carrier.isDone) return false;
    // A transaction that sees the log keeps it.
    if (this.#unsettled === this.#written) this.#database.exec('ROLLBACK; BEGIN IMMEDIATE');
    this.#unsettled = null;
    return true;
  }

  /** What was kept is of no use: the next to open the file finds no checkpoint. */
  forget(): void {
    this.#database.exec('ROLLBACK; DELETE FROM checkpoint; BEGIN IMMEDIATE');
  }

  /** What was not committed is taken back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    await this.#carrier[Symbol.asyncDispose]();
  }

  /** How many rows were written since the file was opened. */
  get #written(): number {
    return Number(this.#statement('SELECT total_changes() AS n').get()!['n']);
  }

  /** Before anything is changed in it. */
  #refuseNewer(): void {
    try {
      requireReadableFormat(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  #prepareTables(): void {
    if (formatOf(this.#database) === stateFormat) return;
    this.#database.exec(`DROP TABLE IF EXISTS space; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS checkpoint;
      CREATE TABLE space (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE entry (space INTEGER, key BLOB, value BLOB NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID;
      CREATE TABLE checkpoint (content TEXT NOT NULL);
      PRAGMA user_version = ${stateFormat}; COMMIT; BEGIN IMMEDIATE`);
  }

  #statement(text: string): StatementSync {
    const known = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, known);
    return known;
  }
}

export const formatOf = (database: DatabaseSync): number =>
  database.prepare('PRAGMA user_version').get()!['user_version'] as number;

/** Throws for a file of a newer version of this program. */
export const requireReadableFormat = (database: DatabaseSync): void => {
  const found = formatOf(database);
  if (found > stateFormat)
    throw new Error(`a newer millrace wrote it, in format ${found}; this one reads ${stateFormat}`);
};

class FileSpace implements StateSpace {
  readonly #id: number;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #all: StatementSync;
  readonly #clear: StatementSync;

  constructor(database: DatabaseSync, id: number) {
    this.#id = id;
    this.#get = database.prepare('SELECT value FROM entry WHERE space = ? AND key = ?');
    this.#put = database.prepare('INSERT OR REPLACE INTO entry VALUES (?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM entry WHERE space = ? AND key = ?');
    this.#all = database.prepare('SELECT key, value FROM entry WHERE space = ?');
    this.#clear = database.prepare('DELETE FROM entry WHERE space = ?');
    this.#get.setReturnArrays(true);
    this.#all.setReturnArrays(true);
  }

  get(key: Uint8Array): Uint8Array | null {
    const row = this.#get.get(this.#id, key) as unknown as [Uint8Array] | undefined;
    return row === undefined ? null : row[0];
  }

  put(key: Uint8Array, entry: Uint8Array): void {
    this.#put.run(this.#id, key, entry);
  }

  delete(key: Uint8Array): void {
    this.#delete.run(this.#id, key);
  }

  entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    return this.#all.iterate(this.#id) as unknown as Iterable<readonly [Uint8Array, Uint8Array]>;
  }

  clear(): void {
    this.#clear.run(this.#id);
  }
}
