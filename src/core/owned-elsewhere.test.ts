import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ordersTable } from '../testing/sample-tables.ts';
import { ownedColumns, withOwnedColumns } from './column-owners.ts';
import { ownedElsewhere } from './owned-elsewhere.ts';

test('tables and columns of tables are told apart, whatever cuts them', () => {
  const users = { database: 'shop', name: 'users', columns: ['visits', 'last_seen'] };
  for (const text of ['shop.users(visits,last_seen); shop.stock', 'shop.users ( visits, last_seen ),shop.stock'])
    assert.deepEqual(ownedElsewhere.parse(text), { tables: ['shop.stock'], groups: [users] });
  assert.deepEqual(ownedElsewhere.parse(['shop.stock', 'shop.users(visits,last_seen)']), {
    tables: ['shop.stock'],
    groups: [users],
  });
});

test('a regular expression stays one, with the commas and groups that it holds', () => {
  for (const pattern of ['shop.(orders|users)', 'shop.t_\\d{2,4}', 'shop.(a(b|c))', 'shop.\\.*'])
    assert.deepEqual(ownedElsewhere.parse(pattern), { tables: [pattern], groups: [] });
});

test('what names a table twice, no column, or nothing is refused and says so', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['shop.users(a); shop.users(b)', /stands here twice/],
    ['shop.users(a,a)', /names a twice/],
    ['shop.users()', /names no column/],
    ['shop.users(a); shop.\\.*', /as a whole table/],
    [' ; ', /names nothing/],
    ['users', /names no database/],
  ];
  for (const [text, reason] of wrong) assert.match(String(ownedElsewhere.safeParse(text).error), reason, text);
});

test('a table with marks is another definition, the same one each time', () => {
  const marked = withOwnedColumns(ordersTable, [1]);
  assert.deepEqual(ownedColumns(marked), [1]);
  assert.deepEqual(ownedColumns(ordersTable), []);
  assert.notEqual(marked.id, ordersTable.id);
  assert.equal(marked.id, withOwnedColumns(ordersTable, [1]).id);
});
