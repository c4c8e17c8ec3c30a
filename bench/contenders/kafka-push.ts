/**
 * millrace in the Kafka benchmarks: a whole pipeline, from a server's binlog or from a snapshot of its table to a topic, until every
 * row is durable there. It runs twice in this process, and the second time is measured: the worker of its peer has carried the rows
 * before, too. Memory is the most there was in both.
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
const start =
  file === undefined
    ? { 'scan.startup.mode': 'snapshot' }
    : {
        'scan.startup.mode': 'specific-offset',
        'scan.startup.specific-offset.file': file,
        'scan.startup.specific-offset.pos': Number(offset),
      };

/** Carries all rows to `to`, and resolves with how long that took. */
const carry = async (to: string): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> => {
  const context: Context = { pipeline: `bench-${process.pid}-${to}`, log: silentLog, clock: systemClock };
  const pipeline = createPipeline({
    name: context.pipeline,
    source: () => openMysql({ hostname, port: Number(port), username, password, tables: 'bench.orders', ...start }),
    sinks: [
      {
        name: 'kafka',
        open: () =>
          openSinkAs(context, 'kafka', {
            'properties.bootstrap.servers': bootstrap,
            topic: to,
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
  let done: { readonly seconds: number; readonly cpuSeconds: number } | null = null;
  const stop = new AbortController();
  const look = (): void => {
    const { rows: durable } = pipeline.status().totals.sync;
    if (durable > 0 && started === 0) {
      firstRows = durable;
      started = performance.now();
    }
    if (durable < wanted || done !== null) return;
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - started) / 1000;
    // As Debezium is measured: the rate from the first rows that are durable, CPU from when it is told to begin.
    done = { seconds: (seconds * wanted) / (wanted - firstRows), cpuSeconds: (user + system) / 1e6 };
    stop.abort();
  };
  const watch = setInterval(look, 2);
  await pipeline.run(stop.signal);
  clearInterval(watch);
  look();
  if (done === null) throw new Error(`${pipeline.status().totals.sync.rows} rows came instead of ${wanted}`);
  return done;
};

const { user, system } = process.cpuUsage();
const warmUp = await carry(`${topic}-warm-up`);
const run = await carry(topic!);
print({
  rows: wanted,
  ...run,
  peakRssMiB: process.resourceUsage().maxRSS / 1024,
  figures: {
    startCpuSeconds: (user + system) / 1e6,
    coldCpuSeconds: warmUp.cpuSeconds,
    coldRowsPerSecond: wanted / warmUp.seconds,
  },
});
