import { test } from 'node:test';
import { assertLikeSqlite, type Shape } from '../../testing/like-sqlite.ts';

/** Queries that SQLite reads too; where it needs other words, these stand behind. */
const shapes: readonly Shape[] = [
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
  'SELECT t.id, u.v FROM t JOIN u ON t.a = u.k',
  'SELECT t.id, u.v FROM t LEFT JOIN u ON t.a = u.k',
  'SELECT t.id, u.id FROM t RIGHT JOIN u ON t.a = u.k',
  'SELECT t.id, t.s, u.id, u.v FROM t FULL JOIN u ON t.a = u.k',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.k AND t.s = u.v',
  'SELECT t.id, u.id FROM t JOIN u ON t.a = u.k AND t.b < u.id',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a = u.k AND t.b < u.k',
  'SELECT t.id, u.id FROM t RIGHT JOIN u ON t.a = u.k AND t.b > 0',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.k AND t.b <> u.k',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a < u.k',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a > u.k',
  'SELECT t.id, u.id FROM t CROSS JOIN u WHERE t.a <> u.k',
  'SELECT t.a, u.k FROM t, u WHERE t.a = u.k',
  'SELECT x.id, y.id FROM t x JOIN t y ON x.a = y.b',
  'SELECT x.id, y.id FROM t x LEFT JOIN t y ON x.a = y.b AND x.s = y.s',
  'SELECT x.a, y.n FROM t x JOIN (SELECT k, COUNT(*) AS n FROM u GROUP BY k) y ON x.a = y.k',
  'SELECT u.v, COUNT(*), SUM(t.b) FROM t JOIN u ON t.a = u.k GROUP BY u.v',
  'SELECT u.v, COUNT(t.id), MAX(t.b) FROM u LEFT JOIN t ON t.a = u.k GROUP BY u.v',
  'SELECT x.id, y.id, z.id FROM t x JOIN u y ON x.a = y.k LEFT JOIN t z ON y.k = z.b',
  'WITH n AS (SELECT a, COUNT(*) AS c FROM t GROUP BY a) SELECT x.a, y.a FROM n x JOIN n y ON x.c = y.c',
  'SELECT a FROM t INTERSECT SELECT k FROM u',
  'SELECT a FROM t EXCEPT SELECT k FROM u',
  'SELECT a, s FROM t INTERSECT SELECT k, v FROM u',
  'SELECT a, s FROM t EXCEPT SELECT k, v FROM u',
  [
    'SELECT a FROM t INTERSECT ALL SELECT k FROM u',
    'SELECT a FROM (SELECT a, ROW_NUMBER() OVER (PARTITION BY a) AS n FROM t INTERSECT SELECT k, ROW_NUMBER() OVER (PARTITION BY k) FROM u)',
  ],
  [
    'SELECT a FROM t EXCEPT ALL SELECT k FROM u',
    'SELECT a FROM (SELECT a, ROW_NUMBER() OVER (PARTITION BY a) AS n FROM t EXCEPT SELECT k, ROW_NUMBER() OVER (PARTITION BY k) FROM u)',
  ],
  'SELECT id, a, b, s FROM t ORDER BY a DESC, id LIMIT 3',
  'SELECT id, a, b, s FROM t ORDER BY s NULLS LAST, b DESC NULLS FIRST, id, a LIMIT 4 OFFSET 2',
  'SELECT a, COUNT(*) AS n FROM t GROUP BY a ORDER BY n DESC, a LIMIT 2',
  ['SELECT id, a, b, s FROM t ORDER BY b OFFSET 3', 'SELECT id, a, b, s FROM t ORDER BY b, id, a, s LIMIT -1 OFFSET 3'],
  ['SELECT id, a, b, s FROM t LIMIT 3', 'SELECT id, a, b, s FROM t ORDER BY id, a, b, s LIMIT 3'],
  'SELECT COUNT(*) FROM (SELECT id, a, b, s FROM t ORDER BY a, id, b, s LIMIT 5) x WHERE a > 0',
];

for (const shape of shapes) {
  test(`at every tick, as SQLite says: ${typeof shape === 'string' ? shape : shape[0]}`, () => assertLikeSqlite(shape));
}
