import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completions, type KnownNames } from './shell-completion.ts';

const names: KnownNames = {
  tables: ['orders', 'shop.orders', 'order_items'],
  columns: ['order_id', 'status'],
  functions: ['CONCAT', 'CONCAT_WS'],
};

const cases: readonly (readonly [typed: string, found: readonly string[]])[] = [
  ['SEL', ['SELECT']],
  ['sel', ['select']],
  ['SELECT 1; DESC', ['DESCRIBE']],
  ['SELECT a FROM or', ['order_items', 'orders']],
  ['SELECT a FROM orders, ', ['order_items', 'orders', 'shop.orders']],
  ['INSERT INTO shop.', ['shop.orders']],
  ['SELECT stat', ['status', 'statement', 'static']],
  ['SELECT ord', ['order_id', 'order']],
  ['SELECT CONC', ['CONCAT', 'CONCAT_WS']],
  ['SHOW DAT', ['DATABASES']],
  ['create v', ['view']],
  ['SELECT a ', []],
  ['SELECT zzz', []],
];

for (const [typed, found] of cases) {
  test(`${typed}| may become ${found.join(', ') || 'nothing'}`, () =>
    assert.deepEqual(completions(typed, names)[0], found));
}
