import { DatabaseSync } from 'node:sqlite';
import { ChecksumOfRows, type TableChecksum } from './table-checksum.ts';

/** A table as its source describes it: the columns in the source's order. */
interface MirroredTable {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string }[];
}

/** Counts and sums up a table of a SQLite mirror, from its rows as they lie there; null: the mirror lacks it, or one of its columns. */
export const checksumMirror = (path: string, table: MirroredTable): TableChecksum | null => {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    const mirror = quoted(`${table.database}.${table.name}`);
    const held = new Set(
      db
        .prepare(`PRAGMA table_info(${mirror})`)
        .all()
        .map(({ name }) => name),
    );
    if (!table.columns.every(({ name }) => held.has(name))) return null;
    const rows = db.prepare(`SELECT ${table.columns.map(({ name }) => quoted(name)).join(', ')} FROM ${mirror}`);
    rows.setReadBigInts(true);
    rows.setReturnArrays(true);
    const checksum = new ChecksumOfRows();
    // Arrays, because of setReturnArrays; the types only know objects.
    for (const row of rows.iterate()) checksum.add(row as unknown as readonly (null | number | bigint | string)[]);
    return checksum.result();
  } finally {
    db.close();
  }
};
