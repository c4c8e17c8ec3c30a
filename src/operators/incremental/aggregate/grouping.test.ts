import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, rowText, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';
import type { SqlRow } from '../delta.ts';

const catalog = sqlCatalog([sqlTable('t', { a: 'INT', b: 'STRING', n: 'INT' })]);

/** The sets of a GROUP BY, as the columns that each groups by, and what GROUP_ID() says of it. */
const shapes: readonly (readonly [groupBy: string, sets: readonly (readonly string[])[], ids: readonly number[]])[] = [
  ['a, b', [['a', 'b']], [0]],
  ['ROLLUP (a, b)', [['a', 'b'], ['a'], []], [0, 0, 0]],
  ['CUBE (a, b)', [['a', 'b'], ['b'], ['a'], []], [0, 0, 0, 0]],
  ['GROUPING SETS ((a), (a), (b))', [['a'], ['a'], ['b']], [0, 1, 0]],
];

const expected = (rows: readonly SqlRow[], sets: readonly (readonly string[])[], ids: readonly number[]) =>
  sets.flatMap((set, at) => {
    const groups = new Map<string, SqlRow>();
    for (const [a, b, n] of rows) {
      const [ga, gb] = [set.includes('a') ? a! : null, set.includes('b') ? b! : null];
      const [bitA, bitB] = [set.includes('a') ? 0 : 1, set.includes('b') ? 0 : 1];
      const key = rowText([ga, gb]);
      const sum = ((groups.get(key)?.[2] as number | undefined) ?? 0) + (n as number);
      groups.set(key, [ga, gb, sum, bitA, bitA * 2 + bitB, bitB * 2 + bitA, ids[at]!]);
    }
    return [...groups.values()].map(rowText);
  });

for (const [groupBy, sets, ids] of shapes) {
  test(`GROUPING, GROUPING_ID and GROUP_ID say which set a row is of: ${groupBy}`, () => {
    const query = `SELECT a, b, SUM(n), GROUPING(a), GROUPING_ID(a, b), GROUPING(b, a), GROUP_ID() FROM t GROUP BY ${groupBy}`;
    for (let seed = 1; seed <= 5; seed += 1) {
      const [random, live] = [new SeededRandom(seed), new LiveQuery(query, catalog)];
      const rows: SqlRow[] = [];
      for (let tick = 0; tick < 20; tick += 1) {
        const changes: TableChange[] = [];
        for (let count = random.integer(0, 4); count > 0; count -= 1) {
          if (rows.length > 0 && random.chance(0.4)) {
            changes.push(['t', rows.splice(random.integer(0, rows.length - 1), 1)[0]!, -1]);
          } else {
            const row = [random.pick([1, 2, null]), random.pick(['x', null]), random.integer(1, 9)];
            rows.push(row);
            changes.push(['t', row, 1]);
          }
        }
        live.tick(changes);
        assert.deepEqual(live.resultRows(), expected(rows, sets, ids).toSorted(), `seed ${seed}, tick ${tick}`);
      }
      live.tick(rows.map((row) => ['t', row, -1]));
      assert.deepEqual(live.resultRows(), []);
    }
  });
}

test('a total is told from a group of NULL, in HAVING and ORDER BY too, and what is not grouped by is refused', () => {
  const live = new LiveQuery(
    'SELECT CASE WHEN GROUPING(a) = 1 THEN 0 ELSE a END, COUNT(*) FROM t GROUP BY ROLLUP (a) HAVING GROUPING(a) = 1 OR a IS NULL ORDER BY GROUPING(a)',
    catalog,
  );
  live.tick([
    ['t', [null, 'x', 1], 1],
    ['t', [5, 'x', 1], 1],
  ]);
  assert.deepEqual(live.resultRows(), ['[0,2]', '[null,1]']);
  for (const wrong of ['GROUPING(n)', 'GROUPING()', 'GROUP_ID(a)'])
    assert.throws(() => planOf(`SELECT ${wrong} FROM t GROUP BY a`, catalog), { code: 'SQL_INVALID' }, wrong);
});
