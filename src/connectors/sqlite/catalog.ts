import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { qualifiedName, type Table } from '../../core/table.ts';

/** A source table as this database mirrors it. */
export interface CatalogEntry {
  /** Never changes, whatever the table is renamed to. */
  readonly id: number;
  /** The name of the table that mirrors it. */
  readonly mirror: string;
  /** The definition that the mirror follows now. */
  readonly table: Table;
}

/**
 * Which table mirrors which, and by what definition. A mirror is called `database.table`; where SQLite, which ignores case,
 * takes two such names for one, the later one gets a number behind it.
 */
export class Catalog {
  readonly #find: StatementSync;
  readonly #taken: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync) {
    db.exec(
      `CREATE TABLE IF NOT EXISTS millrace_table (
         id INTEGER PRIMARY KEY, database TEXT NOT NULL, name TEXT NOT NULL,
         mirror TEXT NOT NULL UNIQUE COLLATE NOCASE, definition TEXT NOT NULL,
         UNIQUE (database, name)
       ) STRICT`,
    );
    this.#find = db.prepare('SELECT id, mirror, definition FROM millrace_table WHERE database = ? AND name = ?');
    this.#taken = db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE');
    this.#insert = db.prepare(
      'INSERT INTO millrace_table (database, name, mirror, definition) VALUES (?, ?, ?, ?) RETURNING id',
    );
    this.#update = db.prepare(
      'UPDATE millrace_table SET database = ?, name = ?, mirror = ?, definition = ? WHERE id = ?',
    );
    this.#delete = db.prepare('DELETE FROM millrace_table WHERE id = ?');
  }

  find({ database, name }: Pick<Table, 'database' | 'name'>): CatalogEntry | null {
    const row = this.#find.get(database, name) as { id: number; mirror: string; definition: string } | undefined;
    return row === undefined ? null : { id: row.id, mirror: row.mirror, table: JSON.parse(row.definition) as Table };
  }

  /** A name for the table's mirror that nothing in the database has. */
  freeName({ database, name }: Pick<Table, 'database' | 'name'>): string {
    // SQLite keeps names that start with sqlite_ for itself.
    const wanted = qualifiedName({ database, name }).replace(/^(?=sqlite_)/i, '~');
    let free = wanted;
    for (let number = 2; this.#taken.get(free) !== undefined; number += 1) free = `${wanted}~${number}`;
    return free;
  }

  add(table: Table, mirror: string): CatalogEntry {
    const { id } = this.#insert.get(table.database, table.name, mirror, JSON.stringify(table)) as { id: number };
    return { id, mirror, table };
  }

  replace(id: number, table: Table, mirror: string): CatalogEntry {
    this.#update.run(table.database, table.name, mirror, JSON.stringify(table), id);
    return { id, mirror, table };
  }

  remove(id: number): void {
    this.#delete.run(id);
  }
}
