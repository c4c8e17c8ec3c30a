/**
 * millrace in the Kafka benchmarks: a whole pipeline, from a server's binlog or from a snapshot of its table to a topic, until every
 * row is durable there.
 *
 * usage: node kafka-push.ts HOST PORT USER PASSWORD ROWS BOOTSTRAP TOPIC GUARANTEE COMPRESSION [FILE POSITION]
 * With FILE and POSITION the rows come from the binlog, and without from a snapshot.
 */
import type { Context } from '../../src/core/connector.ts';
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { openMysql, openSinkAs, print, silentLog } from './open-mysql.ts';

const [hostname, port, username, password, rows, bootstrap, topic, guarantee, compression, file, offset] =
  process.argv.slice(2);
const wanted = Number(rows);
const context: Context = { pipeline: `bench-${process.pid}-${Date.now()}`, log: silentLog, clock: systemClock };
const start =
  file === undefined
    ? { 'scan.startup.mode': 'snapshot' }
    : {
        'scan.startup.mode': 'specific-offset',
        'scan.startup.specific-offset.file': file,
        'scan.startup.specific-offset.pos': Number(offset),
      };
const pipeline = createPipeline({
  name: context.pipeline,
  source: () => openMysql({ hostname, port: Number(port), username, password, tables: 'bench.orders', ...start }),
  sinks: [
    {
      name: 'kafka',
      open: () =>
        openSinkAs(context, 'kafka', {
          'properties.bootstrap.servers': bootstrap,
          topic,
          'topic.prefix': 'bench',
          'sink.delivery-guarantee': guarantee,
          'properties.compression.type': compression,
        }),
    },
  ],
  clock: systemClock,
  log: silentLog,
});
const before = process.cpuUsage();
let firstRows = 0;
let started = 0;
const finished = (): never => {
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage();
  const startCpuSeconds = (before.user + before.system) / 1e6;
  // As Debezium is measured: the rate from the first rows that are durable, CPU from when it is told to begin.
  return print({
    rows: wanted,
    seconds: (seconds * wanted) / (wanted - firstRows),
    cpuSeconds: (user + system) / 1e6 - startCpuSeconds,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
    figures: { startCpuSeconds },
  });
};
const watch = setInterval(() => {
  const { rows: durable } = pipeline.status().totals.sync;
  if (durable > 0 && started === 0) {
    firstRows = durable;
    started = performance.now();
  }
  if (durable >= wanted) finished();
}, 2);
await pipeline.run(new AbortController().signal);
clearInterval(watch);
if (pipeline.status().totals.sync.rows < wanted)
  throw new Error(`${pipeline.status().totals.sync.rows} rows came instead of ${wanted}`);
finished();
