import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import type { Key, KeyRange, RowPage } from '../../../core/reader.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { sortKey } from './sort-key.ts';

const pageBytes = 4 * 1_048_576;
const rowsPerPiece = 1_000;

/**
 * The rows of one table as a replayed topic leaves them, in a table of a temporary database: by their key, or, where they have none,
 * each with how often it is there.
 */
export class ReplayedRows {
  readonly #table: Table;
  readonly #db: DatabaseSync;
  readonly #name: string;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #find: StatementSync;
  readonly #page: StatementSync;

  /** `name`: of the table in the database, which is made anew. */
  constructor(db: DatabaseSync, name: string, table: Table) {
    this.#table = table;
    this.#db = db;
    this.#name = name;
    db.exec(
      `DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (key BLOB PRIMARY KEY, row BLOB, times INT) WITHOUT ROWID`,
    );
    // Without a key, what is taken away may come from another partition before what was added.
    const counted = (by: 1 | -1): string =>
      `INSERT INTO ${name} VALUES (?, ?, ${by}) ON CONFLICT DO UPDATE SET times = times + ${by}`;
    this.#put = db.prepare(this.hasKey ? `INSERT OR REPLACE INTO ${name} VALUES (?, ?, 1)` : counted(1));
    this.#remove = db.prepare(this.hasKey ? `DELETE FROM ${name} WHERE key = ?` : counted(-1));
    this.#find = db.prepare(`SELECT row FROM ${name} WHERE key = ?`);
    this.#page = db.prepare(
      `SELECT row, times FROM ${name} WHERE (?1 IS NULL OR key > ?1) AND (?2 IS NULL OR key <= ?2) ORDER BY key LIMIT ?3`,
    );
  }

  get hasKey(): boolean {
    return this.#table.primaryKey.length > 0;
  }

  /** A row as it is now; without a key, one more of it. */
  put(row: Row): void {
    // Whoever replays a topic finds no value where there is none in a record.
    const whole = row.map((value) => value ?? null);
    this.#put.run(this.hasKey ? this.#keyOf(whole) : valuesOf(whole), serialize(whole));
  }

  /** The row with this row's key is gone; without a key, one of these. */
  remove(row: Row): void {
    if (this.hasKey) this.#remove.run(this.#keyOf(row));
    else {
      const whole = row.map((value) => value ?? null);
      this.#remove.run(valuesOf(whole), serialize(whole));
    }
  }

  /** A row has another key than it had. */
  hasMoved(before: Row, after: Row): boolean {
    const { primaryKey } = this.#table;
    if (primaryKey.some((at) => before[at] === undefined)) return false;
    return !this.#keyOf(before).equals(this.#keyOf(after));
  }

  clear(): void {
    this.#db.exec(`DELETE FROM ${this.#name}`);
  }

  find(key: Key): Row | null {
    const found = this.#find.get(sortKey(this.#table, key));
    return found === undefined ? null : rowIn(found['row']);
  }

  page({ after, upTo }: KeyRange, limit: number): RowPage {
    const bound = (key: Key | null): Buffer | null => (key === null ? null : sortKey(this.#table, key));
    const rows: Row[] = [];
    let bytes = 0;
    // One more says whether there are more.
    for (const found of this.#page.iterate(bound(after), bound(upTo), limit + 1)) {
      if (rows.length === limit || bytes > pageBytes) return { rows, last: false };
      rows.push(rowIn(found['row']));
      bytes += (found['row'] as Uint8Array).length;
    }
    return { rows, last: true };
  }

  *scan(): Generator<readonly Row[]> {
    let piece: Row[] = [];
    for (const found of this.#db.prepare(`SELECT row, times FROM ${this.#name} WHERE times > 0`).iterate()) {
      const row = rowIn(found['row']);
      for (let time = 0; time < Number(found['times']); time += 1) piece.push(row);
      if (piece.length < rowsPerPiece) continue;
      yield piece;
      piece = [];
    }
    if (piece.length > 0) yield piece;
  }

  #keyOf(row: Row): Buffer {
    return sortKey(
      this.#table,
      this.#table.primaryKey.map((at) => row[at]!),
    );
  }
}

/** Equal for equal rows, as their serialized forms need not be: a number has several. */
const valuesOf = (row: Row): Buffer =>
  Buffer.from(
    JSON.stringify(
      row.map((value) =>
        value instanceof Uint8Array ? [Buffer.from(value).toString('latin1')] : value === null ? null : String(value),
      ),
    ),
  );

const rowIn = (bytes: unknown): Row =>
  (deserialize(bytes as Uint8Array) as Row).map((value) =>
    value instanceof Uint8Array ? new Uint8Array(value) : value,
  );
