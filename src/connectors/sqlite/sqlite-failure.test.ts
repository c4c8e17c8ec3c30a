import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/** What SQLite itself throws when `work` is done to a new database. */
const thrownBy = (work: (db: DatabaseSync, path: string) => void): unknown => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'));
  const path = join(folder, 'a.db');
  try {
    using db = new DatabaseSync(path);
    db.exec('PRAGMA page_size = 4096; CREATE TABLE t (a TEXT)');
    work(db, path);
  } catch (error) {
    return error;
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.fail('nothing was thrown');
};

test('a full disk is waited for', () => {
  const error = thrownBy((db) => db.exec('PRAGMA max_page_count = 3; INSERT INTO t VALUES (zeroblob(1000000))'));
  const failure = sqliteFailure(error, 'a.db', 'write');
  assert.ok(isMillraceError(failure, 'SINK_DISK_FULL') && failure.retryable);
});

test('a damaged file is told from one that is no database, and both from a statement that is wrong', () => {
  const damaged = thrownBy((db, path) => {
    db.exec(
      'INSERT INTO t SELECT hex(randomblob(900)) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT i FROM n)',
    );
    db.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096, 12_288);
    writeFileSync(path, bytes);
    using again = new DatabaseSync(path);
    again.prepare('SELECT count(a) FROM t').get();
  });
  assert.ok(isMillraceError(sqliteFailure(damaged, 'a.db', 'read'), 'SQLITE_CORRUPT'));
  const wrong = thrownBy((db) => db.exec('SELECT * FROM nowhere'));
  const failure = sqliteFailure(wrong, 'a.db', 'read');
  assert.ok(isMillraceError(failure, 'SQLITE_FAILED') && /no such table/.test(failure.message));
});

test('what is not SQLite’s is handed on', () => {
  const error = new Error('other');
  assert.equal(sqliteFailure(error, 'a.db', 'read'), error);
});
