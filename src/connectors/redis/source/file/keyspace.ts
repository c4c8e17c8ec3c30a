import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { RdbKind } from '../../../../protocol/redis/rdb/rdb-visitor.ts';

export interface SavedKey {
  readonly id: number;
  readonly name: Uint8Array;
  readonly kind: RdbKind;
  /** Milliseconds since 1970. */
  readonly expires: number | null;
  /** Why what it holds is not known. */
  readonly doubt: string | null;
}

/** An element as it is kept: of a list without a name, of a set without a value. */
export interface SavedElement {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  /** Of a field of a hash: when it expires, in milliseconds since 1970; null: it does not. */
  readonly score: number | null;
}

/**
 * What a Redis would hold, on disk: databases of keys of all types, in a file that is thrown away. Memory holds some pages of it, however
 * much there is.
 */
export class Keyspace implements Disposable {
  readonly #folder: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
    this.#db = new DatabaseSync(join(this.#folder, 'keys.db'));
    this.#db.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA locking_mode = EXCLUSIVE;
      CREATE TABLE keys (id INTEGER PRIMARY KEY AUTOINCREMENT, db INTEGER, name BLOB, kind TEXT, expires INTEGER, doubt TEXT, UNIQUE (db, name));
      CREATE TABLE elements (key INTEGER, name BLOB, value BLOB, score REAL, PRIMARY KEY (key, name)) WITHOUT ROWID;
      CREATE INDEX scores ON elements (key, score, name) WHERE score IS NOT NULL;
      CREATE TABLE items (key INTEGER, at INTEGER, value BLOB, PRIMARY KEY (key, at)) WITHOUT ROWID;
      BEGIN`);
  }

  find(db: number, name: Uint8Array): SavedKey | null {
    return (this.get('SELECT id, name, kind, expires, doubt FROM keys WHERE db = ? AND name = ?', db, name) ??
      null) as SavedKey | null;
  }

  /** The key of that name, made where there is none. */
  make(db: number, name: Uint8Array, kind: RdbKind): SavedKey {
    const known = this.find(db, name);
    if (known !== null) return known;
    this.run('INSERT INTO keys (db, name, kind) VALUES (?, ?, ?)', db, name, kind);
    return this.find(db, name)!;
  }

  remove({ id }: SavedKey): void {
    this.run('DELETE FROM elements WHERE key = ?', id);
    this.run('DELETE FROM items WHERE key = ?', id);
    this.run('DELETE FROM keys WHERE id = ?', id);
  }

  /** A key without elements is none. */
  removeIfEmpty(key: SavedKey): void {
    if (key.kind === 'stream') return;
    const table = key.kind === 'list' ? 'items' : 'elements';
    if (this.get(`SELECT 1 FROM ${table} WHERE key = ? LIMIT 1`, key.id) === undefined) this.remove(key);
  }

  put({ id }: SavedKey, name: Uint8Array, value: Uint8Array | null, score: number | null = null): void {
    this.run('INSERT OR REPLACE INTO elements VALUES (?, ?, ?, ?)', id, name, value, score);
  }

  element({ id }: SavedKey, name: Uint8Array): SavedElement | null {
    return (this.get('SELECT name, value, score FROM elements WHERE key = ? AND name = ?', id, name) ??
      null) as SavedElement | null;
  }

  drop({ id }: SavedKey, name: Uint8Array): void {
    this.run('DELETE FROM elements WHERE key = ? AND name = ?', id, name);
  }

  /** Elements of a key in the order of a list, of scores, or of their names. */
  elements({ id, kind }: SavedKey): Iterable<SavedElement> {
    const text =
      kind === 'list'
        ? 'SELECT value FROM items WHERE key = ? ORDER BY at'
        : `SELECT name, value, score FROM elements WHERE key = ? ORDER BY ${kind === 'zset' ? 'score, ' : ''}name`;
    return this.#prepare(text).iterate(id) as unknown as Iterable<SavedElement>;
  }

  /** Keys of a database, oldest first, behind one. */
  // The plus keeps the planner from sorting all names of the database for each key.
  *keys(db: number, behind: number): Generator<SavedKey> {
    for (let last = behind; ; ) {
      const key = this.get(
        'SELECT id, name, kind, expires, doubt FROM keys WHERE +db = ? AND id > ? ORDER BY id LIMIT 1',
        db,
        last,
      ) as unknown as SavedKey | undefined;
      if (key === undefined) return;
      yield key;
      last = key.id;
    }
  }

  run(text: string, ...values: readonly SQLInputValue[]): void {
    this.#prepare(text).run(...values);
  }

  get(text: string, ...values: readonly SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#prepare(text).get(...values);
  }

  all(text: string, ...values: readonly SQLInputValue[]): Record<string, unknown>[] {
    return this.#prepare(text).all(...values);
  }

  [Symbol.dispose](): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}
