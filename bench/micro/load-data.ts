/**
 * What MySQL takes: rows of eight mixed columns into an empty table, as statements of many rows and as LOAD DATA LOCAL, texts made
 * beforehand, each statement a transaction. The server logs and flushes as it does by default.
 *
 * usage: node load-data.ts [ROUNDS]
 */
import { Readable } from 'node:stream';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { makeTarget } from '../benches/mysql-apply.ts';
import { connect } from '../orders.ts';

const rounds = Number(process.argv[2] ?? 3);
const rows = 200_000;

const columns = ['id', 'customer_id', 'sku', 'qty', 'price', 'status', 'note', 'created'];
const statuses = ['new', 'paid', 'shipped', 'done'];
const order = (id: number): readonly (string | number)[] => [
  id,
  (id * 7919) % 100_000,
  `SKU-${id % 5000}`,
  1 + (id % 9),
  ((id % 100_000) / 100).toFixed(2),
  statuses[id % 4]!,
  `note number ${id % 1000} of batch ${Math.floor(id / 1000)} with some text to make it longer`,
  '2026-01-01 10:00:00.123456',
];

interface Load {
  readonly sql: string;
  readonly infile: string | null;
}

const inPieces = (size: number, load: (orders: readonly (readonly (string | number)[])[]) => Load): readonly Load[] =>
  Array.from({ length: rows / size }, (_, piece) =>
    load(Array.from({ length: size }, (_, i) => order(piece * size + i + 1))),
  );
const values = (orders: readonly (readonly (string | number)[])[]): string =>
  orders.map((each) => `(${each.map((value) => (typeof value === 'number' ? value : `'${value}'`)).join()})`).join();
const names = columns.join();
const set = columns.slice(1).map((column) => `${column} = n.${column}`);
const insert = (orders: Parameters<typeof values>[0]): Load => ({
  sql: `INSERT INTO orders (${names}) VALUES ${values(orders)}`,
  infile: null,
});
const upsert = (orders: Parameters<typeof values>[0]): Load => ({
  sql: `INSERT INTO orders (${names}) VALUES ${values(orders)} AS n ON DUPLICATE KEY UPDATE ${set.join()}`,
  infile: null,
});
const loadData = (orders: Parameters<typeof values>[0]): Load => ({
  sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE orders CHARACTER SET utf8mb4 (${names})`,
  infile: orders.map((each) => `${each.join('\t')}\n`).join(''),
});

const ways: Readonly<Record<string, readonly Load[]>> = {
  'upsert, 1 000 rows each': inPieces(1_000, upsert),
  'insert, 1 000 rows each': inPieces(1_000, insert),
  'LOAD DATA, 1 000 rows each': inPieces(1_000, loadData),
  'LOAD DATA, 10 000 rows each': inPieces(10_000, loadData),
};

await using server = await launchServer({
  flavor: 'mysql',
  options: ['--local-infile=1', '--innodb-redo-log-capacity=512M', '--innodb-buffer-pool-size=512M'],
});
await makeTarget(server);
const connections = await Promise.all(Array.from({ length: 4 }, () => connect(server, { database: 'bench' })));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, loads] of Object.entries(ways)) {
    for (const width of [1, 4]) {
      await connections[0]!.query('TRUNCATE TABLE orders');
      const cpuBefore = process.cpuUsage();
      const started = performance.now();
      let next = 0;
      await Promise.all(
        connections.slice(0, width).map(async (connection) => {
          while (next < loads.length) {
            const { sql, infile } = loads[next]!;
            next += 1;
            await connection.query({
              sql,
              ...(infile === null ? {} : { infileStreamFactory: () => Readable.from([Buffer.from(infile)]) }),
            });
          }
        }),
      );
      const seconds = (performance.now() - started) / 1_000;
      const { user, system } = process.cpuUsage(cpuBefore);
      // The first round only warms up.
      if (round > 0)
        process.stdout.write(
          `${name}, ${width} connections: ${Math.round(rows / seconds)} rows/s, ${((user + system) / rows).toFixed(2)} s of CPU a million here\n`,
        );
    }
  }
}
for (const connection of connections) await connection.end();
