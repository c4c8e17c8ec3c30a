import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionCatalog } from '../../../sql/catalog/session-catalog.ts';
import { parseScript } from '../../../sql/parse/script.ts';
import { explainText } from '../../../sql/plan/explain.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { planOf, rowText } from '../../../testing/sql-rig.ts';
import { dataflow } from '../dataflow.ts';
import type { SqlRow } from '../delta.ts';

const SECOND = 1_000_000;
const catalog = new SessionCatalog(
  ({ options: [kind] }) => ({
    connector: 'rows',
    reads: kind!.value === 'changes' ? 'changes' : 'appends',
    writes: null,
    bounded: false,
    metadata: new Map(),
    store: null,
  }),
  null,
);
for (const statement of parseScript(`
  CREATE TABLE orders (id INT, currency STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '3' SECOND)
    WITH ('connector' = 'appends');
  CREATE TABLE lines (id INT, currency STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'changes');
  CREATE TABLE rates (currency STRING, rate INT, since TIMESTAMP(3), PRIMARY KEY (currency) NOT ENFORCED,
    WATERMARK FOR since AS since) WITH ('connector' = 'changes');
  CREATE TABLE plain (currency STRING, rate INT, PRIMARY KEY (currency) NOT ENFORCED) WITH ('connector' = 'changes');
  CREATE TABLE keyless (currency STRING, since TIMESTAMP(3), WATERMARK FOR since AS since) WITH ('connector' = 'appends')`))
  catalog.take(statement);

const query = (left: string, type = '', right = 'rates'): string =>
  `SELECT o.id, r.rate FROM ${left} o ${type} JOIN ${right} FOR SYSTEM_TIME AS OF o.ts AS r ON o.currency = r.currency`;

type Change = readonly [table: string, row: SqlRow, weight: 1 | -1];

/** Gives what a query tells when it is told of changes in ticks. */
const ticking = (text: string) => {
  const flow = dataflow(new Map([['out', planOf(text, catalog)]]), { timeZone: 'UTC', random: () => 0.5 });
  return (changes: readonly Change[], ended = false): readonly string[] => {
    for (const [table, row, weight] of changes)
      flow.inputs.get(`default_catalog.default_database.${table}`)!.push(row, weight);
    const { rows, weights } = flow.tick({ now: 0, ended }).get('out')!;
    return rows.map((row, at) => `${weights[at]! > 0 ? '+' : '-'}${rowText(row)}`);
  };
};

const rate = (currency: string, value: number, seconds: number, weight: 1 | -1 = 1): Change => [
  'rates',
  [currency, value, seconds * SECOND],
  weight,
];
const order = (id: number, currency: string | null, seconds: number, table = 'orders', weight: 1 | -1 = 1): Change => [
  table,
  [id, currency, seconds * SECOND],
  weight,
];

test('a row is joined with the version of its time, once everything of that time has come', () => {
  const tick = ticking(query('orders', 'LEFT'));
  assert.deepEqual(tick([rate('EUR', 10, 0), order(1, 'EUR', 5), order(2, 'USD', 5)]), []);
  assert.deepEqual(tick([rate('EUR', 10, 0, -1), rate('EUR', 11, 7), order(3, 'EUR', 8)]), ['+[1,10]', '+[2,null]']);
  // A version that comes late, but before the watermark has reached it, counts.
  assert.deepEqual(tick([rate('EUR', 11, 7, -1), rate('EUR', 12, 9), order(4, 'EUR', 12), order(5, null, 10)]), [
    '+[3,11]',
  ]);
  assert.deepEqual(tick([], true).toSorted(), ['+[4,12]', '+[5,null]']);
});

test('a row that was deleted is gone since its own time', () => {
  const tick = ticking(query('orders'));
  tick([rate('EUR', 10, 0), order(1, 'EUR', 5)]);
  tick([rate('EUR', 10, 0, -1), rate('EUR', 11, 6)]);
  assert.deepEqual(tick([rate('EUR', 11, 6, -1), order(2, 'EUR', 20)]), ['+[1,10]']);
  assert.deepEqual(tick([], true), []);
});

test('a row on the left that goes takes back what it gave, or waits no more', () => {
  const tick = ticking(query('lines', 'LEFT'));
  assert.deepEqual(
    tick([rate('EUR', 10, 0), rate('USD', 7, 9), order(1, 'EUR', 5, 'lines'), order(2, 'EUR', 9, 'lines')]),
    ['+[1,10]', '+[2,10]'],
  );
  assert.deepEqual(tick([order(1, 'EUR', 5, 'lines', -1), order(3, 'EUR', 20, 'lines')]), ['-[1,10]']);
  assert.deepEqual(tick([order(3, 'EUR', 20, 'lines', -1)]), []);
  assert.deepEqual(tick([], true), []);
});

test('gives what asking every version gives, wherever ticks end', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new SeededRandom(seed);
    const changes: Change[] = [];
    const versions: { readonly currency: string; readonly rate: number; readonly since: number }[] = [];
    const orders: { readonly id: number; readonly currency: string; readonly at: number }[] = [];
    for (let step = 0; step < 60; step += 1) {
      const currency = random.pick(['EUR', 'USD', 'JPY']);
      if (random.chance(0.4)) {
        const last = versions.findLast((version) => version.currency === currency);
        if (last !== undefined && last.since === step) continue;
        if (last !== undefined) changes.push(rate(currency, last.rate, last.since, -1));
        versions.push({ currency, rate: step, since: step });
        changes.push(rate(currency, step, step));
      } else {
        const at = Math.max(step - random.integer(0, 3), 0);
        orders.push({ id: step, currency, at });
        changes.push(order(step, currency, at));
      }
    }
    const expected = orders
      .map(({ id, currency, at }) => {
        const then = versions.findLast((version) => version.currency === currency && version.since <= at);
        return `+${rowText([id, then?.rate ?? null])}`;
      })
      .sort();
    for (const most of [1, 7]) {
      const tick = ticking(query('orders', 'LEFT'));
      const told: string[] = [];
      for (let at = 0; at < changes.length; ) {
        let end = at + random.integer(1, most);
        // An update is not torn apart.
        while (changes[end - 1]?.[2] === -1) end += 1;
        told.push(...tick(changes.slice(at, end)));
        at = end;
      }
      told.push(...tick([], true));
      assert.deepEqual(told.sort(), expected, `seed ${seed}`);
    }
  }
});

test('EXPLAIN shows the time, and what has no versions is refused at its place', () => {
  assert.match(
    explainText(planOf(query('orders'), catalog)),
    /inner join as of ts on \(currency = currency\) {3}\[I\]/,
  );
  const cases: readonly (readonly [query: string, code: string])[] = [
    [query('orders', '', 'plain'), 'SQL_INVALID'],
    [query('orders', '', 'keyless').replace('r.rate', 'r.since'), 'SQL_INVALID'],
    [query('orders').replace('o.currency = r.currency', 'o.id = r.rate'), 'SQL_INVALID'],
    [query('orders', 'RIGHT'), 'SQL_NOT_SUPPORTED'],
  ];
  for (const [wrong, code] of cases) assert.throws(() => planOf(wrong, catalog), { code }, wrong);
});
