import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { RowsChange } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { isNumberInText, storageOf } from './column-storage.ts';
import { quoteName } from './quote-name.ts';

/** The columns that a row without a key is looked up by: an index over the start of these. */
const indexedColumns = 8;
const indexedCharacters = 24;

/** Writes the rows of one version of a table, with its statements prepared once. */
export interface MirrorTable {
  write(change: RowsChange): void;
}

export const prepareMirrorTable = (db: DatabaseSync, mirror: string, table: Table): MirrorTable =>
  table.primaryKey.length > 0 ? new KeyedTable(db, mirror, table) : new KeylessTable(db, mirror, table);

/** Rows named by their primary key: writing one twice leaves the same row. */
class KeyedTable implements MirrorTable {
  readonly #db: DatabaseSync;
  readonly #mirror: string;
  readonly #table: Table;
  readonly #key: readonly number[];
  readonly #bind: (row: Row) => SQLInputValue[];
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #partialUpdates = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, mirror: string, table: Table) {
    this.#db = db;
    this.#mirror = quoteName(mirror);
    this.#table = table;
    this.#key = table.primaryKey;
    this.#bind = binder(table);
    const names = table.columns.map((column) => quoteName(column.name));
    const others = names.filter((_, column) => !this.#key.includes(column));
    // A row that is there already is written even if it has nothing but its key: a sweep learns by that that it has not vanished.
    const update = (others.length > 0 ? others : names).map((name) => `${name} = excluded.${name}`).join(', ');
    this.#upsert = db.prepare(
      `INSERT INTO ${this.#mirror} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
       ON CONFLICT (${this.#key.map((column) => names[column]).join(', ')})
       DO UPDATE SET ${update}`,
    );
    this.#delete = db.prepare(`DELETE FROM ${this.#mirror} WHERE ${this.#keyIs()}`);
  }

  write({ op, rows }: RowsChange): void {
    for (let i = 0; i < rows.length; i += 1) {
      switch (op) {
        case 'read':
        case 'create':
          this.#upsert.run(...this.#bind(rows.after(i)!));
          break;
        case 'update':
          this.#update(rows.before(i)!, rows.after(i)!);
          break;
        case 'delete':
          this.#delete.run(...this.#keyOf(this.#bind(rows.before(i)!)));
          break;
      }
    }
  }

  #update(before: Row, after: Row): void {
    if (after.includes(undefined)) {
      this.#updatePartly(before, after);
      return;
    }
    for (const column of this.#key) {
      if (before[column] === undefined || sameValue(before[column], after[column]!)) continue;
      this.#delete.run(...this.#keyOf(this.#bind(before)));
      break;
    }
    this.#upsert.run(...this.#bind(after));
  }

  /**
   * Sets the columns that were logged and leaves the others as they are. A row that is not there stays away: it was deleted by a
   * later change of a batch that is written a second time.
   */
  #updatePartly(before: Row, after: Row): void {
    const present = after.map((value) => (value === undefined ? '0' : '1')).join('');
    let statement = this.#partialUpdates.get(present);
    if (statement === undefined) {
      const names = this.#table.columns.filter((_, column) => after[column] !== undefined);
      // OR REPLACE: a changed key may meet a row whose own change follows later in the transaction.
      statement = this.#db.prepare(
        `UPDATE OR REPLACE ${this.#mirror} SET ${names.map(({ name }) => `${quoteName(name)} = ?`).join(', ')} WHERE ${this.#keyIs()}`,
      );
      this.#partialUpdates.set(present, statement);
    }
    const set = this.#bind(after).filter((value) => value !== undefined);
    if (set.length === 0) return;
    const key = this.#keyOf(this.#bind(before.map((value, column) => value ?? after[column])));
    statement.run(...set, ...key);
  }

  #keyOf(bound: readonly SQLInputValue[]): SQLInputValue[] {
    return this.#key.map((column) => bound[column]!);
  }

  #keyIs(): string {
    return this.#key.map((column) => `${quoteName(this.#table.columns[column]!.name)} = ?`).join(' AND ');
  }
}

/** Rows that only their values name: a delete or update takes exactly one of those that are equal. */
class KeylessTable implements MirrorTable {
  readonly #db: DatabaseSync;
  readonly #mirror: string;
  readonly #table: Table;
  readonly #rowId: string;
  readonly #bind: (row: Row) => SQLInputValue[];
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #find = new Map<string, StatementSync>();
  readonly #set = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, mirror: string, table: Table) {
    this.#db = db;
    this.#mirror = quoteName(mirror);
    this.#table = table;
    this.#rowId = rowIdName(table);
    this.#bind = binder(table);
    const names = table.columns.map((column) => quoteName(column.name));
    this.#insert = db.prepare(
      `INSERT INTO ${this.#mirror} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    );
    this.#delete = db.prepare(`DELETE FROM ${this.#mirror} WHERE ${this.#rowId} = ?`);
  }

  write({ op, rows }: RowsChange): void {
    for (let i = 0; i < rows.length; i += 1) {
      switch (op) {
        case 'read':
        case 'create':
          this.#insert.run(...this.#bind(rows.after(i)!));
          break;
        case 'update':
          this.#update(rows.before(i)!, rows.after(i)!);
          break;
        case 'delete': {
          const rowId = this.#rowIdOf(rows.before(i)!);
          if (rowId !== null) this.#delete.run(rowId);
          break;
        }
      }
    }
  }

  #update(before: Row, after: Row): void {
    const rowId = this.#rowIdOf(before);
    if (rowId === null) return;
    const present = presentColumns(after);
    const statement = this.#prepared(this.#set, present, () => {
      const set = present.map((column) => `${quoteName(this.#table.columns[column]!.name)} = ?`);
      return `UPDATE ${this.#mirror} SET ${set.join(', ')} WHERE ${this.#rowId} = ?`;
    });
    const bound = this.#bind(after);
    if (present.length > 0) statement.run(...present.map((column) => bound[column]!), rowId);
  }

  #rowIdOf(row: Row): number | bigint | null {
    const present = presentColumns(row);
    const statement = this.#prepared(this.#find, present, () => {
      const same = present.map((column, i) => `${quoteName(this.#table.columns[column]!.name)} IS ?${i + 1}`);
      // Only a row with all its columns can be found by the index over them.
      if (present.length === this.#table.columns.length) {
        same.unshift(
          `${lookupExpression(this.#table)} = ${lookupExpression(this.#table, (column) => `?${column + 1}`)}`,
        );
      }
      return `SELECT ${this.#rowId} AS id FROM ${this.#mirror} WHERE ${same.join(' AND ')} LIMIT 1`;
    });
    const bound = this.#bind(row);
    const found = statement.get(...present.map((column) => bound[column]!)) as { id: number | bigint } | undefined;
    return found?.id ?? null;
  }

  #prepared(cache: Map<string, StatementSync>, present: readonly number[], sql: () => string): StatementSync {
    const name = present.join();
    let statement = cache.get(name);
    if (statement === undefined) {
      statement = this.#db.prepare(sql());
      cache.set(name, statement);
    }
    return statement;
  }
}

/** What a table without a primary key is indexed by, over its own columns or over parameters that stand for them. */
export const lookupExpression = (table: Table, operand?: (column: number) => string): string =>
  table.columns
    .slice(0, indexedColumns)
    .map(({ name, type }, column) => {
      // node:sqlite binds numbers as reals, which quote() would print with a point.
      const value = operand === undefined ? quoteName(name) : `CAST(${operand(column)} AS ${storageOf(type)})`;
      return `substr(quote(${value}), 1, ${indexedCharacters})`;
    })
    .join(' || ');

/** A name for SQLite's row number that no column hides. */
const rowIdName = (table: Table): string => {
  const taken = new Set(table.columns.map((column) => column.name.toLowerCase()));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? 'rowid';
};

/** Turns a row into what its columns store. Most tables need no turning, and their rows are bound as they are. */
const binder = (table: Table): ((row: Row) => SQLInputValue[]) => {
  const numbersInText = table.columns.flatMap(({ type }, column) => (isNumberInText(type) ? [column] : []));
  if (numbersInText.length === 0) return (row) => row as SQLInputValue[];
  return (row) => {
    const bound = [...row] as SQLInputValue[];
    for (const column of numbersInText) {
      const value = bound[column];
      if (value !== null && value !== undefined) bound[column] = String(value);
    }
    return bound;
  };
};

const presentColumns = (row: Row): number[] => row.flatMap((value, column) => (value === undefined ? [] : [column]));

const sameValue = (left: Value, right: Value): boolean =>
  left === right || (left instanceof Uint8Array && right instanceof Uint8Array && Buffer.compare(left, right) === 0);
