import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { type Address, connect, fillOrders } from '../orders.ts';
import { type Result, type Run, summarise } from '../result.ts';

/** A million rows of a hundred thousand customers. */
const fill = { transactions: 1_000, rowsEach: 1_000 };

const queries: Readonly<Record<string, string>> = {
  'no table': 'SELECT 1',
  'a table of ten rows': 'SELECT * FROM bench.few',
  'the first ten of a million rows': 'SELECT id, price FROM bench.orders LIMIT 10',
  'a million rows in ten groups': 'SELECT qty, COUNT(*), SUM(price) FROM bench.orders GROUP BY qty',
  'a million rows in a hundred thousand groups':
    'SELECT customer_id, COUNT(*), SUM(price) FROM bench.orders GROUP BY customer_id',
};

/** From the start of `millrace sql -e QUERY` to the first line of its result, over tables of a running MySQL. */
export const sqlFirst = async (rounds: number): Promise<readonly Result[]> => {
  build();
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-redo-log-capacity=512M'] });
  await fillOrders(server, fill.transactions, fill.rowsEach);
  const connection = await connect(server);
  await connection.query('CREATE TABLE bench.few (PRIMARY KEY (id)) AS SELECT * FROM bench.orders LIMIT 10');
  await connection.end();
  const results: Result[] = [];
  for (const [name, query] of Object.entries(queries)) {
    for (const more of [[], ['--bounded']]) {
      const bench = `sql-first, ${name}${more.length > 0 ? ', then it ends' : ''}`;
      const runs: Run[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const run = await firstLine(server, [...more, '-e', query]);
        process.stderr.write(
          `${bench}  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${run.seconds.toFixed(3)} s\n`,
        );
        if (round > 0) runs.push({ ...run, figures: { firstLineMs: run.seconds * 1_000 } });
      }
      results.push(...summarise(bench, new Map([['millrace', runs]])));
    }
  }
  return results;
};

const firstLine = async (server: Address, args: readonly string[]): Promise<Run> => {
  const { host, port, user, password } = server;
  const source = `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}`;
  const started = performance.now();
  const child = spawn(process.execPath, [...publishedFlags, builtCommand, 'sql', '--source', source, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2_000)));
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly seconds: number;
    readonly peakRssMiB: number;
  }>();
  child.stdout.once('data', () => {
    const seconds = (performance.now() - started) / 1_000;
    const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
    resolve({ seconds, peakRssMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024 });
  });
  const ended = new Promise((done) => child.once('exit', done));
  child.once('exit', (code) => reject(new Error(`millrace sql ended with ${code}: ${complaint}`)));
  const first = await promise;
  child.kill('SIGKILL');
  await ended;
  return { rows: 1, cpuSeconds: 0, ...first };
};
