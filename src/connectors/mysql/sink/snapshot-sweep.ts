import { qualifiedName, type Table } from '../../../core/table.ts';
import { quoteName, quoteText } from '../statements.ts';
import type { StatementSession } from './statement-session.ts';
import { columnNamed, fullName, readTargetTable, shortHash } from './target-catalogue.ts';

/**
 * Finds the rows that vanished while the log could not be read. When a snapshot begins, the keys that are there are noted in a
 * table of their own; every key that is written after that is struck out of it, in the transaction that writes the row; what is
 * left when it ends is gone from the source. An empty table needs none of this.
 */
export class Sweeps {
  readonly #database: string;
  readonly #pipeline: string;
  /** Names of the tables of noted keys that there are. */
  readonly #open = new Set<string>();

  constructor(database: string, pipeline: string) {
    this.#database = database;
    this.#pipeline = pipeline;
  }

  /** Finds what an earlier writer left. */
  async load(session: StatementSession): Promise<void> {
    this.#open.clear();
    const rows = await session.query(
      `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteText(this.#database)} AND TABLE_NAME LIKE 'millrace\\_sweep\\_%'`,
    );
    for (const [name] of rows) this.#open.add(name!);
  }

  isOpen(table: Table): boolean {
    return this.#open.size > 0 && this.#open.has(this.#nameOf(table));
  }

  /** Notes the keys that are there now. Begun again, it starts anew. */
  async begin(session: StatementSession, table: Table): Promise<void> {
    await this.discard(session, table);
    const target = await readTargetTable(session, table);
    if (target === null || table.primaryKey.length === 0) return;
    if ((await session.query(`SELECT 1 FROM ${fullName(table)} LIMIT 1`)).length === 0) return;
    const name = this.#nameOf(table);
    const keys = table.primaryKey.map((column) => columnNamed(target, table.columns[column]!.name)!);
    const columns = keys.map(({ type, charset, collation }, i) => {
      const text = charset === null ? '' : ` CHARACTER SET ${charset} COLLATE ${collation}`;
      return `k${i} ${type}${text} NOT NULL`;
    });
    const names = keys.map((_, i) => `k${i}`).join(', ');
    await session.run(
      `CREATE TABLE ${this.#full(name)} (${columns.join(', ')}, PRIMARY KEY (${names})) ENGINE = InnoDB`,
    );
    await session.run(
      `INSERT INTO ${this.#full(name)} (${names}) SELECT ${keys.map((key) => quoteName(key.name)).join(', ')} FROM ${fullName(table)}`,
    );
    this.#open.add(name);
  }

  /** A statement that strikes keys out, up to their list; null: nothing is noted for the table. */
  strikeHead(table: Table): string | null {
    if (!this.isOpen(table)) return null;
    const names = table.primaryKey.map((_, i) => `k${i}`);
    const tuple = names.length === 1 ? names[0]! : `(${names.join(', ')})`;
    return `DELETE millrace_seen FROM ${this.#full(this.#nameOf(table))} AS millrace_seen FORCE INDEX (PRIMARY) WHERE ${tuple} IN (`;
  }

  /** What deletes the rows whose keys are left, within the transaction that ends the snapshot. */
  endStatements(table: Table): readonly string[] {
    if (!this.isOpen(table)) return [];
    const swept = this.#full(this.#nameOf(table));
    const same = table.primaryKey.map(
      (column, i) => `millrace_row.${quoteName(table.columns[column]!.name)} = millrace_gone.k${i}`,
    );
    return [
      `DELETE millrace_row FROM ${fullName(table)} AS millrace_row JOIN ${swept} AS millrace_gone ON ${same.join(' AND ')}`,
      `DELETE FROM ${swept}`,
    ];
  }

  /** Forgets what was noted. */
  async discard(session: StatementSession, table: Table): Promise<boolean> {
    const name = this.#nameOf(table);
    if (!this.#open.has(name)) return false;
    await session.run(`DROP TABLE IF EXISTS ${this.#full(name)}`);
    this.#open.delete(name);
    return true;
  }

  #nameOf(table: Table): string {
    return `millrace_sweep_${shortHash(`${this.#pipeline}\0${qualifiedName(table)}`)}`;
  }

  #full(name: string): string {
    return `${quoteName(this.#database)}.${quoteName(name)}`;
  }
}
