import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../sql/plan/explain.ts';
import { assertLikeSqlite, type Shape } from '../../testing/like-sqlite.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../testing/sql-rig.ts';
import { oracleCatalog } from '../../testing/sqlite-oracle.ts';

const shapes: readonly Shape[] = [
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.a)',
  'SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.a)',
  'SELECT id FROM t WHERE EXISTS (SELECT * FROM u WHERE k = a AND v = s) AND b > 0',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k < t.a) AND NOT EXISTS (SELECT 1 FROM u WHERE u.v = t.s)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE t.a IS NULL)',
  'SELECT id FROM t WHERE a IN (SELECT k FROM u)',
  'SELECT id FROM t WHERE a NOT IN (SELECT k FROM u)',
  'SELECT id FROM t WHERE a NOT IN (SELECT k FROM u WHERE k IS NOT NULL)',
  'SELECT id FROM t WHERE a + 1 IN (SELECT k * 2 FROM u)',
  'SELECT id FROM t WHERE NOT (a IN (SELECT k FROM u WHERE u.v = t.s))',
  'SELECT id FROM t WHERE a NOT IN (SELECT k FROM u WHERE u.v = t.s)',
  'SELECT id FROM t WHERE s IN (SELECT v FROM u GROUP BY v HAVING COUNT(*) > 1)',
  'SELECT id FROM t WHERE b > 1 OR EXISTS (SELECT 1 FROM u WHERE u.k = t.a)',
  'SELECT id FROM t WHERE b > 1 OR a IN (SELECT k FROM u)',
  'SELECT id FROM t WHERE (a NOT IN (SELECT k FROM u WHERE v = s)) IS NULL',
  ['SELECT id, a IN (SELECT k FROM u) IS TRUE FROM t WHERE FALSE', 'SELECT id, 1 FROM t WHERE 0'],
  'SELECT id, (SELECT COUNT(*) FROM u WHERE u.k = t.a) FROM t',
  'SELECT id, (SELECT MAX(u.id) FROM u WHERE u.k > t.a), (SELECT MIN(id) FROM u) FROM t',
  'SELECT id, (SELECT COUNT(*) + 1 FROM u WHERE u.k = t.a AND u.v = t.s HAVING COUNT(*) < 2) FROM t',
  'SELECT id, (SELECT COUNT(*) FROM u) + b FROM t',
  'SELECT id FROM t WHERE b > (SELECT AVG(id) - 10 FROM u WHERE u.k = t.a)',
  'SELECT id FROM t WHERE b = (SELECT MAX(b) FROM t x WHERE x.a = t.a)',
  'SELECT id, (SELECT id FROM u WHERE u.k = t.a ORDER BY v DESC, id DESC, k LIMIT 1) FROM t',
  'SELECT id, (SELECT id FROM u ORDER BY id, k, v LIMIT 1 OFFSET 1) FROM t',
  'SELECT id, (SELECT id FROM u WHERE u.k = t.a ORDER BY id, v LIMIT 1 OFFSET 1) FROM t',
  'SELECT id, (SELECT SUM(DISTINCT x.b) FROM t x WHERE x.a = t.a AND EXISTS (SELECT 1 FROM u WHERE u.k = x.b AND u.v = t.s)) FROM t',
  'SELECT a, COUNT(*) FROM t GROUP BY a HAVING COUNT(*) > (SELECT COUNT(*) FROM u WHERE u.k = t.a)',
  'SELECT a, SUM(b), (SELECT COUNT(*) FROM u WHERE u.k = a) FROM t GROUP BY a',
  'SELECT a, SUM(b) FROM t GROUP BY a HAVING SUM(b) >= (SELECT MAX(n) FROM (SELECT a, SUM(b) AS n FROM t GROUP BY a) x)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.a GROUP BY v HAVING COUNT(*) > 1)',
  'SELECT id FROM t WHERE EXISTS (SELECT COUNT(*) FROM u WHERE u.k = t.a)',
  'SELECT id, (SELECT COUNT(*) FROM u WHERE u.k = t.a) AS n FROM t ORDER BY (SELECT MAX(u.id) FROM u WHERE u.k = t.a) DESC, id, a, b, s LIMIT 3',
  'SELECT t.id, u.id FROM t JOIN u ON t.a = u.k WHERE NOT EXISTS (SELECT 1 FROM t x WHERE x.b = u.k AND x.s = t.s)',
  'SELECT COUNT(*) FROM (SELECT * FROM t WHERE a IN (SELECT k FROM u)) x WHERE x.b > 0',
  'SELECT id FROM t WHERE (SELECT v FROM u ORDER BY id, k, v LIMIT 1) = s',
  'SELECT t.id, u.id, x.id FROM t, u, t x WHERE t.a = u.k AND x.b = u.k AND t.b > 0 AND u.v IS NOT NULL',
  'SELECT t.id, u.id FROM t, u WHERE (t.a = u.k AND t.b > 0) OR (u.k = t.a AND t.s = u.v)',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a + 1 = u.k * 2 WHERE t.b > 0 AND (u.id IS NULL OR u.v IS NOT NULL)',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a + 1 = u.k AND t.b < u.id',
];

for (const shape of shapes) {
  test(`at every tick, as SQLite says: ${typeof shape === 'string' ? shape : shape[0]}`, () => assertLikeSqlite(shape));
}

test('columns whose NULLs match are joined by their values', () => {
  const live = new LiveQuery('SELECT t.id, u.id FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.k', oracleCatalog);
  live.tick([
    ['t', [1, null, 0, ''], 1],
    ['t', [2, 5, 0, ''], 1],
    ['u', [3, null, ''], 1],
    ['u', [4, 5, ''], 1],
  ]);
  assert.deepEqual(live.resultRows(), ['[1,3]', '[2,4]']);
});

test('a value of two rows is an error at the end of the tick, and not in the middle of it', () => {
  const live = new LiveQuery('SELECT id, (SELECT v FROM u WHERE u.k = t.a) FROM t', oracleCatalog);
  const change = (id: number, v: string | null, weight: 1 | -1): TableChange => ['u', [id, 1, v], weight];
  live.tick([['t', [1, 1, 1, 'x'], 1], change(1, null, 1)]);
  assert.deepEqual(live.resultRows(), ['[1,null]']);
  live.tick([change(2, 'b', 1), change(1, null, -1)]);
  assert.deepEqual(live.resultRows(), ['[1,"b"]']);
  assert.throws(() => live.tick([change(3, 'b', 1)]), { code: 'SQL_FUNCTION_FAILED' });
});

test('EXPLAIN shows a subquery as the join that it becomes', () => {
  const catalog = sqlCatalog([
    sqlTable('c', { id: 'INT NOT NULL', country: 'STRING' }, { primaryKey: [0] }),
    sqlTable('o', { id: 'INT NOT NULL', customer: 'INT' }, { primaryKey: [0] }),
  ]);
  const text = explainText(planOf('SELECT country FROM c WHERE id NOT IN (SELECT id FROM o)', catalog));
  assert.match(text, /anti join on \(id = id\)/);
  const correlated = explainText(
    planOf('SELECT country FROM c WHERE EXISTS (SELECT 1 FROM o WHERE customer = c.id)', catalog),
  );
  assert.match(correlated, /semi join on \(id IS NOT DISTINCT FROM /);
  assert.match(correlated, /inner join on \(customer = c\.id\)/);
});

test('what a subquery cannot be is refused at its place', () => {
  const cases: readonly (readonly [query: string, code: string])[] = [
    ['SELECT (SELECT id, k FROM u) FROM t', 'SQL_INVALID'],
    ['SELECT id FROM t WHERE a IN (SELECT id, k FROM u)', 'SQL_INVALID'],
    ['SELECT id FROM t WHERE a IN (SELECT v FROM u)', 'SQL_TYPE_MISMATCH'],
    ['SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.nothing)', 'SQL_UNKNOWN_NAME'],
    ['SELECT a FROM t GROUP BY a HAVING EXISTS (SELECT 1 FROM u WHERE u.k = t.b)', 'SQL_INVALID'],
    ['SELECT id FROM t WHERE a > ALL (SELECT k FROM u)', 'SQL_NOT_SUPPORTED'],
    ['SELECT id FROM t WHERE EXISTS (SELECT 1 FROM (SELECT k FROM u WHERE u.k = t.a) x)', 'SQL_UNKNOWN_NAME'],
  ];
  for (const [query, code] of cases) assert.throws(() => planOf(query, oracleCatalog), { code }, query);
});
