/**
 * Rows per second through the production source, from a live server's socket to positional values, checksums verified.
 *
 * usage: node bench/micro/live-decode.ts PORT FILE ROWS [touch|decode]      (touch: batches only, rows stay undecoded)
 * The server holds bench.orders in FILE, as `call fill(…)` of bench/orders.ts writes it.
 */
import { mysqlConfig } from '../../src/connectors/mysql/config.ts';
import { MysqlSource } from '../../src/connectors/mysql/source.ts';
import type { SnapshotRun } from '../../src/connectors/mysql/stream-progress.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';

const [port = '3306', file = 'binlog.000001', wanted = '1000000', mode = 'decode', ssl = 'disabled'] =
  process.argv.slice(2);
const config = mysqlConfig.parse({
  hostname: '127.0.0.1',
  port,
  username: 'root',
  tables: 'bench.orders',
  'scan.startup.mode': 'specific-offset',
  'scan.startup.specific-offset.file': file,
  'ssl.mode': ssl,
});
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const noSnapshots: SnapshotRun = {
  observe: ({ changes }) => changes,
  take: () => null,
  ready: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  finished: true,
  request: () => new Map(),
  async tryCondition() {},
  pause() {},
  unpause() {},
  cancel() {},
  progress: { paused: false, tablesDone: 0, tables: [] },
  async [Symbol.asyncDispose]() {},
};
const source = new MysqlSource({
  config,
  context: { pipeline: 'bench', log: silent, clock: systemClock },
  openSnapshots: async () => noSnapshots,
});
const stop = new AbortController();
let rows = 0;
let batches = 0;
let values = 0;
let bytes = 0;
let started = 0;
for await (const batch of source.read(async () => null, stop.signal)) {
  started ||= performance.now();
  batches += 1;
  for (const change of batch.changes) {
    if (change.kind !== 'rows') continue;
    const { length } = change.rows;
    if (mode === 'decode') for (let i = 0; i < length; i += 1) values += change.rows.after(i)!.length;
    rows += length;
    bytes += change.rows.byteLength;
  }
  if (rows >= Number(wanted)) break;
}
const seconds = (performance.now() - started) / 1000;
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(
  `${JSON.stringify({ rows, batches, values, MB: Math.round(bytes / 1e6), seconds, rowsPerSecond: Math.round(rows / seconds), cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, rssMiB: Math.round(maxRSS / 1024) })}\n`,
);
