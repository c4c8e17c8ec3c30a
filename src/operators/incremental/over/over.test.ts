import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQueryText } from '../../../sql/parse/grammar.ts';
import { bindQuery } from '../../../sql/plan/bind-query.ts';
import { explainText } from '../../../sql/plan/explain.ts';
import { shop } from '../../../sql/testdata/recorded-queries.ts';
import { assertLikeSqlite, type Shape } from '../../../testing/like-sqlite.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable } from '../../../testing/sql-rig.ts';
import { oracleCatalog } from '../../../testing/sqlite-oracle.ts';

const all = 'id, a, b, s';
const shapes: readonly Shape[] = [
  `SELECT id, ROW_NUMBER() OVER (ORDER BY a, ${all}) FROM t`,
  `SELECT ${all}, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC, ${all}) AS n FROM t) x WHERE n <= 2`,
  `SELECT ${all} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY s ORDER BY b, ${all}) AS n FROM t) x WHERE n = 1 AND a > 0`,
  `SELECT id, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY a, s ORDER BY b NULLS LAST, ${all}) AS n FROM t) x WHERE 2 >= n AND n > 1`,
  `SELECT COUNT(*), SUM(b) FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY b, ${all}) AS n FROM t) x WHERE n < 4`,
  'SELECT id, n FROM (SELECT id, a, RANK() OVER (PARTITION BY s ORDER BY a) AS n FROM t) x WHERE n <= 2',
  'SELECT id, n FROM (SELECT id, a, DENSE_RANK() OVER (PARTITION BY s ORDER BY a DESC) AS n FROM t) x WHERE n <= 2',
  'SELECT id, RANK() OVER w, DENSE_RANK() OVER w, PERCENT_RANK() OVER w, CUME_DIST() OVER w FROM t WINDOW w AS (PARTITION BY s ORDER BY a)',
  `SELECT id, NTILE(3) OVER (PARTITION BY a ORDER BY b, ${all}) FROM t`,
  `SELECT id, LAG(b) OVER w, LEAD(b, 2) OVER w, LAG(id, 1, -7) OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY b, ${all})`,
  `SELECT id, FIRST_VALUE(id) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), LAST_VALUE(id) OVER (w ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) FROM t WINDOW w AS (PARTITION BY a ORDER BY b, ${all})`,
  'SELECT id, COUNT(*) OVER (), SUM(b) OVER (PARTITION BY a), MAX(b) OVER (PARTITION BY a) FROM t',
  'SELECT id, SUM(b) OVER (PARTITION BY s ORDER BY a), COUNT(*) OVER (PARTITION BY s ORDER BY a), MIN(b) OVER (PARTITION BY s ORDER BY a) FROM t',
  `SELECT id, SUM(b) OVER (ORDER BY a, ${all} ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), MAX(b) OVER (ORDER BY a, ${all} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t`,
  `SELECT id, MIN(b) OVER (PARTITION BY s ORDER BY a, ${all} ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING), COUNT(b) OVER (PARTITION BY s ORDER BY a, ${all} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) FROM t`,
  'SELECT id, COUNT(*) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND CURRENT ROW), SUM(b) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t',
  'SELECT id, COUNT(*) OVER (PARTITION BY s ORDER BY a DESC RANGE BETWEEN 2 PRECEDING AND 1 PRECEDING), MAX(b) OVER (ORDER BY a DESC NULLS FIRST RANGE BETWEEN CURRENT ROW AND 2 FOLLOWING) FROM t',
  'SELECT id, COUNT(*) OVER (ORDER BY a NULLS LAST RANGE BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) FROM t',
  'SELECT a, SUM(b), RANK() OVER (ORDER BY COUNT(*) DESC), SUM(SUM(b)) OVER (ORDER BY a) FROM t GROUP BY a',
  'SELECT a, n FROM (SELECT a, COUNT(*) AS c, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, a) AS n FROM t GROUP BY a) x WHERE n <= 2',
  'SELECT id, COUNT(b) FILTER (WHERE a > 0) OVER (PARTITION BY s) + 1 FROM t ORDER BY SUM(b) OVER (PARTITION BY s), id, a, b LIMIT 3',
  `SELECT x.id, u.id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY a ORDER BY ${all}) AS n FROM t) x JOIN u ON x.a = u.k WHERE x.n = 1`,
];

for (const shape of shapes) {
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
