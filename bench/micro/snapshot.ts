/**
 * Rows per second of a snapshot through the production source, chunked and resumable, into nothing; mysqldump to /dev/null runs
 * before each round, so that both meet the same machine.
 *
 * usage: node bench/micro/snapshot.ts PORT DATABASE.TABLE [ROUNDS] [MYSQLDUMP …ITS OWN ARGUMENTS]
 */
import { spawnSync } from 'node:child_process';
import { mysqlConfig } from '../../src/connectors/mysql/config.ts';
import { openSnapshotRun } from '../../src/connectors/mysql/snapshot/snapshot-run.ts';
import { MysqlSource } from '../../src/connectors/mysql/source.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { median } from '../result.ts';

const [port = '3306', table = 'bench.orders', rounds = '5', ...dump] = process.argv.slice(2);
const config = mysqlConfig.parse({
  hostname: '127.0.0.1',
  port,
  username: 'root',
  tables: table,
  'scan.startup.mode': 'snapshot',
  'ssl.mode': 'disabled',
});
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** One snapshot: its rows, and the seconds from opening the source to its end. */
const snapshot = async (): Promise<{ readonly rows: number; readonly seconds: number }> => {
  const context = { pipeline: 'bench', log: silent, clock: systemClock };
  await using source = new MysqlSource({ config, context, openSnapshots: openSnapshotRun });
  const started = performance.now();
  let rows = 0;
  for await (const batch of source.read(async () => null, new AbortController().signal)) {
    for (const change of batch.changes) if (change.kind === 'rows') rows += change.rows.length;
  }
  return { rows, seconds: (performance.now() - started) / 1000 };
};

const seconds: number[] = [];
const dumpSeconds: number[] = [];
let rows = 0;
for (let round = 0; round <= Number(rounds); round += 1) {
  if (dump.length > 0) {
    const started = performance.now();
    const { status, stderr } = spawnSync(dump[0]!, dump.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) throw new Error(`${dump[0]} ended with ${status}: ${stderr}`);
    if (round > 0) dumpSeconds.push((performance.now() - started) / 1000);
  }
  const run = await snapshot();
  rows = run.rows;
  if (round > 0) seconds.push(run.seconds);
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    rows,
    rowsPerSecond: Math.round(rows / median(seconds)),
    ...(dumpSeconds.length === 0
      ? {}
      : {
          dumpRowsPerSecond: Math.round(rows / median(dumpSeconds)),
          ratioToDump: Number((median(dumpSeconds) / median(seconds)).toFixed(3)),
        }),
    cpuSecondsPerMillion: Number(((userCPUTime + systemCPUTime) / (Number(rounds) + 1) / rows).toFixed(3)),
    peakRssMiB: Math.round(maxRSS / 1024),
  }),
);
