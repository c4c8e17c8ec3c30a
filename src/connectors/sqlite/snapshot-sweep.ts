import type { DatabaseSync } from 'node:sqlite';
import type { CatalogEntry } from './catalog.ts';
import { storageOf } from './column-storage.ts';
import { quoteName } from './quote-name.ts';

/**
 * Finds the rows that vanished while the log could not be read. When a snapshot begins, the keys that are there are noted; two
 * triggers strike out every key that is written after that; what is left when it ends is gone from the source. An empty table
 * needs none of this. All of it is in the database, so a crash in between changes nothing.
 */
export const beginSweep = (db: DatabaseSync, entry: CatalogEntry): void => {
  const { mirror, table } = entry;
  endSweep(db, entry, { discard: true });
  if (table.primaryKey.length === 0) {
    // Equal rows cannot be told apart, so the snapshot of a table without a key starts from nothing.
    db.exec(`DELETE FROM ${quoteName(mirror)}`);
    return;
  }
  if (db.prepare(`SELECT 1 FROM ${quoteName(mirror)} LIMIT 1`).get() === undefined) return;
  const keys = table.primaryKey.map((column) => quoteName(table.columns[column]!.name)).join(', ');
  const columns = table.primaryKey.map((column, i) => `k${i} ${storageOf(table.columns[column]!.type)}`);
  const names = table.primaryKey.map((_, i) => `k${i}`).join(', ');
  db.exec(
    `CREATE TABLE ${sweepName(entry)} (${columns.join(', ')}, PRIMARY KEY (${names})) STRICT, WITHOUT ROWID;
     INSERT INTO ${sweepName(entry)} SELECT ${keys} FROM ${quoteName(mirror)} ORDER BY ${keys}`,
  );
  watchForSweep(db, entry);
};

/** Makes the triggers; they fall with the table when it is rebuilt. */
export const watchForSweep = (db: DatabaseSync, entry: CatalogEntry): void => {
  const { mirror, table } = entry;
  const same = table.primaryKey.map((column, i) => `k${i} = NEW.${quoteName(table.columns[column]!.name)}`);
  for (const event of ['INSERT', 'UPDATE']) {
    db.exec(
      `CREATE TRIGGER ${triggerName(entry, event)} AFTER ${event} ON ${quoteName(mirror)}
       BEGIN DELETE FROM ${sweepName(entry)} WHERE ${same.join(' AND ')}; END`,
    );
  }
};

/** Deletes the rows whose keys are left, unless they should be forgotten. Nothing happens when no sweep is open. */
export const endSweep = (db: DatabaseSync, entry: CatalogEntry, { discard }: { readonly discard: boolean }): void => {
  if (!isSweeping(db, entry)) return;
  const { mirror, table } = entry;
  if (!discard) {
    const keys = table.primaryKey.map((column) => quoteName(table.columns[column]!.name)).join(', ');
    const names = table.primaryKey.map((_, i) => `k${i}`).join(', ');
    db.exec(`DELETE FROM ${quoteName(mirror)} WHERE (${keys}) IN (SELECT ${names} FROM ${sweepName(entry)})`);
  }
  db.exec(
    `DROP TRIGGER IF EXISTS ${triggerName(entry, 'INSERT')};
     DROP TRIGGER IF EXISTS ${triggerName(entry, 'UPDATE')};
     DROP TABLE ${sweepName(entry)}`,
  );
};

export const isSweeping = (db: DatabaseSync, entry: CatalogEntry): boolean =>
  db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(`millrace_sweep_${entry.id}`) !== undefined;

const sweepName = (entry: CatalogEntry): string => `millrace_sweep_${entry.id}`;

const triggerName = (entry: CatalogEntry, event: string): string => `millrace_sweep_${entry.id}_${event.toLowerCase()}`;
