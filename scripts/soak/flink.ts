import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { launchFlink } from '../../src/testing/servers/launch-flink.ts';
import { launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/** The tables that both engines keep, and what MySQL itself says of them. */
const kept = {
  totals: `SELECT c.country, COUNT(*), SUM(o.total) FROM shop.orders AS o JOIN shop.customers AS c ON o.customer = c.id GROUP BY c.country`,
  customers: 'SELECT customer, COUNT(*), SUM(total), MAX(total) FROM shop.orders GROUP BY customer',
  best: 'SELECT id, customer, total FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC, id) AS n FROM shop.orders) AS x WHERE n <= 2',
} as const;

const tables = `
  CREATE TABLE totals (country VARCHAR(2) PRIMARY KEY, orders BIGINT, total DECIMAL(38, 2));
  CREATE TABLE customers (customer BIGINT PRIMARY KEY, orders BIGINT, total DECIMAL(38, 2), most DECIMAL(10, 2));
  CREATE TABLE best (id BIGINT PRIMARY KEY, customer BIGINT, total DECIMAL(10, 2))`;

/** The file that both engines run; only the database that it writes differs. */
const jobOf = (port: number, database: string): string => {
  const server = `'hostname' = '127.0.0.1', 'port' = '${port}', 'username' = 'root', 'password' = ''`;
  const read = (table: string): string =>
    `WITH ('connector' = 'mysql-cdc', ${server}, 'database-name' = 'shop', 'table-name' = '${table}')`;
  const write = (table: string): string =>
    `WITH ('connector' = 'mysql', ${server}, 'database-name' = '${database}', 'table-name' = '${table}')`;
  return `SET 'pipeline.name' = '${database}';
CREATE TABLE orders (id BIGINT, customer BIGINT, total DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED) ${read('orders')};
CREATE TABLE people (id BIGINT, country STRING, PRIMARY KEY (id) NOT ENFORCED) ${read('customers')};
CREATE TABLE totals (country STRING, orders BIGINT, total DECIMAL(38, 2), PRIMARY KEY (country) NOT ENFORCED) ${write('totals')};
CREATE TABLE customers (customer BIGINT, orders BIGINT, total DECIMAL(38, 2), most DECIMAL(10, 2), PRIMARY KEY (customer) NOT ENFORCED) ${write('customers')};
CREATE TABLE best (id BIGINT, customer BIGINT, total DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED) ${write('best')};
EXECUTE STATEMENT SET BEGIN
INSERT INTO totals SELECT c.country, COUNT(*), SUM(o.total) FROM orders AS o JOIN people AS c ON o.customer = c.id GROUP BY c.country;
INSERT INTO customers SELECT customer, COUNT(*), SUM(total), MAX(total) FROM orders GROUP BY customer;
INSERT INTO best SELECT id, customer, total FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC, id) AS n FROM orders) WHERE n <= 2;
END;
`;
};

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Runs a command to its end, and gives what it printed. */
const millrace = async (folder: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> => {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { stdout, stderr };
};

/**
 * One file of SQL on a real Flink and in the embedded engine, over one MySQL that changes: MySQL to Kafka by the feed that `sql submit` starts, Flink, and
 * JDBC back into MySQL; stopped with a savepoint and gone on from it in the middle. Both must come to what MySQL says.
 */
export const soak: Soak = {
  options: { changes: 5_000, seed: 1 },
  async run({ changes = 0, seed = 0 }, progress) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-flink-'));
    let [feed, engine]: [number | null, ChildProcess | null] = [null, null];
    try {
      await using server = await launchServer({ flavor: 'mysql' });
      await using kafka = await launchKafka({ heapMiB: 256 });
      await using flink = await launchFlink('1.20.3');
      const { port } = server;
      const connection = await mysql.createConnection({
        host: '127.0.0.1',
        port,
        user: 'root',
        multipleStatements: true,
        decimalNumbers: false,
        rowsAsArray: true,
      });
      await connection.query(`CREATE DATABASE shop; CREATE TABLE shop.customers (id BIGINT PRIMARY KEY, country VARCHAR(2) NOT NULL);
        CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, total DECIMAL(10, 2) NOT NULL);
        CREATE DATABASE by_flink; USE by_flink; ${tables}; CREATE DATABASE by_millrace; USE by_millrace; ${tables}`);
      const random = new SeededRandom(seed);
      for (let id = 1; id <= 40; id += 1)
        await connection.query(`INSERT INTO shop.customers VALUES (${id}, '${random.pick(['AT', 'DE', 'FR'])}')`);
      const change = async (count: number): Promise<void> => {
        for (let done = 0; done < count; ) {
          const statements = Array.from({ length: random.integer(1, 5) }, () => {
            const id = random.integer(1, 2_000);
            const total = (random.integer(0, 99_999) / 100).toFixed(2);
            if (random.chance(0.25)) return `DELETE FROM shop.orders WHERE id = ${id}`;
            if (random.chance(0.05))
              return `UPDATE shop.customers SET country = '${random.pick(['AT', 'DE', 'FR', 'IT'])}' WHERE id = ${random.integer(1, 40)}`;
            return `REPLACE INTO shop.orders VALUES (${id}, ${random.integer(1, 40)}, ${total})`;
          });
          await connection.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
          done += statements.length;
        }
      };
      await change(Math.ceil(changes / 3));

      writeFileSync(join(folder, 'by-flink.sql'), jobOf(port, 'by_flink'));
      writeFileSync(join(folder, 'by-millrace.sql'), jobOf(port, 'by_millrace'));
      const submit = ['sql', 'submit', 'by-flink.sql', '--gateway', flink.gateway, '--kafka', kafka.bootstrapServers];
      engine = spawn(process.execPath, [main, 'sql', '-f', 'by-millrace.sql'], { cwd: folder, stdio: 'ignore' });
      const sent = await millrace(folder, ...submit, '--feed', 'run', '-o', 'json');
      const { data } = JSON.parse(sent.stdout) as { data: { jobs: readonly string[]; feed: { pid: number } } };
      const { jobs, feed: started } = data;
      feed = started.pid;
      const [job] = jobs;
      if (job === undefined) throw new Error(`no job was submitted: ${sent.stderr}`);
      progress('the job runs');
      await change(Math.ceil(changes / 3));

      // A savepoint needs its sources to have begun.
      for (let turn = 0; turn < 300; turn += 1) {
        if (/ [1-9]\d* completed/.test((await millrace(folder, 'sql', 'status', job, '--rest', flink.rest)).stdout))
          break;
        await sleep(300);
      }
      const { stdout: savepoint } = await millrace(folder, 'sql', 'stop', job, '--rest', flink.rest);
      await change(Math.ceil(changes / 3));
      const again = await millrace(folder, ...submit, '--feed', 'file', '--savepoint', savepoint.trim(), '-o', 'json');
      const { jobs: resumed } = (JSON.parse(again.stdout) as { data: { jobs: readonly string[] } }).data;
      progress('the job goes on from its savepoint');

      const begun = Date.now();
      const differing = async (database: string): Promise<readonly string[]> => {
        const found: string[] = [];
        for (const [table, query] of Object.entries(kept)) {
          const [wanted] = await connection.query(query);
          const [held] = await connection.query(`SELECT * FROM ${database}.${table}`);
          if (textOf(wanted) !== textOf(held)) found.push(`${database}.${table}`);
        }
        return found;
      };
      let wrong: readonly string[] = [];
      for (;;) {
        wrong = [...(await differing('by_flink')), ...(await differing('by_millrace'))];
        if (wrong.length === 0 || Date.now() - begun > 120_000) break;
        await sleep(300);
      }
      const caughtUpMs = Date.now() - begun;
      if (wrong.length > 0) {
        const status = await millrace(folder, 'sql', 'status', resumed[0]!, '--rest', flink.rest);
        throw new Error(`${wrong.join(', ')} differ from MySQL's answer after 120 s; the job: ${status.stdout}`);
      }
      const [[counted]] = (await connection.query(
        'SELECT (SELECT COUNT(*) FROM by_flink.totals) + (SELECT COUNT(*) FROM by_flink.customers) + (SELECT COUNT(*) FROM by_flink.best)',
      )) as unknown as [[[number]]];
      await millrace(folder, 'sql', 'stop', resumed[0]!, '--rest', flink.rest);
      connection.destroy();
      return { changes, 'rows compared': counted[0], differing: 0, 'ms to catch up after the savepoint': caughtUpMs };
    } finally {
      if (feed !== null) end(feed);
      if (engine !== null) {
        const ended = once(engine, 'exit');
        engine.kill('SIGTERM');
        await ended;
      }
      rmSync(folder, { recursive: true, maxRetries: 5 });
    }
  },
};

const textOf = (rows: unknown): string =>
  (rows as readonly (readonly unknown[])[])
    .map((row) => JSON.stringify(row.map(String)))
    .sort()
    .join('\n');

const end = (pid: number): void => {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
};
