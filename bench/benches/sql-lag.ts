import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RowDataPacket } from 'mysql2/promise';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { type Address, connect, fillOrders } from '../orders.ts';
import { writeSteadily } from '../orders-load.ts';
import { flinkName } from '../peers/flink.ts';
import { type Absent, type Result, type Run, summarise } from '../result.ts';
import { processUsage, runContender } from '../run-contender.ts';

const transactionsPerSecond = 1_000;
const warmUpSeconds = 5;
const seconds = 15;
/** What fills the table: a million rows of a hundred thousand customers. */
const fill = { transactions: 1_000, rowsEach: 1_000 };

/** Commit to the changed row of a GROUP BY's result in MySQL, over a table of a million rows, at 1 000 transactions a second. */
export const sqlLag = async (rounds: number): Promise<readonly (Result | Absent)[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-redo-log-capacity=512M'] });
  await fillOrders(server, fill.transactions, fill.rowsEach);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sql-lag-'));
  const job = join(folder, 'totals.sql');
  writeFileSync(job, statements(server));
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const beganMs = performance.now();
  const child = spawn(process.execPath, [...publishedFlags, main, 'sql', '-f', job], { stdio: 'inherit' });
  const runs: Run[] = [];
  try {
    await firstResult(server);
    const startSeconds = (performance.now() - beganMs) / 1_000;
    for (let round = 1; round <= rounds; round += 1) {
      const stop = new AbortController();
      const cpuBefore = processUsage(child.pid)?.cpuSeconds ?? 0;
      const load = writeSteadily(server, { transactionsPerSecond, customer: 'FLOOR(RAND() * 100000)' }, stop.signal);
      const run = await runContender({
        name: 'reader',
        command: process.execPath,
        args: [
          ...publishedFlags,
          fileURLToPath(new URL('../contenders/sql-lag.ts', import.meta.url)),
          ...[server.host, server.port, server.user, server.password, warmUpSeconds, seconds].map(String),
        ],
      }).finally(() => stop.abort());
      const written = await load;
      const usage = processUsage(child.pid)!;
      const figures = { ...run.figures, written, startSeconds };
      process.stderr.write(`sql-lag  round ${round}/${rounds}  ${JSON.stringify(figures)}\n`);
      runs.push({
        rows: run.rows,
        seconds: run.seconds,
        cpuSeconds: usage.cpuSeconds - cpuBefore,
        peakRssMiB: usage.peakRssMiB,
        figures,
      });
    }
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
  return [...summarise('sql-lag', new Map([['millrace', runs]])), ...peers];
};

/** Why nobody else's lag stands beside. */
const peers: readonly Absent[] = [
  {
    bench: 'sql-lag',
    contender: flinkName,
    absent: 'its source for MySQL, Flink CDC 3.5, asks for SHOW MASTER STATUS, which MySQL has not had since 8.4',
  },
  { bench: 'sql-lag', contender: '@tanstack/db-ivm 0.2.0', absent: 'it neither reads from MySQL nor writes to it' },
];

const statements = ({ host, port, user, password }: Address): string => {
  const server = `'hostname' = '${host}', 'port' = '${port}', 'username' = '${user}', 'password' = '${password}'`;
  return `
    CREATE TABLE orders (id BIGINT, customer_id INT, price DECIMAL(12, 2), PRIMARY KEY (id) NOT ENFORCED)
      WITH ('connector' = 'mysql-cdc', ${server}, 'database-name' = 'bench', 'table-name' = 'orders');
    CREATE TABLE totals (customer_id INT, n BIGINT, total DECIMAL(38, 2), last_id BIGINT, PRIMARY KEY (customer_id) NOT ENFORCED)
      WITH ('connector' = 'mysql', ${server}, 'database-name' = 'bench', 'table-name' = 'totals');
    INSERT INTO totals SELECT customer_id, COUNT(*), SUM(price), MAX(id) FROM orders GROUP BY customer_id;`;
};

/** Waits until the table holds every order. */
const firstResult = async (server: Address): Promise<void> => {
  const connection = await connect(server);
  try {
    const patience = AbortSignal.timeout(170_000);
    for (;;) {
      const counted = await connection
        .query<RowDataPacket[]>('SELECT SUM(n) AS n FROM bench.totals')
        .then(([rows]) => Number(rows[0]!['n']))
        .catch(() => 0);
      if (counted === fill.transactions * fill.rowsEach) return;
      if (patience.aborted) throw new Error(`the first result never came: ${counted} orders are counted`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    await connection.end();
  }
};
