import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import { explainText } from '../../sql/plan/explain.ts';
import { typeText } from '../../sql/types/sql-type.ts';
import { assertLikeSqlite, type Shape } from '../../testing/like-sqlite.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../testing/sql-rig.ts';
import { oracleCatalog } from '../../testing/sqlite-oracle.ts';

/** SQLite knows no LATERAL; what it reads instead says the same. */
const shapes: readonly Shape[] = [
  [
    'SELECT t.id, x.n FROM t, LATERAL (SELECT COUNT(*) AS n FROM u WHERE u.k = t.a) AS x',
    'SELECT t.id, (SELECT COUNT(*) FROM u WHERE u.k = t.a) FROM t',
  ],
  [
    'SELECT t.id, x.id, x.v FROM t CROSS JOIN LATERAL (SELECT id, v FROM u WHERE u.k = t.a) AS x',
    'SELECT t.id, u.id, u.v FROM t JOIN u ON u.k = t.a',
  ],
  [
    'SELECT t.id, x.id FROM t LEFT JOIN LATERAL (SELECT id FROM u WHERE u.k > t.a ORDER BY id DESC, k, v LIMIT 2) AS x ON TRUE',
    `SELECT t.id, x.uid FROM t LEFT JOIN (SELECT a, uid FROM (SELECT d.a, u.id AS uid, ROW_NUMBER() OVER (PARTITION BY d.a ORDER BY u.id DESC, u.k, u.v) AS n
      FROM (SELECT DISTINCT a FROM t) d JOIN u ON u.k > d.a) WHERE n <= 2) x ON x.a IS t.a`,
  ],
  [
    'SELECT t.id, x.m FROM t LEFT JOIN LATERAL (SELECT MAX(id) AS m FROM u WHERE u.k = t.a GROUP BY v) AS x ON x.m > t.b',
    'SELECT t.id, x.m FROM t LEFT JOIN (SELECT k, MAX(id) AS m FROM u GROUP BY k, v) x ON x.k = t.a AND x.m > t.b',
  ],
  [
    'SELECT t.id, x.s, y.n FROM t, LATERAL (SELECT t.a + k AS s FROM u WHERE v = t.s) x, LATERAL (SELECT COUNT(*) AS n FROM u WHERE k = x.s) y',
    'SELECT t.id, t.a + u.k, (SELECT COUNT(*) FROM u w WHERE w.k = t.a + u.k) FROM t JOIN u ON u.v = t.s',
  ],
  ['SELECT t.id, x.id FROM t, LATERAL (SELECT id FROM u) x', 'SELECT t.id, u.id FROM t, u'],
];

for (const shape of shapes) test(`at every tick, as SQLite says: ${shape[0]}`, () => assertLikeSqlite(shape));

const catalog = sqlCatalog([
  sqlTable(
    'orders',
    {
      id: 'INT NOT NULL',
      items: 'ARRAY<STRING>',
      lines: 'ARRAY<ROW<sku STRING NOT NULL, qty INT>>',
      tags: 'MAP<STRING, INT>',
    },
    { primaryKey: [0] },
  ),
]);

const order = (id: number, items: SqlValue, lines: SqlValue, tags: SqlValue, weight: 1 | -1 = 1): TableChange => [
  'orders',
  [id, items, lines, tags],
  weight,
];

test('UNNEST gives a row for each item, and takes them back with theirs', () => {
  const live = new LiveQuery('SELECT id, item FROM orders CROSS JOIN UNNEST(items) AS t (item)', catalog);
  live.tick([order(1, ['a', 'b', 'a', null], null, null), order(2, [], null, null), order(3, null, null, null)]);
  assert.deepEqual(live.resultRows(), ['[1,"a"]', '[1,"a"]', '[1,"b"]', '[1,null]']);
  live.tick([order(1, ['a', 'b', 'a', null], null, null, -1), order(1, ['b', 'c'], null, null)]);
  assert.deepEqual(live.resultRows(), ['[1,"b"]', '[1,"c"]']);
  live.tick([order(1, ['b', 'c'], null, null, -1), order(2, [], null, null, -1), order(3, null, null, null, -1)]);
  assert.deepEqual(live.resultRows(), []);
});

test('LEFT JOIN keeps rows without items, fields of rows and entries of maps are columns, and places are counted from 1', () => {
  const result = (query: string): readonly string[] => {
    const live = new LiveQuery(query, catalog);
    const tags = new Map<SqlValue, SqlValue>([
      ['x', 1],
      ['y', null],
    ]);
    live.tick([order(1, ['a', 'b'], [['s1', 2], null, ['s2', null]], tags), order(2, [], null, new Map())]);
    return live.resultRows();
  };
  assert.deepEqual(result('SELECT id, item FROM orders LEFT JOIN UNNEST(items) AS t (item) ON TRUE'), [
    '[1,"a"]',
    '[1,"b"]',
    '[2,null]',
  ]);
  assert.deepEqual(result('SELECT id, sku, qty FROM orders, UNNEST(lines) AS l'), [
    '[1,"s1",2]',
    '[1,"s2",null]',
    '[1,null,null]',
  ]);
  assert.deepEqual(result('SELECT id, k, v FROM orders, UNNEST(tags) AS t (k, v)'), ['[1,"x",1]', '[1,"y",null]']);
  assert.deepEqual(result('SELECT id, item, n FROM orders, UNNEST(items) WITH ORDINALITY AS t (item, n)'), [
    '[1,"a",1]',
    '[1,"b",2]',
  ]);
  assert.deepEqual(result("SELECT id, item FROM orders JOIN UNNEST(items) AS t (item) ON item <> 'a' WHERE id = 1"), [
    '[1,"b"]',
  ]);
  assert.deepEqual(
    result(
      'SELECT o.id, t.item, s.part FROM orders o, UNNEST(items) AS t (item), UNNEST(ARRAY[item, UPPER(item)]) AS s (part)',
    ),
    ['[1,"a","A"]', '[1,"a","a"]', '[1,"b","B"]', '[1,"b","b"]'],
  );
  assert.deepEqual(result('SELECT item, COUNT(*) FROM orders, UNNEST(items) AS t (item) GROUP BY item'), [
    '["a",1]',
    '["b",1]',
  ]);
  assert.deepEqual(new LiveQuery('SELECT x + 1 FROM UNNEST(ARRAY[1, 2]) AS t (x)', catalog).tick([]), ['+[2]', '+[3]']);
});

test('aggregates of no rows are 0 and empty, not NULL, and an alias around wins over a column that has no fields', () => {
  const live = new LiveQuery(
    `SELECT a.id, (SELECT JSON_ARRAYAGG(b.id) FROM orders b (id, a, lines, tags) WHERE b.id = a.id - 1),
       (SELECT JSON_OBJECTAGG(KEY CAST(b.id AS STRING) VALUE 1) FROM orders b WHERE b.id = a.id - 1),
       (SELECT COUNT(*) FROM orders b WHERE b.id = a.id - 1) FROM orders a`,
    catalog,
  );
  live.tick([order(1, null, null, null), order(2, null, null, null)]);
  assert.deepEqual(live.resultRows(), ['[1,"[]","{}",0]', String.raw`[2,"[1]","{\"1\":1}",1]`]);
  live.tick([order(1, null, null, null, -1)]);
  assert.deepEqual(live.resultRows(), ['[2,"[]","{}",0]']);
});

test('EXPLAIN shows what is unnested, its types and its key, and filters of the row under it', () => {
  const plan = planOf(
    'SELECT id, item, n FROM orders LEFT JOIN UNNEST(items) WITH ORDINALITY AS t (item, n) ON TRUE WHERE id > 1 AND n < 3',
    catalog,
  );
  assert.deepEqual(
    plan.columns.map(({ type }) => typeText(type)),
    ['INT NOT NULL', 'STRING', 'INT'],
  );
  const text = explainText(plan);
  assert.match(text, /filter \(n < 3\) {3}\[I,UA,D\] key \(id, n\)/);
  assert.match(text, /left unnest items with ordinality/);
  assert.match(text, /filter \(id > 1\)/);
  assert.ok(text.indexOf('left unnest') < text.indexOf('filter (id > 1)'));
});

test('what cannot be computed from a row on the left is refused at its place', () => {
  const cases: readonly (readonly [query: string, code: string])[] = [
    ['SELECT * FROM t, UNNEST(t.a) AS x', 'SQL_TYPE_MISMATCH'],
    ['SELECT * FROM t, UNNEST(ARRAY[1]) AS x (a, b)', 'SQL_INVALID'],
    ['SELECT * FROM t RIGHT JOIN UNNEST(ARRAY[1]) AS x ON TRUE', 'SQL_NOT_SUPPORTED'],
    ['SELECT * FROM t LEFT JOIN UNNEST(ARRAY[1]) AS x (y) ON y > 1', 'SQL_NOT_SUPPORTED'],
    ['SELECT * FROM t, UNNEST(ARRAY[1], ARRAY[2]) AS x', 'SQL_NOT_SUPPORTED'],
    ['SELECT * FROM t FULL JOIN LATERAL (SELECT * FROM u WHERE u.k = t.a) x ON TRUE', 'SQL_NOT_SUPPORTED'],
    ['SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.k = t.nothing) x', 'SQL_UNKNOWN_NAME'],
    ['SELECT * FROM t, (SELECT * FROM u WHERE u.k = t.a) x', 'SQL_UNKNOWN_NAME'],
    ['SELECT * FROM t, LATERAL TABLE(split(t.s)) AS x (word)', 'SQL_INVALID'],
  ];
  for (const [query, code] of cases) assert.throws(() => planOf(query, oracleCatalog), { code }, query);
});
