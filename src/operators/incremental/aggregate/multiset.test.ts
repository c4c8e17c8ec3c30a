import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { typeText } from '../../../sql/types/sql-type.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';

const catalog = sqlCatalog([
  sqlTable('t', {
    id: 'INT',
    s: 'STRING',
    d: 'DOUBLE',
    bin: 'BYTES',
    r: 'ROW<x INT, y STRING>',
    m: 'MAP<STRING, INT>',
  }),
]);

interface Given {
  readonly s?: SqlValue;
  readonly d?: SqlValue;
  readonly bin?: SqlValue;
  readonly r?: SqlValue;
}

const row = (id: number, { s = null, d = null, bin = null, r = null }: Given, weight: 1 | -1 = 1): TableChange => [
  't',
  [id, s, d, bin, r, null],
  weight,
];

/** The only row of a query without groups, after each of these ticks. */
const results = (query: string, ...ticks: readonly (readonly TableChange[])[]): readonly unknown[] => {
  const live = new LiveQuery(query, catalog);
  return ticks.map((changes) => {
    live.tick(changes);
    const [only, ...others] = live.resultRows();
    assert.deepEqual(others, []);
    return JSON.parse(only!);
  });
};

const some = [row(1, { s: 'b' }), row(2, { s: 'a' }), row(3, {}), row(4, { s: 'b' })];

test('COLLECT counts equal values, leaves NULL out, and is read as Flink writes it', () => {
  const read = 'CAST(c AS STRING), CARDINALITY(c), JSON_STRING(c)';
  assert.deepEqual(results(`SELECT ${read} FROM (SELECT COLLECT(s) AS c FROM t) x`, [], some), [
    ['{}', 0, '{}'],
    ['{a=1, b=2}', 3, '{"a":1,"b":2}'],
  ]);
  assert.deepEqual(results(`SELECT ${read} FROM (SELECT COLLECT(DISTINCT s) AS c FROM t) x`, some), [
    ['{a=1, b=1}', 2, '{"a":1,"b":1}'],
  ]);
  assert.deepEqual(results('SELECT CAST(COLLECT(s) FILTER (WHERE id < 3) AS STRING) FROM t', some), [['{a=1, b=1}']]);
});

test('a multiset is the same whatever order its rows came in, and follows those that go', () => {
  const query = 'SELECT COLLECT(s) FROM t';
  const [forward] = results(query, some);
  assert.deepEqual(results(query, some.toReversed()), [forward]);
  const live = new LiveQuery(query, catalog);
  live.tick(some);
  // Another row with an equal value, and a value that goes before it comes, change nothing.
  assert.deepEqual(live.tick([row(4, { s: 'b' }, -1), row(5, { s: 'b' })]), []);
  assert.deepEqual(live.tick([row(6, { s: 'c' }, -1), row(6, { s: 'c' })]), []);
  assert.deepEqual(live.tick([row(1, { s: 'b' }, -1)]), ['-[[["a",1],["b",2]]]', '+[[["a",1],["b",1]]]']);
});

test('bytes and rows are equal by what is in them, and NaN is equal to itself alone', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const counts = 'SELECT CAST(COLLECT(bin) AS STRING), CAST(COLLECT(r) AS STRING), CAST(COLLECT(d) AS STRING) FROM t';
  const given = [
    row(1, { bin: bytes(97), r: [1, null], d: Number.NaN }),
    row(2, { bin: bytes(97), r: [1, null], d: 1.5 }),
    row(3, { bin: bytes(97, 98), r: [1, 'y'], d: Number.NaN }),
  ];
  assert.deepEqual(results(counts, given), [['{a=2, ab=1}', '{(1, NULL)=2, (1, y)=1}', '{1.5=1, NaN=2}']]);
  const [one, other] = [row(1, { d: 5 }), row(1, { d: Number.NaN })];
  const goes: TableChange = [one[0], one[1], -1];
  assert.deepEqual(results('SELECT COLLECT(d), CARDINALITY(COLLECT(bin)) FROM t', [one], [goes, other]), [
    [[[5, 1]], 0],
    [[[null, 1]], 0],
  ]);
});

test('ELEMENT gives the only one, NULL of none, and fails where there are more, equal ones too', () => {
  const query = 'SELECT ELEMENT(COLLECT(s)) FROM t';
  assert.deepEqual(results(query, [], some.slice(1, 3)), [[null], ['a']]);
  const equal = [row(1, { s: 'b' }), row(2, { s: 'b' })];
  assert.throws(() => results(query, equal), { code: 'SQL_FUNCTION_FAILED' });
});

test('UNNEST gives each element as often as it is there, and the fields of rows as columns', () => {
  const live = new LiveQuery(
    'SELECT x, y FROM (SELECT COLLECT(r) AS c FROM t) z CROSS JOIN UNNEST(c) AS e (x, y)',
    catalog,
  );
  live.tick([row(1, { r: [1, 'a'] }), row(2, { r: [1, 'a'] }), row(3, { r: [2, null] })]);
  assert.deepEqual(live.resultRows(), ['[1,"a"]', '[1,"a"]', '[2,null]']);
  live.tick([row(2, { r: [1, 'a'] }, -1)]);
  assert.deepEqual(live.resultRows(), ['[1,"a"]', '[2,null]']);
});

test('multisets are grouped by, compared and united by their elements', () => {
  const groups = 'SELECT COUNT(*) FROM (SELECT id, COLLECT(s) AS c FROM t GROUP BY id) x GROUP BY c';
  const live = new LiveQuery(groups, catalog);
  live.tick(some);
  assert.deepEqual(live.resultRows(), ['[1]', '[1]', '[2]']);
  assert.deepEqual(results('SELECT COLLECT(s) = COLLECT(DISTINCT s) FROM t', some, [row(1, { s: 'b' }, -1)]), [
    [false],
    [true],
  ]);
});

test('its type is that of its elements, and what no multiset can be is refused at its place', () => {
  const typesOf = (query: string): readonly string[] =>
    planOf(query, catalog).columns.map(({ type }) => typeText(type));
  assert.deepEqual(
    typesOf('SELECT COLLECT(id), COLLECT(COALESCE(s, CAST(id AS STRING))), TYPEOF(COLLECT(id)) FROM t'),
    ['MULTISET<INT> NOT NULL', 'MULTISET<STRING> NOT NULL', 'STRING'],
  );
  const refused: readonly (readonly [query: string, code: string])[] = [
    ['SELECT COLLECT(m) FROM t', 'SQL_NOT_SUPPORTED'],
    ['SELECT COLLECT(s IGNORE NULLS) FROM t', 'SQL_INVALID'],
    ['SELECT COLLECT(s, id) FROM t', 'SQL_INVALID'],
    ['SELECT COLLECT(s) IS A SET FROM t', 'SQL_NOT_SUPPORTED'],
    ['SELECT CAST(s AS MULTISET<STRING>) FROM t', 'SQL_NOT_SUPPORTED'],
    ['SELECT MULTISET[1, 2]', 'SQL_NOT_SUPPORTED'],
    ['SELECT COLLECT(s)[1] FROM t', 'SQL_TYPE_MISMATCH'],
    ['SELECT CAST(COLLECT(s) AS INT) FROM t', 'SQL_INVALID'],
    ['SELECT CARDINALITY(s), ELEMENT(m) FROM t', 'SQL_TYPE_MISMATCH'],
    ['SELECT ELEMENT(m) FROM t', 'SQL_TYPE_MISMATCH'],
    ['SELECT COLLECT(s) = COLLECT(id) FROM t', 'SQL_TYPE_MISMATCH'],
  ];
  for (const [query, code] of refused) assert.throws(() => planOf(query, catalog), { code }, query);
});
