import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlRow } from '../operators/incremental/delta.ts';
import type { SeededRandom } from './seeded-random.ts';
import { rowText, sqlCatalog, sqlTable, type TableChange } from './sql-rig.ts';

/** Two small tables with NULLs and values that repeat; SQLite's types are near enough to SQL's for whole numbers and texts. */
export const oracleCatalog = sqlCatalog([
  sqlTable('t', { id: 'INT', a: 'INT', b: 'INT', s: 'STRING' }),
  sqlTable('u', { id: 'INT', k: 'INT', v: 'STRING' }),
]);

/** SQLite over tables that change at random: it says what the result of a query has to be. */
export class SqliteOracle implements Disposable {
  readonly #database = new DatabaseSync(':memory:');
  readonly #random: SeededRandom;
  readonly #rows: { t: SqlRow[]; u: SqlRow[] } = { t: [], u: [] };
  readonly #statements = new Map<string, StatementSync>();
  #ids = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#database.exec('CREATE TABLE t (id INT, a INT, b INT, s TEXT); CREATE TABLE u (id INT, k INT, v TEXT)');
  }

  /** Changes the tables, and says how: rows come, go and are updated, some more than once. */
  change(count: number): readonly TableChange[] {
    return Array.from({ length: count }, () => this.#changeOnce()).flat();
  }

  /** What comes and goes at once, and so leaves nothing. */
  noise(count: number): readonly TableChange[] {
    return Array.from({ length: count }, (): readonly TableChange[] => {
      const table = this.#random.pick(['t', 'u'] as const);
      const row = this.#row(table);
      return [
        [table, row, 1],
        [table, row, -1],
      ];
    }).flat();
  }

  /** Takes every row back. */
  empty(): readonly TableChange[] {
    return (['t', 'u'] as const).flatMap((table) =>
      this.#rows[table].splice(0).map((row): TableChange => this.#apply(table, row, -1)),
    );
  }

  /** The rows of a query by their texts, sorted. */
  rows(query: string): readonly string[] {
    const statement = this.#database.prepare(query);
    statement.setReturnArrays(true);
    return (statement.all() as unknown as SqlRow[]).map(rowText).sort();
  }

  #changeOnce(): readonly TableChange[] {
    const table = this.#random.pick(['t', 't', 'u'] as const);
    const rows = this.#rows[table];
    if (rows.length === 0 || this.#random.chance(0.5)) {
      const row = this.#row(table);
      rows.push(row);
      // A table without a key may hold a row twice.
      if (!this.#random.chance(0.1)) return [this.#apply(table, row, 1)];
      rows.push(row);
      return [this.#apply(table, row, 1), this.#apply(table, row, 1)];
    }
    const [row] = rows.splice(this.#random.integer(0, rows.length - 1), 1) as [SqlRow];
    // As a decoder would, tells of an equal row, not of the same object.
    const gone = this.#apply(table, [...row], -1);
    if (this.#random.chance(0.4)) return [gone];
    const updated = [row[0]!, ...this.#row(table).slice(1)];
    rows.push(updated);
    return [gone, this.#apply(table, updated, 1)];
  }

  #row(table: 't' | 'u'): SqlRow {
    this.#ids += 1;
    const random = this.#random;
    const small = (): number | null => (random.chance(0.2) ? null : random.integer(-2, 3));
    const text = random.chance(0.2) ? null : random.pick(['', 'x', 'y', 'zz', 'é']);
    return table === 't' ? [this.#ids, small(), small(), text] : [this.#ids, small(), text];
  }

  #apply(table: 't' | 'u', row: SqlRow, weight: 1 | -1): TableChange {
    const values = row as (string | number | null)[];
    if (weight > 0) this.#statement(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`).run(...values);
    else {
      const columns = table === 't' ? ['id', 'a', 'b', 's'] : ['id', 'k', 'v'];
      const same = columns.map((column) => `${column} IS ?`).join(' AND ');
      const one = `SELECT MIN(rowid) FROM ${table} WHERE ${same}`;
      this.#statement(`DELETE FROM ${table} WHERE rowid = (${one})`).run(...values);
    }
    return [table, row, weight];
  }

  #statement(text: string): StatementSync {
    const known = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, known);
    return known;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
