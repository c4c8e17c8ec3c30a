import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChecksumColumn, TableChecksum } from './table-checksum.ts';

/** Where the recorded shop lies: `server.json`, the binlog files and `expected.json`. Made by scripts/record-shop.ts. */
export const recordingFolder: string = fileURLToPath(new URL('recording', import.meta.url));

/** What the recorded server itself said of its tables after the last transaction. */
export interface ExpectedTables {
  readonly serverVersion: string;
  readonly transactions: number;
  readonly changes: RecordedChanges;
  readonly tables: readonly ExpectedTable[];
}

/** Row changes in the log, as MySQL's own mysqlbinlog counts them. */
export interface RecordedChanges {
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
}

export interface ExpectedTable extends TableChecksum {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly ChecksumColumn[];
  /** Names of the primary key's columns; empty: the table has none. */
  readonly key: readonly string[];
}

export const readExpectedTables = async (folder: string = recordingFolder): Promise<ExpectedTables> =>
  JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as ExpectedTables;
