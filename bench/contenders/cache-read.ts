/**
 * Reads rows of the bench's table through the cache, which Redis or the process itself has.
 *
 * usage: node cache-read.ts HOW REDIS-PORT MYSQL-HOST MYSQL-PORT USER PASSWORD
 *   hit    one get after the other, from Redis
 *   bare   the same commands on a socket, whose answers nothing is made of: what asking and being answered costs by itself
 *   hits   fifty at once, from Redis
 *   many   a hundred keys with each getMany, from Redis
 *   local  one get after the other, from the process
 *   miss   one get of one key, at the time that the key `go` says when it appears in Redis; many of these processes run at once
 */
import { connect } from 'node:net';
import { createCache } from '../../src/cache.ts';
import { encodeCommand } from '../../src/protocol/redis/command-writer.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { report } from './open-mysql.ts';

const [how, redisPort, host, port, user, password] = process.argv.slice(2) as string[];
const rows = 10_000;
const local = how === 'local' ? { local: { maxRows: rows } } : {};
const options = { ttlMs: 3_600_000, negativeTtlMs: 3_600_000, waitMs: 60_000, ...local };
await using cache = await createCache({
  redis: { hostname: '127.0.0.1', port: Number(redisPort) },
  mysql: { hostname: host!, port: Number(port), username: user!, password: password! },
  redisTimeoutMs: 60_000,
});
const orders = await cache.table('bench.orders', options);
const control = await connectRedis({ host: '127.0.0.1', port: Number(redisPort) });

const measured = async (total: number, read: (id: number) => Promise<unknown>, at = 1, each = 1): Promise<void> => {
  const waits: number[] = [];
  const before = process.cpuUsage();
  const started = performance.now();
  for (let id = 0; id < total; id += at * each) {
    if (at > 1) {
      await Promise.all(Array.from({ length: at }, (_, i) => read(id + i)));
      continue;
    }
    const since = how === 'local' ? 0 : performance.now();
    await read(id);
    if (how !== 'local') waits.push(performance.now() - since);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user: own, system } = process.cpuUsage(before);
  waits.sort((a, b) => a - b);
  const p99 = waits[Math.floor(waits.length * 0.99)];
  report(total, seconds, { cpuMicrosPerRow: (own + system) / total, ...(p99 === undefined ? {} : { p99Ms: p99 }) });
};

/** Sends what the cache sends. One chunk is one answer: nothing else is under way, and it fits a packet. */
const bareGet = async (): Promise<(id: number) => Promise<unknown>> => {
  const socket = connect({ host: '127.0.0.1', port: Number(redisPort), noDelay: true });
  const columns = ['id', 'customer_id', 'sku', 'qty', 'price', 'status', 'note', 'created'];
  const fields = ['\0lease', '\0until', '\0none', '\0columns', ...columns];
  let answered: (chunk: Buffer) => void = () => {};
  socket.on('data', (chunk) => answered(chunk));
  const ask = (id: number): Promise<Buffer> =>
    new Promise((resolve) => {
      answered = resolve;
      socket.write(encodeCommand('HMGET', `bench:orders:${(id % rows) + 1}`, ...fields));
    });
  if (!String(await ask(1)).includes('SKU-')) throw new Error('the row is not there');
  for (let id = 0; id < rows; id += 1) await ask(id);
  return ask;
};

if (how === 'miss') {
  await control.command('INCR', 'ready');
  let at: unknown = null;
  for (; at === null; at = await control.command('GET', 'go')) await new Promise((resolve) => setTimeout(resolve, 250));
  await new Promise((resolve) => setTimeout(resolve, Number(at) - Date.now()));
  const started = performance.now();
  const found = await orders.get({ id: 1 });
  const ms = performance.now() - started;
  const { loads, waits } = orders.stats();
  const figures = { found: found === null ? 0 : 1, loads, waits, ms };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exit(0);
} else {
  const keys = Array.from({ length: rows }, (_, i) => ({ id: i + 1 }));
  for (let at = 0; at < rows; at += 1_000) await orders.getMany(keys.slice(at, at + 1_000));
  while (orders.stats().fills < orders.stats().misses) await new Promise((resolve) => setTimeout(resolve, 10));
  const get = (id: number): Promise<unknown> => orders.get(keys[id % rows]!);
  for (let id = 0; id < rows; id += 1) await get(id);
  if (how === 'hit') await measured(20_000, get);
  else if (how === 'bare') await measured(20_000, await bareGet());
  else if (how === 'hits') await measured(100_000, get, 50);
  else if (how === 'many') {
    await measured(200_000, (id) => orders.getMany(keys.slice(id % rows, (id % rows) + 100)), 1, 100);
  } else await measured(2_000_000, get);
}
control.close();
