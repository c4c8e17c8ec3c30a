import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../../sql/plan/plan.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../../testing/sqlite-oracle.ts';

/** `t` joined with `u` on a condition, giving rows of `t` alone. */
const oneSided = (type: 'SEMI' | 'ANTI', condition: string): Plan => {
  const project = planOf(`SELECT * FROM t JOIN u ON ${condition}`, oracleCatalog);
  assert(project.kind === 'project' && project.input.kind === 'join');
  return { ...project.input, type, columns: project.input.left.columns };
};

for (const condition of ['t.a = u.k', 't.a = u.k AND t.b < u.id', 't.a < u.k', 't.a = u.k AND t.s = u.v']) {
  for (const type of ['SEMI', 'ANTI'] as const) {
    test(`${type} join on ${condition}, at every tick as SQLite's EXISTS says`, () => {
      const exists = `${type === 'SEMI' ? '' : 'NOT '}EXISTS (SELECT 1 FROM u WHERE ${condition})`;
      for (let seed = 1; seed <= 6; seed += 1) {
        const random = new SeededRandom(seed);
        using oracle = new SqliteOracle(random);
        const live = new LiveQuery(oneSided(type, condition), oracleCatalog);
        for (let tick = 0; tick < 20; tick += 1) {
          live.tick([...oracle.change(random.integer(0, 8)), ...oracle.noise(1)]);
          assert.deepEqual(live.resultRows(), oracle.rows(`SELECT * FROM t WHERE ${exists}`), `seed ${seed}`);
        }
        live.tick(oracle.empty());
        assert.deepEqual(live.resultRows(), []);
      }
    });
  }
}

const pairs = sqlCatalog([sqlTable('l', { id: 'INT', k: 'INT' }), sqlTable('r', { k: 'INT', id: 'INT' })]);

test('a key with hundreds of rows, some of them equal, joins and comes back to nothing', () => {
  const live = new LiveQuery('SELECT l.id, r.id FROM l FULL JOIN r ON l.k = r.k', pairs);
  const left = Array.from({ length: 300 }, (_, index): TableChange => ['l', [index % 150, 7], 1]);
  live.tick(left);
  assert.equal(live.resultRows().length, 300);
  live.tick([
    ['r', [7, 1], 1],
    ['r', [7, 2], 1],
    ['r', [7, 2], 1],
  ]);
  assert.equal(live.resultRows().length, 900);
  assert.equal(live.rows.get('[3,2]'), 4);
  const back = (changes: readonly TableChange[]): readonly TableChange[] =>
    changes.map(([table, row]) => [table, [...row], -1]);
  live.tick(back(left.slice(0, 299)));
  assert.deepEqual(
    [...live.rows],
    [
      ['[149,1]', 1],
      ['[149,2]', 2],
    ],
  );
  live.tick(back([left[299]!]));
  assert.deepEqual(live.resultRows(), ['[null,1]', '[null,2]', '[null,2]']);
});

test('a row that goes before it comes, within a tick, is as if it had come before it went', () => {
  const live = new LiveQuery('SELECT l.id, r.id FROM l LEFT JOIN r ON l.k = r.k', pairs);
  live.tick([
    ['l', [1, 7], 1],
    ['r', [7, 1], -1],
    ['r', [7, 2], 1],
    ['r', [7, 1], 1],
  ]);
  assert.deepEqual(live.resultRows(), ['[1,2]']);
  live.tick([['r', [7, 2], -1]]);
  assert.deepEqual(live.resultRows(), ['[1,null]']);
});
