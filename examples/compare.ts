/**
 * Compares a MySQL database with the mirror that `mirror.ts` keeps, also while both change. The exit code is 1 where they differ.
 *   MYSQL_PASSWORD=… node --import ./scripts/use-sources.mjs examples/compare.ts
 */
import { mysql, sqlite } from 'millrace';
import { openReader, verifyTables } from 'millrace/verify';

await using source = await openReader(mysql, {
  hostname: process.env['MYSQL_HOST'] ?? '127.0.0.1',
  port: Number(process.env['MYSQL_PORT'] ?? 3306),
  username: process.env['MYSQL_USER'] ?? 'root',
  password: process.env['MYSQL_PASSWORD'] ?? '',
  tables: ['shop.orders', 'shop.order_items'],
});
await using target = await openReader(sqlite, { path: process.env['MIRROR'] ?? 'shop.db' }, { pipeline: 'shop' });

const results = await verifyTables({ source, target, waitMs: 10_000 });
for (const { table, status, counts } of results) console.log(table, status, `${counts.rows} rows`);
process.exitCode = results.every(({ status }) => status === 'equal') ? 0 : 1;
