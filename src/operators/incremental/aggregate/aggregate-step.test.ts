import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiveQuery, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';
import type { SqlRow } from '../delta.ts';

const catalog = sqlCatalog([
  sqlTable('t', { k: 'INT', i: 'INT', l: 'BIGINT', d: 'DECIMAL(20, 2)', f: 'DOUBLE', s: 'STRING' }),
]);

const change = (weight: 1 | -1, ...values: SqlRow): TableChange => ['t', values, weight];

test('sums of BIGINT and DECIMAL are exact beyond 2^53, and come back from there', () => {
  const live = new LiveQuery('SELECT SUM(l), SUM(d), AVG(d) FROM t', catalog);
  const big = 2n ** 62n;
  const decimal = 10n ** 19n + 1n;
  live.tick([change(1, 1, 1, big, decimal, 0, ''), change(1, 1, 1, 7, 3, 0, '')]);
  assert.deepEqual(live.resultRows(), [`["${big + 7n}n","${decimal + 3n}n","50000000000000000020000n"]`]);
  live.tick([change(-1, 1, 1, big, decimal, 0, '')]);
  assert.deepEqual(live.resultRows(), ['[7,3,30000]']);
});

test('sums of whole numbers wrap around at their width, and those of DECIMAL beyond 38 digits are NULL, until they fit again', () => {
  const wide = sqlCatalog([sqlTable('w', { i: 'INT', d: 'DECIMAL(38, 0)' })]);
  const live = new LiveQuery('SELECT SUM(i), SUM(d) FROM w', wide);
  const most = 10n ** 38n - 1n;
  live.tick([
    ['w', [2_147_483_647, most], 1],
    ['w', [1, 1], 1],
  ]);
  assert.deepEqual(live.resultRows(), ['[-2147483648,null]']);
  live.tick([['w', [1, 1], -1]]);
  assert.deepEqual(live.resultRows(), [`[2147483647,"${most}n"]`]);
});

test('averages of whole numbers are cut towards zero, those of DECIMAL are rounded half away from it', () => {
  const live = new LiveQuery('SELECT AVG(i), AVG(d) FROM t', catalog);
  live.tick([change(1, 1, -3, 0, -1, 0, ''), change(1, 1, -4, 0, -1, 0, ''), change(1, 1, 0, 0, 0, 0, '')]);
  assert.deepEqual(live.resultRows(), ['[-2,-6667]']);
});

test('the sum of doubles is what their exact sum rounds to, whatever came and went in between', () => {
  const double = fc.double({ noNaN: true, min: -1e300, max: 1e300 });
  fc.assert(
    fc.property(fc.array(double, { maxLength: 20 }), fc.array(double, { maxLength: 10 }), (kept, noise) => {
      const sum = (changes: readonly TableChange[]): readonly string[] => {
        const live = new LiveQuery('SELECT SUM(f), COUNT(f) FROM t', catalog);
        live.tick([]);
        for (const one of changes) live.tick([one]);
        return live.resultRows();
      };
      const row = (value: number, weight: 1 | -1): TableChange => change(weight, 1, 1, 0, 0, value, '');
      const plain = sum(kept.map((value) => row(value, 1)));
      const noisy = [
        ...noise.map((value) => row(value, 1)),
        ...kept.toReversed().map((value) => row(value, 1)),
        ...noise.map((value) => row(value, -1)),
      ];
      assert.deepEqual(sum(noisy), plain);
    }),
  );
});

test('infinities and NaN leave a sum when their rows do', () => {
  const live = new LiveQuery('SELECT SUM(f) AS x, SUM(f) IS NULL FROM t', catalog);
  const told: unknown[] = [];
  const tick = (weight: 1 | -1, value: number): void => {
    live.flow.inputs.get('t')!.push([1, 1, 0, 0, value, ''], weight);
    const { rows, weights } = live.flow.tick({ now: 0 }).get('out')!;
    told.push(rows[weights.indexOf(1)]![0]);
  };
  tick(1, 1.5);
  tick(1, Number.POSITIVE_INFINITY);
  tick(1, Number.NEGATIVE_INFINITY);
  tick(-1, Number.POSITIVE_INFINITY);
  tick(-1, Number.NEGATIVE_INFINITY);
  assert.deepEqual(told, [1.5, Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY, 1.5]);
});

test('variances of exact numbers are exact', () => {
  const live = new LiveQuery(
    'SELECT VAR_POP(d), VAR_SAMP(d), STDDEV_POP(d), STDDEV_SAMP(d), VARIANCE(d), STDDEV(d) FROM t',
    catalog,
  );
  live.tick([change(1, 1, 1, 0, 100, 0, '')]);
  assert.deepEqual(live.resultRows(), ['[0,null,0,null,null,null]']);
  live.tick([change(1, 1, 1, 0, 200, 0, ''), change(1, 1, 1, 0, 400, 0, '')]);
  // 1, 2 and 4: variances 14/9 and 7/3.
  assert.deepEqual(live.resultRows(), ['[1555556,2333333,1247219,1527525,2333333,1527525]']);
});

test('FIRST_VALUE, LAST_VALUE and LISTAGG follow the order in which rows came', () => {
  const live = new LiveQuery("SELECT k, FIRST_VALUE(s), LAST_VALUE(s), LISTAGG(s, '; ') FROM t GROUP BY k", catalog);
  const row = (weight: 1 | -1, s: string | null): TableChange => change(weight, 1, 1, 0, 0, 0, s);
  live.tick([row(1, 'b'), row(1, null), row(1, 'a'), row(1, 'c')]);
  assert.deepEqual(live.resultRows(), ['[1,"b","c","b; a; c"]']);
  assert.deepEqual(live.tick([row(-1, 'b'), row(-1, 'c')]), ['-[1,"b","c","b; a; c"]', '+[1,"a","a","a"]']);
  assert.deepEqual(live.tick([row(-1, 'a'), row(-1, null)]), ['-[1,"a","a","a"]']);
});

test('a group whose results stay the same is not told of', () => {
  const live = new LiveQuery('SELECT k, MAX(i) FROM t GROUP BY k', catalog);
  assert.deepEqual(live.tick([change(1, 1, 5, 0, 0, 0, '')]), ['+[1,5]']);
  assert.deepEqual(live.tick([change(1, 1, 4, 0, 0, 0, '')]), []);
  assert.deepEqual(live.tick([change(-1, 1, 5, 0, 0, 0, '')]), ['-[1,5]', '+[1,4]']);
});
