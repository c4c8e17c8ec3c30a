/**
 * millrace in the benchmark of Redis into MySQL: a whole pipeline, exactly once. All that the server has comes first, then KEYS
 * hashes that are written at once, then a steady load whose rows tell when they were written. Between the parts it says so in the
 * key `bench:phase`, which whoever makes the load waits for; `bench:end` ends the last part.
 *
 * usage: node psync.ts REDIS-HOST REDIS-PORT HOST PORT USER PASSWORD KEYS WRITERS
 */
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { LagSummary } from '../lag-summary.ts';
import { connect } from '../orders.ts';
import { openSink, openSourceAs, print, silentLog } from './open-mysql.ts';

const [redisHost, redisPort, hostname, port, username, password, keys, writers] = process.argv.slice(2) as string[];
const wanted = Number(keys);
const redis = await connectRedis({ host: redisHost!, port: Number(redisPort) });
const mysql = await connect({ host: hostname!, port: Number(port), user: username!, password: password! });
await mysql.query('DROP DATABASE IF EXISTS bench');
await mysql.query('DROP DATABASE IF EXISTS millrace');
await mysql.query('CREATE DATABASE bench');

const lags = new LagSummary(2);
/** Every tenth row is looked at, so that looking is no part of what is measured. */
const sampled = 10;
let durable = 0;
let measuresLag = false;
const schema = `CREATE TABLE bench.orders (id INT PRIMARY KEY, customer BIGINT, status VARCHAR(10), total DECIMAL(12,2),
  currency CHAR(3), created DATETIME, note VARCHAR(60), flags INT)`;
const pipeline = createPipeline({
  name: 'bench',
  source: () =>
    openSourceAs({ pipeline: 'bench', log: silentLog, clock: systemClock }, 'redis', {
      hostname: redisHost,
      port: redisPort,
      schema,
      key: 'order:%{id}',
    }),
  sinks: [
    {
      name: 'mysql',
      open: async () => {
        const settings = { hostname, port, username, password, 'sink.parallelism': Number(writers) };
        const sink = await openSink('mysql', settings);
        const write = sink.write.bind(sink);
        sink.write = async (batch, signal) => {
          await write(batch, signal);
          const nowMs = performance.now();
          for (const change of batch.changes) {
            if (change.kind !== 'rows') continue;
            durable += change.rows.length;
            if (!measuresLag) continue;
            for (let i = 0; i < change.rows.length; i += sampled) {
              lags.add(performance.timeOrigin + nowMs - Number(change.rows.after(i)![1]) / 1_000, nowMs);
            }
          }
        };
        return sink;
      },
    },
  ],
  clock: systemClock,
  log: silentLog,
});

const stop = new AbortController();
const running = pipeline.run(stop.signal);
const reached = async (count: number): Promise<void> => {
  while (durable < count) await Promise.race([running, systemClock.sleep(2)]);
};
/** Rows a second from the first durable one on. */
const rate = async (from: number, to: number): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> => {
  await reached(from + 1);
  const before = process.cpuUsage();
  const started = performance.now();
  await reached(to);
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 };
};
const snapshot = await rate(0, wanted);
const begun = durable;
await redis.command('SET', 'bench:phase', 'stream');
const stream = await rate(begun, begun + wanted);
measuresLag = true;
const steadyFrom = durable;
await redis.command('SET', 'bench:phase', 'steady');
while ((await redis.command('EXISTS', 'bench:end')) === 0) await systemClock.sleep(50);
const figures = {
  snapshotKeysPerSecond: Math.round(wanted / snapshot.seconds),
  snapshotCpuSecondsPerMillion: (snapshot.cpuSeconds / wanted) * 1e6,
  steadyKeys: durable - steadyFrom,
  ...lags.figures(),
};
stop.abort();
await running;
print({ rows: wanted, ...stream, peakRssMiB: process.resourceUsage().maxRSS / 1_024, figures });
