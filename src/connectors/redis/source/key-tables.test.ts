/** Columns that are to hold when keys and fields expire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { keyTables } from './key-tables.ts';

const usual = { key: '%{database}:%{table}:%{key}', 'value.type': 'hash' as const };

const users = (type: string): string =>
  `CREATE TABLE d.users (id INT PRIMARY KEY, code VARCHAR(20), gone ${type}); CREATE TABLE d.others (id INT PRIMARY KEY, v INT)`;

test('a column that holds when keys expire is a DATETIME with milliseconds, in the tables that have it', () => {
  const [table, other] = keyTables({ ...usual, schema: users('DATETIME(3)'), 'expiry.column': 'gone' });
  assert.equal(table?.expiryColumn, 2);
  assert.equal(other?.expiryColumn, -1);
  assert.equal(keyTables({ ...usual, schema: users('DATETIME(6)'), 'expiry.column': 'gone' })[0]?.expiryColumn, 2);
  for (const type of ['DATETIME', 'DATETIME(2)', 'TIMESTAMP(3)', 'DATE', 'BIGINT', 'VARCHAR(30)']) {
    const settings = [
      ['expiry.column', 'gone'],
      ['source.tableId-to-field-expiry.mapping', 'd.users=code(gone)'],
    ] as const;
    for (const [key, value] of settings) {
      assert.throws(
        () => keyTables({ ...usual, schema: users(type), [key]: value }),
        (error) =>
          isMillraceError(error, 'CONFIG_WRONG_VALUE') &&
          error.message.includes(key) &&
          /declare it DATETIME\(3\)/.test(error.message),
        `${key} ${type}`,
      );
    }
  }
});

test('an expiry column that no table has is refused', () => {
  assert.throws(
    () => keyTables({ ...usual, schema: users('DATETIME(3)'), 'expiry.column': 'gonne' }),
    (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE') && /no table of .* has a column gonne/.test(error.message),
  );
});
