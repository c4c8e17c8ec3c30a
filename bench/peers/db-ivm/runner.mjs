/**
 * Groups or joins the rows of bench/contenders/sql-engine.ts with @tanstack/db-ivm, as plain objects in batches of 1000. Its sums are
 * sums of doubles.
 *
 * usage: node runner.mjs groupby|join   (in a folder where the package is installed)
 * Prints one JSON line: rows, seconds from the first batch to the last result, CPU seconds and peak RSS of this process.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [query] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const ivm = await import(pathToFileURL(require.resolve('@tanstack/db-ivm')).href);
const BATCH = 1000;

let changes = 0;
const count = ivm.output((set) => {
  changes += set.getInner().length;
});

const graph = new ivm.D2();
const run = query === 'groupby' ? groupBy() : join();
const before = process.cpuUsage();
const started = performance.now();
const rows = run();
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const figures = { changes };
const { maxRSS } = process.resourceUsage();
process.stdout.write(
  `${JSON.stringify({ rows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: maxRSS / 1024, figures })}\n`,
);

function groupBy() {
  const input = graph.newInput();
  input.pipe(
    ivm.filter(({ qty }) => qty === null || qty > 0),
    ivm.groupBy(({ customer }) => ({ customer }), {
      n: ivm.groupByOperators.count(),
      quantity: ivm.groupByOperators.sum(({ qty }) => (qty === null ? 0 : qty * 2)),
      total: ivm.groupByOperators.sum(({ price }) => price),
    }),
    count,
  );
  graph.finalize();
  const orders = Array.from({ length: 1_000_000 }, (_, i) => ({
    id: i,
    customer: (i * 7919) % 10_000,
    qty: i % 17 === 0 ? null : 1 + (i % 9),
    price: ((i * 31) % 1_000_000) / 100,
    note: 'x',
  }));
  return () => {
    for (let at = 0; at < orders.length; at += BATCH) {
      input.sendData(new ivm.MultiSet(orders.slice(at, at + BATCH).map((order) => [order, 1])));
      graph.run();
    }
    return orders.length;
  };
}

function join() {
  const [left, right] = [graph.newInput(), graph.newInput()];
  left.pipe(ivm.join(right, 'inner'), count);
  graph.finalize();
  const length = 100_000;
  const a = Array.from({ length }, (_, i) => ({ id: i, x: i % 7 }));
  const b = Array.from({ length }, (_, i) => ({ id: (i * 7919) % length, y: 'v' }));
  const keyed = (rows, at) => new ivm.MultiSet(rows.slice(at, at + BATCH).map((row) => [[row.id, row], 1]));
  return () => {
    for (let at = 0; at < length; at += BATCH) {
      left.sendData(keyed(a, at));
      right.sendData(keyed(b, at));
      graph.run();
    }
    return 2 * length;
  };
}
