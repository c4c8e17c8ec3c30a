import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../sql/plan/explain.ts';
import { assertLikeSqlite } from '../../testing/like-sqlite.ts';
import { subqueryShapes } from '../../testing/query-shapes.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../testing/sql-rig.ts';
import { oracleCatalog } from '../../testing/sqlite-oracle.ts';

for (const shape of subqueryShapes) {
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
