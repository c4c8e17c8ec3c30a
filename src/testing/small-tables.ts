import type { Workload } from './mysql-oracle.ts';
import { queryShapes } from './query-shapes.ts';
import type { SeededRandom } from './seeded-random.ts';

/** The tables of SqliteOracle on MySQL: `t` has a key, `u` has none and may hold a row twice. Rows stay few, so that values meet. */
export const smallTables = (): Workload => {
  let ids = 0;
  const change = (random: SeededRandom): string => {
    const [table, key, text] = random.chance(0.66) ? (['t', 'a', 's'] as const) : (['u', 'k', 'v'] as const);
    const small = (): string => (random.chance(0.2) ? 'NULL' : String(random.integer(-2, 3)));
    const word = (): string => (random.chance(0.2) ? 'NULL' : `'${random.pick(['', 'x', 'y', 'zz', 'é'])}'`);
    const some = `id >= ${random.integer(Math.max(1, ids - 25), ids + 1)} ORDER BY id`;
    const roll = ids < 10 ? 0 : random.next();
    ids += 1;
    if (roll < 0.45) {
      const row = table === 't' ? `(${ids}, ${small()}, ${small()}, ${word()})` : `(${ids}, ${small()}, ${word()})`;
      return `INSERT INTO ${table} VALUES ${row}${table === 'u' && random.chance(0.1) ? `, ${row}` : ''}`;
    }
    if (roll < 0.7) return `UPDATE ${table} SET ${key} = ${small()}, ${text} = ${word()} WHERE ${some} LIMIT 2`;
    if (roll < 0.75) return `UPDATE ${table} SET id = ${ids} WHERE ${some} LIMIT 1`;
    if (roll < 0.85) return `DELETE FROM ${table} WHERE id < ${ids - 30}`;
    return `DELETE FROM ${table} WHERE ${some} LIMIT 2`;
  };
  return {
    setup: [
      'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, s VARCHAR(20) COLLATE utf8mb4_0900_bin)',
      'CREATE TABLE u (id INT, k INT, v VARCHAR(20) COLLATE utf8mb4_0900_bin)',
    ],
    queries: queryShapes,
    lenient: true,
    change,
  };
};
