/**
 * Prints every change of a database as it is committed, until Ctrl-C. In this repository:
 *   MYSQL_PASSWORD=… node --import ./scripts/use-sources.mjs examples/read-changes.ts
 */
import { changes, mysql, openSource } from 'millrace';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

await using source = await openSource(mysql, {
  hostname: process.env['MYSQL_HOST'] ?? '127.0.0.1',
  port: Number(process.env['MYSQL_PORT'] ?? 3306),
  username: process.env['MYSQL_USER'] ?? 'root',
  password: process.env['MYSQL_PASSWORD'] ?? '',
  tables: 'shop.\\.*',
});

for await (const change of changes(source, { signal: stop.signal })) {
  if (change.kind !== 'rows') continue;
  const names = change.table.columns.map(({ name }) => name);
  for (let i = 0; i < change.rows.length; i += 1) {
    const values = change.op === 'delete' ? change.rows.before(i) : change.rows.after(i);
    console.log(change.op, `${change.table.database}.${change.table.name}`, `${names}`, `${values}`);
  }
}
