import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQueryText } from '../../../sql/parse/grammar.ts';
import { bindQuery } from '../../../sql/plan/bind-query.ts';
import { explainText } from '../../../sql/plan/explain.ts';
import { shop } from '../../../sql/testdata/recorded-queries.ts';
import { assertLikeSqlite } from '../../../testing/like-sqlite.ts';
import { overShapes } from '../../../testing/query-shapes.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';
import { oracleCatalog } from '../../../testing/sqlite-oracle.ts';
import type { SqlRow } from '../delta.ts';

for (const shape of overShapes) {
  test(`at every tick, as SQLite says: ${typeof shape === 'string' ? shape : shape[0]}`, () => assertLikeSqlite(shape));
}

test('EXPLAIN shows a filter by place as the places that are kept, and functions with their frames', () => {
  const explain = (query: string): string => explainText(bindQuery(parseQueryText(query), shop));
  assert.equal(
    explain(
      'SELECT customer, id, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC) AS n FROM orders) WHERE n <= 3 AND qty > 1',
    ),
    `project customer, id, n   [I,UA,D] key (customer, n)
│  customer BIGINT, id BIGINT, n BIGINT
└─ project id, customer, total, qty, note, placed, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC)   [I,UA,D] key (customer, n)
   │  id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3), n BIGINT
   └─ filter (qty > 1)   [I,UA,D] key (customer, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC))
      │  id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3), ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC) BIGINT
      └─ ROW_NUMBER 1 to 3 partition by (customer) order by total desc   [I,UA,D] key (customer, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC))
         │  id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3), ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC) BIGINT
         └─ scan orders   [I]
               id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3)`,
  );
  assert.match(
    explain(
      "SELECT SUM(qty) OVER (PARTITION BY customer ORDER BY placed RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) FROM orders",
    ),
    /over partition by \(customer\) order by placed: SUM\(qty\) range 3600000000 preceding to current row/,
  );
  // The first of each partition replaces the one before it, whatever its place is called.
  const first =
    'SELECT id, customer FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY placed DESC) AS n FROM orders) WHERE n = 1';
  assert.match(explain(first), /^project id, customer {3}\[I,UA,D\] key \(customer\)\n/);
});

test('partitions of hundreds of rows give the same in many ticks as in one, whichever rows change', () => {
  const calls = [
    'ROW_NUMBER() OVER (PARTITION BY a ORDER BY b, id)',
    'RANK() OVER (PARTITION BY a ORDER BY b)',
    'DENSE_RANK() OVER (PARTITION BY a ORDER BY b)',
    'SUM(id) OVER (PARTITION BY a ORDER BY b, id)',
    'SUM(id) OVER (PARTITION BY a ORDER BY b)',
    'MAX(id) OVER (PARTITION BY a ORDER BY b DESC, id DESC)',
    'COUNT(DISTINCT id) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)',
    'SUM(id) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 2 PRECEDING AND 4 FOLLOWING)',
    'SUM(id) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING)',
    'COUNT(*) OVER (PARTITION BY a ORDER BY b RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)',
    'LAST_VALUE(s) OVER (PARTITION BY a ORDER BY b, id)',
    'LAG(id, 2) OVER (PARTITION BY a ORDER BY b, id)',
    'LEAD(id, 3) OVER (PARTITION BY a ORDER BY b, id)',
    'LISTAGG(s) OVER (PARTITION BY a ORDER BY b, id)',
  ];
  const random = new SeededRandom(3);
  const held: SqlRow[] = [];
  const changes: TableChange[] = [];
  for (let id = 0; id < 700; id += 1) {
    if (held.length > 150 && random.chance(0.45)) {
      const [gone] = held.splice(random.integer(0, held.length - 1), 1);
      changes.push(['t', [...gone!], -1]);
    } else {
      // Half of the rows come in order.
      const b = random.chance(0.5) ? Math.floor(id / 20) : random.integer(0, 40);
      held.push([id, random.integer(0, 1), b, random.pick(['x', 'y', null])]);
      changes.push(['t', held.at(-1)!, 1]);
    }
  }
  for (const call of calls) {
    const query = `SELECT id, ${call} FROM t`;
    const whole = new LiveQuery(query, oracleCatalog);
    whole.tick(held.map((row): TableChange => ['t', row, 1]));
    const split = new LiveQuery(query, oracleCatalog);
    for (let at = 0; at < changes.length; ) {
      const size = random.integer(1, 25);
      split.tick(changes.slice(at, at + size));
      at += size;
    }
    assert.deepEqual(split.resultRows(), whole.resultRows(), call);
    split.tick(held.map((row): TableChange => ['t', [...row], -1]));
    assert.deepEqual(split.resultRows(), [], call);
  }
});

test('what OVER cannot mean is refused at its place', () => {
  const cases: readonly (readonly [query: string, code: string])[] = [
    ['SELECT ROW_NUMBER() OVER (PARTITION BY a) FROM t', 'SQL_INVALID'],
    ['SELECT ROW_NUMBER(a) OVER (ORDER BY a) FROM t', 'SQL_INVALID'],
    ['SELECT UPPER(s) OVER (ORDER BY a) FROM t', 'SQL_INVALID'],
    ['SELECT id FROM t WHERE ROW_NUMBER() OVER (ORDER BY a) = 1', 'SQL_INVALID'],
    ['SELECT NTILE(0) OVER (ORDER BY a) FROM t', 'SQL_INVALID'],
    ['SELECT LAG(a, b) OVER (ORDER BY a) FROM t', 'SQL_INVALID'],
    ['SELECT LAG(a, 1, s) OVER (ORDER BY a) FROM t', 'SQL_TYPE_MISMATCH'],
    ['SELECT LAG() OVER (ORDER BY a) FROM t', 'SQL_INVALID'],
    ['SELECT SUM(a) OVER w FROM t', 'SQL_UNKNOWN_NAME'],
    ['SELECT SUM(a) OVER (ORDER BY a ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM t', 'SQL_INVALID'],
    ['SELECT SUM(a) OVER (ORDER BY a ROWS 1.5 PRECEDING) FROM t', 'SQL_INVALID'],
    ['SELECT SUM(a) OVER (ORDER BY s RANGE 1 PRECEDING) FROM t', 'SQL_TYPE_MISMATCH'],
    ['SELECT SUM(a) OVER (ORDER BY a, b RANGE 1 PRECEDING) FROM t', 'SQL_INVALID'],
    ['SELECT LISTAGG(s) OVER (ORDER BY a ROWS 1 PRECEDING) FROM t', 'SQL_NOT_SUPPORTED'],
    ['SELECT RANK() OVER (ORDER BY a ROWS 1 PRECEDING) FROM t', 'SQL_INVALID'],
  ];
  for (const [query, code] of cases) assert.throws(() => planOf(query, oracleCatalog), { code }, query);
});

test('RANGE counts in the units of the column: time in intervals, decimals with their digits, and beyond 2^53', () => {
  const catalog = sqlCatalog([sqlTable('m', { placed: 'TIMESTAMP(3)', d: 'DECIMAL(10, 2)', big: 'BIGINT' })]);
  const frames = [
    "ORDER BY placed RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW",
    'ORDER BY d RANGE BETWEEN 0.5 PRECEDING AND CURRENT ROW',
    'ORDER BY big RANGE BETWEEN 1 PRECEDING AND CURRENT ROW',
  ];
  const counts = frames.map((frame) => `COUNT(*) OVER (${frame})`).join(', ');
  const live = new LiveQuery(`SELECT ${counts} FROM m`, catalog);
  const base = 2n ** 60n;
  live.tick([
    ['m', [0, 100, base], 1],
    ['m', [60_000_000, 150, base + 1n], 1],
    ['m', [120_000_001, 201, base + 3n], 1],
  ]);
  assert.deepEqual(live.resultRows(), ['[1,1,1]', '[1,1,1]', '[2,2,2]']);
});
