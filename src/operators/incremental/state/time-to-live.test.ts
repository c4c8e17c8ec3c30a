import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf, rowText, type TableChange } from '../../../testing/sql-rig.ts';
import { oracleCatalog } from '../../../testing/sqlite-oracle.ts';
import { dataflow } from '../dataflow.ts';

/** Gives what a query tells whose state lives ten seconds. */
const mortal = (query: string) => {
  const settings = { timeZone: 'UTC', random: () => 0.5, stateTtlMs: 10_000 };
  const flow = dataflow(new Map([['out', planOf(query, oracleCatalog)]]), settings);
  return (seconds: number, ...changes: readonly TableChange[]): readonly string[] => {
    for (const [table, row, weight] of changes) flow.inputs.get(table)?.push(row, weight);
    const { rows, weights } = flow.tick({ now: seconds * 1000 }).get('out')!;
    return rows.map((row, at) => `${weights[at]! > 0 ? '+' : '-'}${rowText(row)}`);
  };
};

const t = (id: number, a: number | null, weight: 1 | -1 = 1): TableChange => ['t', [id, a, null, 'x'], weight];
const u = (id: number, k: number, weight: 1 | -1 = 1): TableChange => ['u', [id, k, 'y'], weight];

test('a group that nothing changes for the time to live begins anew', () => {
  const tick = mortal('SELECT a, COUNT(*) FROM t GROUP BY a');
  assert.deepEqual(tick(0, t(1, 1), t(2, 2)), ['+[1,1]', '+[2,1]']);
  assert.deepEqual(tick(6, t(3, 1)), ['-[1,1]', '+[1,2]']);
  // The other group was last changed eleven seconds ago, this one five.
  assert.deepEqual(tick(11, t(4, 1), t(5, 2)), ['-[1,2]', '+[1,3]', '+[2,1]']);
});

test('a row that goes when its group has been let go of tells nothing', () => {
  const tick = mortal('SELECT a, COUNT(*) FROM t GROUP BY a');
  tick(0, t(1, 1));
  assert.deepEqual(tick(20, t(1, 1, -1)), []);
  assert.deepEqual(tick(21, t(2, 1)), ['+[1,1]']);
});

test('rows of a join and the first of partitions are let go of, the total of everything and LIMIT are not', () => {
  const join = mortal('SELECT t.id, u.id FROM t JOIN u ON t.a = u.k');
  join(0, t(1, 1));
  assert.deepEqual(join(9, u(1, 1)), ['+[1,1]']);
  assert.deepEqual(join(12, u(2, 1)), []);
  assert.deepEqual(join(13, t(2, 1)), ['+[2,1]', '+[2,2]']);
  const first = mortal(
    'SELECT id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY a ORDER BY id) AS n FROM t) x WHERE n = 1',
  );
  assert.deepEqual(first(0, t(5, 1)), ['+[5]']);
  assert.deepEqual(first(5, t(6, 1)), []);
  assert.deepEqual(first(30, t(7, 1)), ['+[7]']);
  const total = mortal('SELECT COUNT(*) FROM t');
  assert.deepEqual(total(0, t(1, 1)), ['+[1]']);
  assert.deepEqual(total(100, t(2, 1)), ['-[1]', '+[2]']);
});
