/**
 * From a transaction's commit on the server to the callback that gets its row, while others write.
 *
 * usage: node lag.ts HOST PORT USER PASSWORD TRANSACTIONS
 * Both clocks are this machine's. The server takes a commit's time before it makes the commit durable, so that wait is included.
 */
import { openMysql, report } from './open-mysql.ts';

const [hostname, port, username, password, wanted] = process.argv.slice(2);
const source = await openMysql({
  hostname,
  port: Number(port),
  username,
  password,
  tables: 'bench.orders',
  'scan.startup.mode': 'latest-offset',
});
const lags: number[] = [];
const stop = new AbortController();
let started = 0;
process.stderr.write('reading\n');
for await (const batch of source.read(async () => null, stop.signal)) {
  const now = (performance.timeOrigin + performance.now()) * 1000;
  for (const change of batch.changes) {
    if (change.kind !== 'rows' || change.origin.kind !== 'mysql') continue;
    started ||= performance.now();
    for (let i = 0; i < change.rows.length; i += 1) lags.push((now - change.origin.commitMicros) / 1000);
  }
  if (lags.length >= Number(wanted)) break;
}
const seconds = (performance.now() - started) / 1000;
lags.sort((a, b) => a - b);
const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]!;
report(lags.length, seconds, { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) });
