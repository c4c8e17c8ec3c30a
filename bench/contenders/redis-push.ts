/**
 * millrace in the Redis benchmarks: a whole pipeline into one Redis, until every row is durable there.
 *
 * usage: node redis-push.ts REDIS-HOST REDIS-PORT ROWS files FOLDER
 *        node redis-push.ts REDIS-HOST REDIS-PORT ROWS server HOST PORT USER PASSWORD [FILE POSITION]
 * From binlog files; from a server's binlog, with `latest` as FILE from its end on; or from a snapshot of the table.
 */
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { openMysql, openSink, print, silentLog } from './open-mysql.ts';

const [redisHost, redisPort, rows, kind, ...place] = process.argv.slice(2) as string[];
const wanted = Number(rows);
const sourceSettings = (): Readonly<Record<string, unknown>> => {
  if (kind === 'files') return { 'binlog.files': place[0], 'scan.startup.mode': 'earliest-offset' };
  const [hostname, port, username, password, file, offset] = place;
  const server = { hostname, port: Number(port), username, password };
  if (file === undefined) return { ...server, 'scan.startup.mode': 'snapshot' };
  if (file === 'latest') return { ...server, 'scan.startup.mode': 'latest-offset' };
  return {
    ...server,
    'scan.startup.mode': 'specific-offset',
    'scan.startup.specific-offset.file': file,
    'scan.startup.specific-offset.pos': Number(offset),
  };
};
const pipeline = createPipeline({
  name: 'bench',
  source: () => openMysql({ ...sourceSettings(), tables: 'bench.orders' }),
  sinks: [{ name: 'redis', open: () => openSink('redis', { hostname: redisHost, port: Number(redisPort) }) }],
  clock: systemClock,
  log: silentLog,
});
let firstRows = 0;
let started = 0;
let before = process.cpuUsage();
/** From the first rows that are durable on: starting and connecting are not counted. */
const finished = (): never => {
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const peakRssMiB = process.resourceUsage().maxRSS / 1024;
  return print({ rows: wanted - firstRows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB });
};
const watch = setInterval(() => {
  const { rows: durable } = pipeline.status().totals.sync;
  if (durable > 0 && started === 0) {
    firstRows = durable;
    started = performance.now();
    before = process.cpuUsage();
  }
  if (durable >= wanted) finished();
}, 2);
await pipeline.run(new AbortController().signal);
clearInterval(watch);
const { rows: durable } = pipeline.status().totals.sync;
if (durable < wanted) throw new Error(`${durable} rows came instead of ${wanted}`);
finished();
