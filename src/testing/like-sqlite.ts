import assert from 'node:assert/strict';
import { SeededRandom } from './seeded-random.ts';
import { LiveQuery } from './sql-rig.ts';
import { oracleCatalog, SqliteOracle } from './sqlite-oracle.ts';

/** A query that SQLite and MySQL read too, or the query, what SQLite reads instead, and what MySQL does where that is another one. */
export type Shape = string | readonly [query: string, sqlite: string, mysql?: string];

/** Keeps the query's result over tables that change at random, and compares it with SQLite's answer at every tick. */
export const assertLikeSqlite = (shape: Shape): void => {
  const [query, sqlite] = typeof shape === 'string' ? [shape, shape] : shape;
  for (let seed = 1; seed <= 6; seed += 1) {
    const random = new SeededRandom(seed);
    using oracle = new SqliteOracle(random);
    const live = new LiveQuery(query, oracleCatalog);
    for (let tick = 0; tick < 20; tick += 1) {
      live.tick([...oracle.change(random.integer(0, 8)), ...oracle.noise(random.integer(0, 2))]);
      assert.deepEqual(live.resultRows(), oracle.rows(sqlite), `seed ${seed}, tick ${tick}`);
    }
    live.tick(oracle.empty());
    assert.deepEqual(live.resultRows(), oracle.rows(sqlite), `seed ${seed}, emptied`);
  }
};
