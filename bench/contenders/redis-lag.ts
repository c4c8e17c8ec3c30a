/**
 * From the moment a row's statement runs on the server to the moment a reader finds its hash in Redis: every twentieth row is looked
 * for until it is there.
 *
 * usage: node redis-lag.ts REDIS-HOST REDIS-PORT SECONDS
 */
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { report } from './open-mysql.ts';

const [host, port, duration] = process.argv.slice(2) as string[];
const step = 20;
const connection = await connectRedis({ host: host!, port: Number(port) });
/** The newest row that is there when reading begins. */
const newest = async (): Promise<number> => {
  let id = 1;
  while ((await connection.command('EXISTS', `bench:orders:${id * 2}`)) === 1) id *= 2;
  for (let jump = id; jump >= 1; jump >>= 1) {
    while ((await connection.command('EXISTS', `bench:orders:${id + jump}`)) === 1) id += jump;
  }
  return id;
};
while ((await newest()) < 2_000) await new Promise((resolve) => setTimeout(resolve, 50));
const first = await newest();
const lags: number[] = [];
const started = performance.now();
for (let id = first + step; performance.now() - started < Number(duration) * 1000; ) {
  const created = await connection.command('HGET', `bench:orders:${id}`, 'created');
  if (created === null) continue;
  const now = performance.timeOrigin + performance.now();
  lags.push(now - Date.parse(`${String(created).replace(' ', 'T')}Z`));
  id += step;
}
const seconds = (performance.now() - started) / 1000;
lags.sort((a, b) => a - b);
const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]!;
report(lags.length * step, seconds, { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) });
