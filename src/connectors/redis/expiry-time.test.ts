import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnType } from '../../core/table.ts';
import { int } from '../../testing/sample-tables.ts';
import { expiryTime } from './expiry-time.ts';

const datetime: ColumnType = { kind: 'datetime', fsp: 6 };

test('a moment is in UTC, with its milliseconds', () => {
  assert.equal(expiryTime(datetime, '2026-11-29 12:34:56.789999', 0), Date.UTC(2026, 10, 29, 12, 34, 56, 789));
  assert.equal(expiryTime({ kind: 'date' }, '2024-02-29', 0), Date.UTC(2024, 1, 29));
  assert.equal(expiryTime(datetime, '9999-12-31 23:59:59', 0), Date.UTC(9999, 11, 31, 23, 59, 59));
});

test('a moment before 1970 is long past, and none of the last century', () => {
  for (const text of ['1969-12-31 23:59:59', '0026-11-29 00:00:00', '1000-01-01 00:00:00']) {
    assert.equal(expiryTime(datetime, text, 0), 1);
  }
});

test('a date of zeros is no moment', () => {
  assert.equal(expiryTime(datetime, '0000-00-00 00:00:00', 5), null);
  assert.equal(expiryTime({ kind: 'date' }, '2026-00-00', 5), null);
});

test('a number is the seconds from the commit on, and no number is beyond what servers take', () => {
  assert.equal(expiryTime(int, '60', 1_000), 61_000);
  assert.equal(expiryTime(int, '-60', 1_000), 1);
  assert.equal(expiryTime(int, '18446744073709551615', 1_000), 9e15);
});
