import type { FlinkJobs } from './flink.ts';

const datagen = (rows: number): string =>
  `'connector' = 'datagen', 'rows-per-second' = '100000000', 'number-of-rows' = '${rows}', 'fields.id.kind' = 'sequence',
   'fields.id.start' = '0', 'fields.id.end' = '${rows - 1}'`;

/** Twice, the first time for Java's compiler: the second is what counts. */
const warmed = (query: string): readonly string[] => [query, query];

/** The rows of bench/contenders/sql-engine.ts, made by Flink's own generator as they are read. */
export const flinkQueries: Readonly<Record<'groupby' | 'join', FlinkJobs>> = {
  groupby: {
    rows: 1_000_000,
    tables: [
      `CREATE TABLE orders (id BIGINT, customer AS MOD(id * 7919, 10000),
        qty AS CASE WHEN MOD(id, 17) = 0 THEN CAST(NULL AS INT) ELSE CAST(1 + MOD(id, 9) AS INT) END,
        price AS CAST(MOD(id * 31, 1000000) * 0.01 AS DECIMAL(10, 2)), note AS 'x') WITH (${datagen(1_000_000)})`,
    ],
    reading: 'SELECT customer, qty, price FROM orders',
    queries: warmed(
      'SELECT customer, COUNT(*), SUM(qty * 2), SUM(price) FROM orders WHERE qty IS NULL OR qty > 0 GROUP BY customer',
    ),
  },
  join: {
    rows: 200_000,
    tables: [
      `CREATE TABLE a (id BIGINT, x AS CAST(MOD(id, 7) AS INT)) WITH (${datagen(100_000)})`,
      `CREATE TABLE numbers (id BIGINT) WITH (${datagen(100_000)})`,
      "CREATE VIEW b AS SELECT MOD(id * 7919, 100000) AS id, 'v' AS y FROM numbers",
    ],
    reading: 'SELECT id, CAST(x AS STRING) AS v FROM a UNION ALL SELECT id, y FROM b',
    queries: warmed('SELECT a.id, a.x, b.y FROM a JOIN b ON a.id = b.id'),
  },
};
