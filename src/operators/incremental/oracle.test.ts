import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { LiveQuery } from '../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../testing/sqlite-oracle.ts';

/** Queries that SQLite reads too; where it needs other words, these stand behind. */
const shapes: readonly (string | readonly [query: string, sqlite: string])[] = [
  'SELECT * FROM t',
  'SELECT a + b, s FROM t WHERE a > 0 OR b IS NULL',
  'SELECT a FROM t UNION ALL SELECT k FROM u',
  'SELECT DISTINCT a FROM t',
  'SELECT DISTINCT a, s FROM t',
  'SELECT a FROM t UNION SELECT k FROM u',
  'SELECT COUNT(*), SUM(a), MIN(b), MAX(s) FROM t',
  'SELECT a, COUNT(*), COUNT(b), SUM(b) FROM t GROUP BY a',
  'SELECT a, b, COUNT(*), MIN(s), MAX(s) FROM t GROUP BY a, b',
  'SELECT s, MIN(a), MAX(a), COUNT(DISTINCT b), SUM(DISTINCT b) FROM t GROUP BY s',
  'SELECT a, COUNT(*) FILTER (WHERE b > 0), SUM(b) FILTER (WHERE s IS NOT NULL) FROM t GROUP BY a',
  'SELECT a + 1, SUM(b * 2) FROM t WHERE s IS NOT NULL GROUP BY a + 1 HAVING COUNT(*) > 1',
  'SELECT n, COUNT(*) FROM (SELECT a, COUNT(*) AS n FROM t GROUP BY a) x GROUP BY n',
  'SELECT a, SUM(b) / COUNT(b) FROM t GROUP BY a HAVING COUNT(b) > 0',
  [
    'SELECT a, b, COUNT(*) FROM t GROUP BY ROLLUP (a, b)',
    'SELECT a, b, COUNT(*) FROM t GROUP BY a, b UNION ALL SELECT a, NULL, COUNT(*) FROM t GROUP BY a UNION ALL SELECT NULL, NULL, COUNT(*) FROM t HAVING COUNT(*) > 0',
  ],
];

for (const shape of shapes) {
  const [query, sqlite] = typeof shape === 'string' ? [shape, shape] : shape;
  test(`at every tick, as SQLite says: ${query}`, () => {
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
  });
}
