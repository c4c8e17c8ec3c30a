/**
 * Groups a million rows by ten thousand keys, with an expression, NULLs and a DECIMAL; joins two tables of a hundred thousand rows;
 * keeps the three highest of each key, or a running total beside each row, of three hundred thousand rows; a tick of 1000 rows each. The rows are made before the clock starts; every tick's changes are taken.
 *
 * usage: node sql-engine.ts groupby|join|top|over
 */
import { type Dataflow, dataflow } from '../../src/operators/incremental/dataflow.ts';
import type { SqlRow } from '../../src/operators/incremental/delta.ts';
import { planOf, sqlCatalog, sqlTable } from '../../src/testing/sql-rig.ts';

const TICK = 1000;

const catalog = sqlCatalog([
  sqlTable('orders', { id: 'BIGINT', customer: 'BIGINT', qty: 'INT', price: 'DECIMAL(10, 2)', note: 'STRING' }),
  sqlTable('a', { id: 'BIGINT', x: 'INT' }),
  sqlTable('b', { id: 'BIGINT', y: 'STRING' }),
]);

const queries: Readonly<Record<string, string>> = {
  groupby:
    'SELECT customer, COUNT(*), SUM(qty * 2), SUM(price) FROM orders WHERE qty IS NULL OR qty > 0 GROUP BY customer',
  join: 'SELECT a.id, a.x, b.y FROM a JOIN b ON a.id = b.id',
  top: `SELECT id, customer, price, n FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY price DESC) AS n FROM orders) WHERE n <= 3`,
  over: 'SELECT id, customer, SUM(price) OVER (PARTITION BY customer ORDER BY id) FROM orders',
};

const counts = { groupby: 1_000_000, join: 100_000, top: 300_000, over: 300_000 };
const [name] = process.argv.slice(2) as [keyof typeof counts];
const tables = name === 'join' ? pairs() : { orders: orders(counts[name]) };
const flow = dataflow(new Map([['out', planOf(queries[name]!, catalog)]]), { timeZone: 'UTC', random: Math.random });
const before = process.cpuUsage();
const started = performance.now();
const changes = run(flow, tables);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const rows = Object.values(tables).reduce((sum, table) => sum + table.length, 0);
const { maxRSS } = process.resourceUsage();
const figures = { changes };
process.stdout.write(
  `${JSON.stringify({ rows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: maxRSS / 1024, figures })}\n`,
);

/** Gives how many changes of the result there were. */
function run(of: Dataflow, from: Readonly<Record<string, readonly SqlRow[]>>): number {
  const sources = Object.entries(from).map(([table, all]) => ({ input: of.inputs.get(table)!, all }));
  let told = 0;
  for (let at = 0; at < sources[0]!.all.length; at += TICK) {
    for (const { input, all } of sources) for (let i = at; i < at + TICK; i += 1) input.push(all[i]!, 1);
    told += of.tick({ now: 0 }).get('out')!.rows.length;
  }
  return told;
}

function orders(length: number): readonly SqlRow[] {
  return Array.from({ length }, (_, i) => [
    i,
    (i * 7919) % 10_000,
    i % 17 === 0 ? null : 1 + (i % 9),
    (i * 31) % 1_000_000,
    'x',
  ]);
}

function pairs(): { readonly a: readonly SqlRow[]; readonly b: readonly SqlRow[] } {
  const length = counts.join;
  return {
    a: Array.from({ length }, (_, i) => [i, i % 7]),
    b: Array.from({ length }, (_, i) => [(i * 7919) % length, 'v']),
  };
}
