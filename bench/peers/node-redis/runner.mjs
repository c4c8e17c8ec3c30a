/**
 * Writes the rows of the redis benchmarks with node-redis, which are in memory: a thousand HSETs and a position in each MULTI, two of them under way.
 *
 * usage: node runner.mjs HOST PORT ROWS   (in a folder where the package is installed)
 * Prints one JSON line: rows, seconds, CPU seconds and peak RSS of this process.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [host, port, wanted] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const { createClient } = await import(pathToFileURL(require.resolve('redis')).href);
const client = createClient({ socket: { host, port: Number(port) } });
await client.connect();
const total = Number(wanted);
const statuses = ['new', 'paid', 'shipped', 'done'];
const rows = Array.from({ length: total }, (_, i) => ({
  id: String(i + 1),
  customer_id: String((i * 7919) % 100_000),
  sku: `SKU-${i % 5000}`,
  qty: String(1 + (i % 9)),
  price: ((i % 100_000) / 100).toFixed(2),
  status: statuses[i % 4],
  note: `note number ${i % 1000} of batch ${Math.floor(i / 1000)} with some text to make it longer`,
  created: '2026-01-01 10:00:00.123456',
}));
const before = process.cpuUsage();
const started = performance.now();
let earlier = Promise.resolve();
for (let at = 0; at < total; at += 1000) {
  const pipeline = client.multi();
  for (const row of rows.slice(at, at + 1000)) pipeline.hSet(`bench:orders:${row.id}`, row);
  pipeline.hSet('millrace:position:bench', 'log', String(at));
  const written = pipeline.exec();
  await earlier;
  earlier = written;
}
await earlier;
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const { maxRSS } = process.resourceUsage();
process.stdout.write(
  `${JSON.stringify({ rows: total, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: maxRSS / 1024 })}\n`,
);
process.exit(0);
