import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeText } from '../../../sql/types/sql-type.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../../testing/sqlite-oracle.ts';

const row = (id: number, a: number | null, s: string | null, weight: 1 | -1 = 1): TableChange => [
  't',
  [id, a, null, s],
  weight,
];

const resultOf = (query: string, changes: readonly TableChange[]): readonly string[] => {
  const live = new LiveQuery(query, oracleCatalog);
  live.tick(changes);
  return live.resultRows();
};

const some = [row(1, 1, 'x'), row(2, 1, null), row(3, 2, 'y"'), row(4, 1, 'x')];

test('ARRAY_AGG keeps values in the order in which they came, NULL among them unless it is ignored', () => {
  assert.deepEqual(resultOf('SELECT a, ARRAY_AGG(s) FROM t GROUP BY a', some), ['[1,["x",null,"x"]]', '[2,["y\\""]]']);
  assert.deepEqual(resultOf('SELECT ARRAY_AGG(DISTINCT s), ARRAY_AGG(s IGNORE NULLS) FROM t', some), [
    '[["x",null,"y\\""],["x","y\\"","x"]]',
  ]);
  assert.deepEqual(resultOf('SELECT ARRAY_AGG(id) FILTER (WHERE a = 1) FROM t', some), ['[[1,2,4]]']);
  assert.deepEqual(resultOf('SELECT ARRAY_AGG(s), ARRAY_AGG(s IGNORE NULLS) FROM t', []), ['[null,null]']);
});

test('JSON_ARRAYAGG and JSON_OBJECTAGG write JSON, with NULL as the call says', () => {
  assert.deepEqual(resultOf('SELECT JSON_ARRAYAGG(s), JSON_ARRAYAGG(s NULL ON NULL) FROM t', some), [
    '["[\\"x\\",\\"y\\\\\\"\\",\\"x\\"]","[\\"x\\",null,\\"y\\\\\\"\\",\\"x\\"]"]',
  ]);
  const object = (call: string): unknown => JSON.parse(JSON.parse(resultOf(`SELECT ${call} FROM t`, some)[0]!)[0]);
  assert.deepEqual(object('JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE s)'), { 1: 'x', 2: null, 3: 'y"', 4: 'x' });
  assert.deepEqual(object('JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE s ABSENT ON NULL)'), {
    1: 'x',
    3: 'y"',
    4: 'x',
  });
  // Of equal keys the last one stands.
  assert.deepEqual(object('JSON_OBJECTAGG(KEY CAST(a AS STRING) VALUE JSON_ARRAY(id))'), { 1: [4], 2: [3] });
  assert.deepEqual(resultOf('SELECT JSON_ARRAYAGG(s), JSON_OBJECTAGG(KEY s VALUE id) FROM t', []), ['["[]","{}"]']);
  assert.throws(() => resultOf('SELECT JSON_OBJECTAGG(KEY s VALUE id) FROM t', some), { code: 'SQL_FUNCTION_FAILED' });
  assert.deepEqual(
    resultOf("SELECT a, JSON_ARRAYAGG(id) || '!' AS j FROM t GROUP BY a HAVING JSON_ARRAYAGG(id) <> '[3]'", some),
    ['[1,"[1,2,4]!"]'],
  );
});

test('what comes and goes leaves no trace in a collection', () => {
  const query =
    'SELECT a, ARRAY_AGG(s), JSON_ARRAYAGG(b NULL ON NULL), JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE s) FROM t GROUP BY a';
  const random = new SeededRandom(5);
  using oracle = new SqliteOracle(random);
  const [quiet, noisy] = [new LiveQuery(query, oracleCatalog), new LiveQuery(query, oracleCatalog)];
  for (let tick = 0; tick < 15; tick += 1) {
    const changes = oracle.change(6);
    quiet.tick(changes);
    noisy.tick([...oracle.noise(2), ...changes, ...oracle.noise(2)]);
    assert.deepEqual(noisy.resultRows(), quiet.resultRows());
  }
  noisy.tick(oracle.empty());
  assert.deepEqual(noisy.resultRows(), []);
});

test('types are those of Flink, and what is no collection of values is refused at its place', () => {
  const plan = planOf('SELECT ARRAY_AGG(id), JSON_ARRAYAGG(id), JSON_OBJECTAGG(KEY s VALUE id) FROM t', oracleCatalog);
  assert.deepEqual(
    plan.columns.map(({ type }) => typeText(type)),
    ['ARRAY<INT>', 'STRING NOT NULL', 'STRING NOT NULL'],
  );
  const catalog = sqlCatalog([sqlTable('t', { a: 'INT', s: 'STRING' })]);
  const cases: readonly (readonly [query: string, code: string])[] = [
    ['SELECT JSON_OBJECTAGG(KEY a VALUE s) FROM t', 'SQL_TYPE_MISMATCH'],
    ['SELECT JSON_ARRAYAGG(COUNT(*)) FROM t', 'SQL_INVALID'],
    ['SELECT ARRAY_AGG(SUM(a)) FROM t', 'SQL_INVALID'],
    ['SELECT SUM(a IGNORE NULLS) FROM t', 'SQL_INVALID'],
    ['SELECT a FROM t WHERE JSON_ARRAYAGG(s) = s', 'SQL_INVALID'],
  ];
  for (const [query, code] of cases) assert.throws(() => planOf(query, catalog), { code }, query);
});
