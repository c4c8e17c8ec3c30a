import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../../sql/plan/explain.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';

const catalog = sqlCatalog([
  sqlTable('orders', { id: 'INT', currency: 'STRING' }, { appendOnly: true }),
  sqlTable('lines', { id: 'INT', currency: 'STRING' }, { primaryKey: [0] }),
  sqlTable('rates', { currency: 'STRING NOT NULL', rate: 'INT' }, { primaryKey: [0] }),
]);

const query = (left: string, type = ''): string =>
  `SELECT o.id, r.rate FROM (SELECT *, PROCTIME() AS now_ FROM ${left}) o
    ${type} JOIN rates FOR SYSTEM_TIME AS OF o.now_ AS r ON o.currency = r.currency`;

const rate = (currency: string, value: number, weight: 1 | -1 = 1): TableChange => ['rates', [currency, value], weight];

test('a row is joined with what the other side has when it comes, and later changes of that side change nothing', () => {
  const live = new LiveQuery(query('orders'), catalog);
  // What comes in the same tick is there already.
  assert.deepEqual(live.tick([['orders', [1, 'EUR'], 1], rate('EUR', 10)]), ['+[1,10]']);
  assert.deepEqual(live.tick([rate('EUR', 10, -1), rate('EUR', 11)]), []);
  assert.deepEqual(
    live.tick([
      ['orders', [2, 'EUR'], 1],
      ['orders', [3, 'USD'], 1],
      ['orders', [4, null], 1],
    ]),
    ['+[2,11]'],
  );
  assert.deepEqual(live.tick([rate('USD', 5), rate('EUR', 11, -1)]), []);
  assert.deepEqual(live.tick([['orders', [5, 'EUR'], 1]]), []);
});

test('LEFT keeps rows for which there is nothing', () => {
  const live = new LiveQuery(query('orders', 'LEFT'), catalog);
  assert.deepEqual(
    live.tick([
      ['orders', [1, 'EUR'], 1],
      ['orders', [2, null], 1],
    ]),
    ['+[1,null]', '+[2,null]'],
  );
  assert.deepEqual(live.tick([rate('EUR', 10)]), []);
});

test('a row goes with what it was joined with, whatever the other side says by then', () => {
  const live = new LiveQuery(query('lines', 'LEFT'), catalog);
  live.tick([['lines', [1, 'EUR'], 1], ['lines', [2, 'USD'], 1], rate('EUR', 10)]);
  live.tick([rate('EUR', 10, -1), rate('EUR', 11), rate('USD', 7)]);
  assert.deepEqual(
    live
      .tick([
        ['lines', [1, 'EUR'], -1],
        ['lines', [1, 'USD'], 1],
        ['lines', [2, 'USD'], -1],
      ])
      .toSorted(),
    ['+[1,7]', '-[1,10]', '-[2,null]'],
  );
  live.tick([['lines', [1, 'USD'], -1]]);
  assert.deepEqual(live.resultRows(), []);
});

test('EXPLAIN shows the join as of a moment, and what it cannot be is refused at its place', () => {
  const text = explainText(planOf(query('orders'), catalog));
  assert.match(text, /inner join as of the moment on \(currency = currency\) {3}\[I\]/);
  const cases: readonly (readonly [query: string, code: string])[] = [
    [query('orders', 'FULL'), 'SQL_NOT_SUPPORTED'],
    [query('orders').replace('o.now_', 'o.id'), 'SQL_INVALID'],
    [query('orders').replace('o.currency = r.currency', 'o.id > r.rate'), 'SQL_INVALID'],
    ['SELECT * FROM rates FOR SYSTEM_TIME AS OF PROCTIME()', 'SQL_INVALID'],
  ];
  for (const [wrong, code] of cases) assert.throws(() => planOf(wrong, catalog), { code }, wrong);
});
