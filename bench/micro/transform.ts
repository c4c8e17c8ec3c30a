/**
 * What `transform` costs a row, from memory: the orders of the benchmarks as plain rows, 8 columns, 1000 a change.
 * usage: node bench/micro/transform.ts [seconds per measurement, default 1]
 */
import { ArrayRowImages } from '../../src/core/array-row-images.ts';
import type { Batch } from '../../src/core/batch.ts';
import { position } from '../../src/core/position.ts';
import type { Row } from '../../src/core/value.ts';
import { parseFilter, parseProjection } from '../../src/operators/transform/transform-rule.ts';
import { transformTables } from '../../src/operators/transform/transform-tables.ts';
import { origin } from '../../src/testing/sample-origin.ts';
import { bigintUnsigned, column, int, table, varchar } from '../../src/testing/sample-tables.ts';

const seconds = Number(process.argv[2] ?? 1);
const orders = table(
  'orders',
  [
    column('id', bigintUnsigned, { nullable: false }),
    column('customer_id', int),
    column('sku', varchar),
    column('qty', int),
    column('price', { kind: 'decimal', precision: 12, scale: 2, unsigned: false }),
    column('status', varchar),
    column('note', varchar),
    column('created', { kind: 'datetime', fsp: 6 }),
  ],
  [0],
);
const rows: Row[] = Array.from({ length: 1000 }, (_, n) => [
  n,
  (n * 7919) % 100_000,
  `SKU-${n}`,
  1 + (n % 9),
  `${n}.25`,
  ['new', 'paid', 'shipped', 'done'][n % 4]!,
  n % 3 === 0 ? null : 'a note',
  '2024-02-29 12:34:56.789012',
]);
const batch: Batch = {
  changes: [
    {
      kind: 'rows',
      op: 'create',
      table: orders,
      rows: new ArrayRowImages(orders, { before: null, after: rows }, 60_000),
      origin,
    },
  ],
  positions: new Map([['log', position('9')]]),
  version: '9',
};

const cases: readonly (readonly [what: string, projection: string, filter: string | null])[] = [
  ['columns left out', 'id, sku, price', null],
  ['one filter', '*', 'qty > 3'],
  ['whole numbers', '*, qty * 2 + customer_id AS a', null],
  ['DECIMAL', '*, price * qty AS total', null],
  ['texts', "*, UPPER(sku) AS a, status || '-' || sku AS b", null],
  ['times', "*, DATE_FORMAT(created, 'yyyy-MM-dd HH:mm') AS a, YEAR(created) AS y", null],
  [
    'all of them',
    "*, qty * 2 AS a, price * qty AS total, UPPER(sku) AS b, YEAR(created) AS y, CASE WHEN qty > 5 THEN 'many' ELSE 'few' END AS c",
    "status <> 'done'",
  ],
];
for (const [what, projection, filter] of cases) {
  const operator = transformTables(
    [
      {
        matches: () => true,
        projection: parseProjection(projection),
        filter: filter === null ? null : parseFilter(filter),
        primaryKeys: null,
        softDelete: false,
      },
    ],
    { now: Date.now, timeZone: 'UTC', random: Math.random },
  );
  let count = 0;
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    operator(batch);
    count += rows.length;
  }
  const rate = count / (performance.now() - started) / 1000;
  process.stdout.write(
    `${what.padEnd(20)} ${rate.toFixed(2).padStart(8)} M rows/s   ${(1000 / (rate * 1000)).toFixed(3)} us/row\n`,
  );
}
