/**
 * millrace in the snapshot benchmark: a whole snapshot through its own source, chunked and resumable, to nowhere.
 *
 * usage: node snapshot.ts HOST PORT USER PASSWORD ROWS
 * Like the blackhole sink, it counts the rows and decodes none.
 */
import { openMysql, report } from './open-mysql.ts';

const [hostname, port, username, password, wanted] = process.argv.slice(2);
const source = await openMysql({
  hostname,
  port: Number(port),
  username,
  password,
  tables: 'bench.orders',
  'scan.startup.mode': 'snapshot',
});
const started = performance.now();
let rows = 0;
for await (const batch of source.read(async () => null, new AbortController().signal)) {
  for (const change of batch.changes) if (change.kind === 'rows') rows += change.rows.length;
}
if (rows !== Number(wanted)) throw new Error(`${rows} rows came instead of ${wanted}`);
report(rows, (performance.now() - started) / 1000);
