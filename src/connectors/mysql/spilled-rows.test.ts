import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSpillFile } from './spilled-rows.ts';

test('a system without a place for temporary files is named with the folder', () => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = '/proc/no-such-folder';
  try {
    assert.throws(openSpillFile, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'MYSQL_XA_NO_ROOM');
      assert.match(error.message, /\/proc\/no-such-folder/);
      return true;
    });
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});
