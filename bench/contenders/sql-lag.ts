/**
 * A reader of the table that a query is kept in: from an order's commit to the row of its customer's total being there.
 *
 * usage: node sql-lag.ts HOST PORT USER PASSWORD WARM_UP_SECONDS SECONDS
 * Both tables stand in one binlog. A total tells the newest order in it; its time is when this reader gets it. Both clocks are this
 * machine's. The server takes a commit's time before it makes the commit durable, so that wait is included.
 */
import { LagSummary } from '../lag-summary.ts';
import { openMysql, report } from './open-mysql.ts';

const [hostname, port, username, password, warmUpSeconds, wantedSeconds] = process.argv.slice(2);
const source = await openMysql({
  hostname,
  port: Number(port),
  username,
  password,
  tables: 'bench.orders, bench.totals',
  'scan.startup.mode': 'latest-offset',
});
const lags = new LagSummary(Number(warmUpSeconds));
/** When orders committed whose totals have not come, in microseconds since 1970. */
const committed = new Map<number, number>();
const stop = new AbortController();
for await (const batch of source.read(async () => null, stop.signal)) {
  const nowMs = performance.now();
  const nowMicros = (performance.timeOrigin + nowMs) * 1_000;
  for (const change of batch.changes) {
    if (change.kind !== 'rows' || change.origin.kind !== 'mysql' || change.op === 'delete') continue;
    const column = change.table.columns.findIndex(({ name }) => name === 'last_id' || name === 'id');
    for (let i = 0; i < change.rows.length; i += 1) {
      const id = change.rows.after(i)![column] as number;
      if (change.table.name === 'orders') committed.set(id, change.origin.commitMicros);
      else {
        const at = committed.get(id);
        if (at === undefined) continue;
        committed.delete(id);
        lags.add((nowMicros - at) / 1_000, nowMs);
      }
    }
  }
  if (lags.secondsAt(nowMs) >= Number(wantedSeconds)) break;
}
report(lags.rows, lags.secondsAt(performance.now()), { ...lags.figures(), waiting: committed.size });
