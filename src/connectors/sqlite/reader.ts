import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { Lane, Position } from '../../core/batch.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Key, KeyRange, Reader, RowPage, RowRepair, RowRepairs, TableName } from '../../core/reader.ts';
import { type ColumnType, defineTable, qualifiedName, type Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { isNumberInText, storageOf } from './column-storage.ts';
import { quoteName } from './quote-name.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/** A pipeline that writes at the same time holds the lock for as long as one of its transactions takes. */
const busyTimeoutMs = 5_000;

const rowsPerPiece = 1_000;
const pageBytes = 4 * 1_048_576;

export interface SqliteReaderOptions {
  readonly path: string;
  /** null: whatever pipeline wrote here counts. */
  readonly pipeline: string | null;
}

/** Reads a mirror while a pipeline writes it: each call sees the state after some whole write. */
export class SqliteReader implements Reader {
  readonly name: string;
  readonly mirrorsOnly = true;
  readonly repairs: RowRepairs;
  readonly #pipeline: string | null;
  readonly #path: string;
  readonly #tables = new Map<string, MirrorStatements>();
  #db: DatabaseSync | null = null;

  constructor({ path, pipeline }: SqliteReaderOptions) {
    this.#path = path;
    this.name = path;
    this.#pipeline = pipeline;
    this.repairs = {
      statements: async (table, repairs) => this.#reading('read', () => this.#of(table).repair(repairs)),
      apply: async (texts) => this.#apply(texts),
    };
  }

  async tables(): Promise<readonly TableName[]> {
    return this.#reading('list tables', (db) =>
      holds(db, 'millrace_table')
        ? (db
            .prepare('SELECT database, name FROM millrace_table ORDER BY database, name')
            .all() as unknown as TableName[])
        : [],
    );
  }

  async describe(database: string, name: string): Promise<Table | null> {
    return this.#reading('read a definition', (db) => mirrorOf(db, { database, name })?.table ?? null);
  }

  async order(table: Table): Promise<readonly string[] | null> {
    if (table.primaryKey.length === 0) return null;
    return table.primaryKey.map((column) => orderOf(table.columns[column]!.type));
  }

  async page(table: Table, range: KeyRange, limit: number): Promise<RowPage> {
    return this.#reading('read', () => this.#of(table).page(range, limit));
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[], void, undefined> {
    // A statement that is stepped slowly keeps its state of the database, and the writer goes on beside it.
    const rows = this.#reading('read', () => this.#of(table).all());
    for (;;) {
      signal.throwIfAborted();
      const piece = this.#reading('read', () => rows.take(rowsPerPiece).toArray());
      if (piece.length === 0) return;
      yield piece;
    }
  }

  async lookup(table: Table, keys: readonly Key[]): Promise<readonly (Row | null)[]> {
    return this.#reading('read', (db) => {
      const statements = this.#of(table);
      // One state of the database for all keys.
      db.exec('BEGIN');
      try {
        return keys.map((key) => statements.find(key));
      } finally {
        db.exec('COMMIT');
      }
    });
  }

  async held(lane: Lane): Promise<readonly Position[]> {
    return this.#reading('read positions', (db) => {
      if (!holds(db, 'millrace_position')) return [];
      const rows = db
        .prepare(
          'SELECT position FROM millrace_position WHERE lane = ? AND (? IS NULL OR pipeline = ?) AND position IS NOT NULL',
        )
        .all(lane, this.#pipeline, this.#pipeline);
      return rows.map(({ position }) => position as Position);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #of(table: Table): MirrorStatements {
    const known = this.#tables.get(table.id);
    if (known !== undefined) return known;
    const mirror = mirrorOf(this.#open(), table)?.mirror;
    if (mirror === undefined)
      throw new MillraceError('READER_TABLE_GONE', { system: this.#path, table: qualifiedName(table) });
    const made = new MirrorStatements(this.#open(), mirror, table);
    this.#tables.set(table.id, made);
    return made;
  }

  #reading<Result>(action: string, use: (db: DatabaseSync) => Result): Result {
    try {
      return use(this.#open());
    } catch (error) {
      this.#close();
      throw sqliteFailure(error, this.#path, action);
    }
  }

  #apply(texts: readonly string[]): void {
    const db = new DatabaseSync(this.#path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: false });
    try {
      db.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
      for (const text of texts) db.exec(text);
      db.exec('COMMIT');
    } catch (error) {
      throw sqliteFailure(error, this.#path, 'repair rows');
    } finally {
      db.close();
    }
  }

  #open(): DatabaseSync {
    this.#db ??= new DatabaseSync(this.#path, { readOnly: true, timeout: busyTimeoutMs });
    return this.#db;
  }

  #close(): void {
    this.#db?.close();
    this.#db = null;
    this.#tables.clear();
  }
}

const holds = (db: DatabaseSync, table: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;

const mirrorOf = (
  db: DatabaseSync,
  { database, name }: TableName,
): { readonly mirror: string; readonly table: Table } | null => {
  if (!holds(db, 'millrace_table')) return null;
  const row = db
    .prepare('SELECT mirror, definition FROM millrace_table WHERE database = ? AND name = ?')
    .get(database, name);
  if (row === undefined) return null;
  const { id: _, ...definition } = JSON.parse(row['definition'] as string) as Table;
  return { mirror: row['mirror'] as string, table: defineTable(definition) };
};

/** How SQLite sorts what a column is kept as, in the words of `Reader.order`. */
const orderOf = (type: ColumnType): string => {
  const storage = storageOf(type);
  if (storage === 'INTEGER' || storage === 'REAL') return 'number';
  if (storage === 'BLOB' || type.kind === 'text') return 'bytes';
  return type.kind === 'date' || type.kind === 'datetime' || type.kind === 'timestamp'
    ? 'date'
    : `text of ${type.kind}`;
};

/** Reads and repairs one mirror. */
class MirrorStatements {
  readonly #db: DatabaseSync;
  readonly #mirror: string;
  readonly #table: Table;
  readonly #names: readonly string[];
  readonly #key: readonly number[];
  readonly #decode: readonly ((value: SQLOutputValue) => Value)[];
  readonly #find: StatementSync | null;
  readonly #pages = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, mirror: string, table: Table) {
    this.#db = db;
    this.#mirror = quoteName(mirror);
    this.#table = table;
    this.#key = table.primaryKey;
    this.#names = table.columns.map(({ name }) => quoteName(name));
    this.#decode = table.columns.map(({ type }) => (isNumberInText(type) ? fromDigits : fromStorage));
    this.#find =
      this.#key.length === 0
        ? null
        : this.#prepare(`WHERE ${this.#key.map((at) => `${this.#names[at]} = ?`).join(' AND ')}`);
  }

  find(key: Key): Row | null {
    assert(this.#find !== null, 'only a table with a key has rows that can be looked up');
    const row = this.#find.get(...this.#bind(key));
    return row === undefined ? null : this.#row(row);
  }

  page({ after, upTo }: KeyRange, limit: number): RowPage {
    const names = this.#key.map((at) => this.#names[at]);
    const marks = this.#key.map(() => '?').join(', ');
    const bounds = [
      ...(after === null ? [] : [`(${names.join(', ')}) > (${marks})`]),
      ...(upTo === null ? [] : [`(${names.join(', ')}) <= (${marks})`]),
    ];
    const where = bounds.length === 0 ? '' : `WHERE ${bounds.join(' AND ')}`;
    const sql = `${where} ORDER BY ${names.join(', ')}`;
    let statement = this.#pages.get(sql);
    if (statement === undefined) {
      statement = this.#prepare(sql);
      this.#pages.set(sql, statement);
    }
    const rows: Row[] = [];
    let bytes = 0;
    for (const found of statement.iterate(
      ...(after === null ? [] : this.#bind(after)),
      ...(upTo === null ? [] : this.#bind(upTo)),
    )) {
      if (rows.length === limit || bytes >= pageBytes) return { rows, last: false };
      const row = this.#row(found);
      for (const value of row) if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length;
      rows.push(row);
    }
    return { rows, last: true };
  }

  all(): IteratorObject<Row> {
    return Iterator.from(this.#prepare('').iterate()).map((row) => this.#row(row));
  }

  repair(repairs: readonly RowRepair[]): readonly string[] {
    const keyNames = this.#key.map((at) => this.#names[at]!);
    const sets = this.#names.map((name) => `${name} = excluded.${name}`);
    return repairs.map(({ key, row }) => {
      if (row === null) {
        const same = keyNames.map((name, i) => `${name} = ${this.#literal(key[i] ?? null, this.#key[i]!)}`);
        return `DELETE FROM ${this.#mirror} WHERE ${same.join(' AND ')}`;
      }
      const values = this.#names.map((_, at) => this.#literal(row[at] ?? null, at));
      return `INSERT INTO ${this.#mirror} (${this.#names.join(', ')}) VALUES (${values.join(', ')}) ON CONFLICT (${keyNames.join(', ')}) DO UPDATE SET ${sets.join(', ')}`;
    });
  }

  #literal(value: Value, column: number): string {
    if (value === null) return 'NULL';
    if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
    if (typeof value === 'string' || isNumberInText(this.#table.columns[column]!.type))
      return textLiteral(String(value));
    return storageOf(this.#table.columns[column]!.type) === 'REAL' ? Number(value).toExponential() : String(value);
  }

  #prepare(clauses: string): StatementSync {
    const statement = this.#db.prepare(`SELECT ${this.#names.join(', ')} FROM ${this.#mirror} ${clauses}`);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    return statement;
  }

  #row(found: unknown): Row {
    const values = found as readonly SQLOutputValue[];
    return this.#decode.map((decode, column) => decode(values[column]!));
  }

  #bind(key: Key): SQLInputValue[] {
    return key.map((value, i) =>
      value !== null && isNumberInText(this.#table.columns[this.#key[i]!]!.type)
        ? String(value)
        : (value as SQLInputValue),
    );
  }
}

/** A text literal cannot hold a zero byte: SQLite's parser would end there. */
const textLiteral = (text: string): string =>
  text.includes('\0')
    ? `CAST(x'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`
    : `'${text.replaceAll("'", "''")}'`;

const fromStorage = (value: SQLOutputValue): Value => (typeof value === 'bigint' ? smallest(value) : value);

const fromDigits = (value: SQLOutputValue): Value => (value === null ? null : smallest(BigInt(value as string)));

const smallest = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
