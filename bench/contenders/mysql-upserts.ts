/**
 * The peer of the apply benchmark: what one writes by hand. Rows are in memory; a thousand go in one upsert, over four
 * connections, each statement a transaction of its own. It keeps no position.
 *
 * usage: node mysql-upserts.ts HOST PORT USER PASSWORD ROWS
 */
import { connect } from '../orders.ts';
import { report } from './open-mysql.ts';

const [host, port, user, password, wanted] = process.argv.slice(2) as string[];
const address = { host: host!, port: Number(port), user: user!, password: password! };
const rows = Number(wanted);
const rowsPerStatement = 1_000;
const connections = await Promise.all(Array.from({ length: 4 }, () => connect(address, { database: 'bench' })));
await connections[0]!.query('TRUNCATE TABLE orders');
const statuses = ['new', 'paid', 'shipped', 'done'];
const batches = Array.from({ length: rows / rowsPerStatement }, (_, batch) =>
  Array.from({ length: rowsPerStatement }, (_, i) => {
    const id = batch * rowsPerStatement + i + 1;
    const note = `note number ${i} of batch ${batch} with some text to make it longer`;
    return [
      id,
      (id * 7919) % 100_000,
      `SKU-${id % 5000}`,
      1 + (id % 9),
      ((id % 100_000) / 100).toFixed(2),
      statuses[id % 4],
      note,
      '2026-01-01 10:00:00.123456',
    ];
  }),
);
const columns = ['id', 'customer_id', 'sku', 'qty', 'price', 'status', 'note', 'created'];
const set = columns.slice(1).map((column) => `${column} = n.${column}`);
const upsert = `INSERT INTO orders (${columns.join(', ')}) VALUES ? AS n ON DUPLICATE KEY UPDATE ${set.join(', ')}`;
const started = performance.now();
let next = 0;
await Promise.all(
  connections.map(async (connection) => {
    while (next < batches.length) {
      const batch = batches[next]!;
      next += 1;
      await connection.query(upsert, [batch]);
    }
  }),
);
report(rows, (performance.now() - started) / 1000);
