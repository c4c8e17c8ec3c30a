import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf, sqlCatalog, sqlTable } from '../../testing/sql-rig.ts';
import { explainText } from './explain.ts';

const catalog = sqlCatalog([
  sqlTable('orders', { id: 'BIGINT', customer: 'BIGINT', price: 'DECIMAL(10, 2)' }, { primaryKey: [0] }),
  sqlTable('customers', { id: 'BIGINT', name: 'VARCHAR(20)' }, { primaryKey: [0] }),
]);

const held = (query: string): readonly string[] =>
  explainText(planOf(query, catalog), { withState: true })
    .split('\n')
    .flatMap((line) => /holds (.*): some \d+ bytes$/.exec(line)?.[1] ?? []);

const cases: readonly (readonly [query: string, held: readonly string[]])[] = [
  ['SELECT id, price FROM orders WHERE price > 1', []],
  ['SELECT customer, COUNT(*) FROM orders GROUP BY customer', ['each group (customer)']],
  ['SELECT COUNT(*) FROM orders', ['the one group of all rows']],
  [
    'SELECT customer, COUNT(DISTINCT price), MAX(id) FROM orders GROUP BY customer',
    ['each group (customer)', 'each different arg0 of a group', 'each different arg1 of a group'],
  ],
  [
    'SELECT o.id, c.name FROM orders o JOIN customers c ON o.customer = c.id',
    ['each row of the left side', 'each row of the right side'],
  ],
  [
    'SELECT id FROM orders INTERSECT SELECT id FROM customers',
    ['each different row, with how often either side has it'],
  ],
  ['SELECT id FROM orders ORDER BY price LIMIT 3', ['each row']],
  ['SELECT id FROM orders ORDER BY price', []],
  [
    'SELECT id, SUM(price) OVER (PARTITION BY customer ORDER BY id) FROM orders',
    ['each partition (customer)', 'each row, with what was told of it'],
  ],
];

for (const [query, expected] of cases) {
  test(`says what ${query} holds`, () => assert.deepEqual(held(query), expected));
}

test('says nothing of it unless it is asked', () => {
  assert.doesNotMatch(explainText(planOf('SELECT COUNT(*) FROM orders', catalog)), /holds/);
});
