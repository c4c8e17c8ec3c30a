/**
 * Reads rows of the cache benchmark that are in Redis with node-redis: one HGETALL after the other, into objects of strings.
 *
 * usage: node reader.mjs HOST PORT ROWS   (in a folder where the package is installed)
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
const keys = 10_000;
const get = (id) => client.hGetAll(`bench:orders:${(id % keys) + 1}`);
if ((await get(0)).sku === undefined) throw new Error('the row is not there');
for (let id = 0; id < keys; id += 1) await get(id);
const waits = [];
const before = process.cpuUsage();
const started = performance.now();
for (let id = 0; id < total; id += 1) {
  const since = performance.now();
  await get(id);
  waits.push(performance.now() - since);
}
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
waits.sort((a, b) => a - b);
const p99Ms = waits[Math.floor(waits.length * 0.99)];
const { maxRSS } = process.resourceUsage();
process.stdout.write(
  `${JSON.stringify({ rows: total, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: maxRSS / 1024, figures: { cpuMicrosPerRow: (user + system) / total, p99Ms } })}\n`,
);
process.exit(0);
