import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { closingPage } from './demo-source.ts';

/** Bytes at the end of a change log among which the closing row's line must be, as it is the last one. */
const tailBytes = 64 * 1024;

/** Whether the snapshots of so many tables are over, by the positions that the mirror holds of them. */
export const snapshotsOver = (mirror: string, tables: number): boolean =>
  look(mirror, (db) => {
    const lanes = db.prepare("SELECT position FROM millrace_position WHERE lane LIKE '%/snapshot:%'").all();
    const over = lanes.filter(({ position }) => {
      const { settled, scan } = JSON.parse(String(position ?? '{}')) as { settled?: boolean; scan?: unknown };
      return settled === true && scan === null;
    });
    return over.length >= tables;
  });

/** Whether the mirror has the closing row. */
export const mirrorClosed = (mirror: string, database: string): boolean =>
  look(mirror, (db) => db.prepare(`SELECT 1 FROM "${database}.visits" WHERE page = ?`).get(closingPage) !== undefined);

/** Whether the change log has the closing row. */
export const changeLogClosed = (changeLog: string): boolean => {
  const file = openSync(changeLog, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    return tail.subarray(0, readSync(file, tail, 0, tail.length, size - tail.length)).includes(closingPage);
  } finally {
    closeSync(file);
  }
};

const look = (mirror: string, answer: (db: DatabaseSync) => boolean): boolean => {
  try {
    using db = new DatabaseSync(mirror, { readOnly: true, timeout: 1_000 });
    return answer(db);
  } catch {
    // It, or the table, has not been made yet.
    return false;
  }
};
