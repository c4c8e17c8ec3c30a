import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { WorkerProcess } from '../../src/demo/worker-process.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { build, builtCommand, builtWorker, publishedFlags } from '../built.ts';
import { type Address, connect, fillOrders } from '../orders.ts';
import { writeSteadily } from '../orders-load.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { timedProcess } from '../timed-process.ts';

const rows = 1_000_000;
const transactionsPerSecond = 500;
const patienceMs = 180_000;

/**
 * A pipeline holds a million rows of eight columns in a second server, and `millrace verify` compares the two: while nothing changes, and
 * while the source takes 500 transactions a second that the pipeline carries on. It must find all rows equal, or the benchmark fails: a
 * difference there is a false alarm. Beside it what the servers take to sum the table up by themselves with CHECKSUM TABLE, which says
 * of no row that it differs, and nothing that is right while rows change.
 */
export const verify = async (rounds: number): Promise<readonly Result[]> => {
  build();
  const { WorkerProcess } = await builtWorker();
  await using source = await launchServer({ flavor: 'mysql', options });
  await using target = await launchServer({ flavor: 'mysql', options });
  await fillOrders(source, rows / 1_000, 1_000);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const file = join(folder, 'verify.yaml');
  const end = ({ host: hostname, port, user: username, password }: Address) => ({
    type: 'mysql',
    hostname,
    port,
    username,
    password,
  });
  const pipeline = {
    source: { ...end(source), tables: 'bench.orders' },
    sink: end(target),
    pipeline: { name: 'verify' },
  };
  writeFileSync(file, JSON.stringify(pipeline));
  const worker = new WorkerProcess(file, process.env);
  const compare = (): Promise<Omit<Run, 'rows'>> =>
    timedProcess([process.execPath, ...publishedFlags, builtCommand, 'verify', file, '--quiet']);
  const contenders = new Map<string, () => Promise<Omit<Run, 'rows'>>>([
    ['millrace', compare],
    ['millrace, while rows change', () => underLoad(source, compare)],
    ['CHECKSUM TABLE on both servers', () => checksumBoth(worker, source, target)],
  ]);
  const runs = new Map<string, Run[]>([...contenders.keys()].map((name) => [name, []]));
  try {
    worker.start();
    await untilEqual(worker, source, target);
    for (let round = 0; round <= rounds; round += 1) {
      for (const [name, run] of contenders) {
        const figures = await run();
        const title = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
        process.stderr.write(`verify  ${title}  ${name}  ${figures.seconds.toFixed(2)} s\n`);
        if (round > 0) runs.get(name)!.push({ rows, ...figures });
      }
    }
    return summarise('verify', runs);
  } finally {
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const options = ['--innodb-redo-log-capacity=512M', '--innodb-buffer-pool-size=512M'];

const underLoad = async <Figures>(source: Address, run: () => Promise<Figures>): Promise<Figures> => {
  const stop = new AbortController();
  const load = writeSteadily(source, { transactionsPerSecond }, stop.signal);
  try {
    return await run();
  } finally {
    stop.abort();
    await load;
  }
};

/** The servers' own work alone: there is no process of a client to speak of. */
const checksumBoth = async (worker: WorkerProcess, source: Address, target: Address): Promise<Omit<Run, 'rows'>> => {
  await untilEqual(worker, source, target);
  const started = performance.now();
  const [one, other] = await Promise.all(
    [source, target].map((server) => ask(server, 'CHECKSUM TABLE orders', 'Checksum')),
  );
  const seconds = (performance.now() - started) / 1_000;
  if (one !== other) throw new Error('the tables are not equal');
  return { seconds, cpuSeconds: 0, peakRssMiB: 0 };
};

/** Waits until the pipeline has carried all rows. */
const untilEqual = async (worker: WorkerProcess, source: Address, target: Address): Promise<void> => {
  const until = performance.now() + patienceMs;
  const wanted = await ask(source, lastRow, 'last');
  while ((worker.report?.totals.sync.rows ?? 0) < rows || (await ask(target, lastRow, 'last')) !== wanted) {
    if (worker.failed || performance.now() > until) throw new Error(`not all rows came: ${worker.output}`);
    await sleep(100);
  }
};

const lastRow = 'SELECT MAX(id) AS last FROM orders';

const ask = async (server: Address, query: string, column: string): Promise<unknown> => {
  const connection = await connect(server, { database: 'bench' });
  try {
    const [[row]] = await connection.query<RowDataPacket[]>(query);
    return row![column];
  } finally {
    await connection.end();
  }
};
