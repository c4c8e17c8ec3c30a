import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerProcess } from '../../src/demo/worker-process.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { build, builtWorker } from '../built.ts';
import { fillOrders } from '../orders.ts';
import { writeSteadily } from '../orders-load.ts';
import { type Result, type Run, summarise } from '../result.ts';

const transactionsPerSecond = 1_000;

/** From `kill -9` of the worker, another one being started at once, to the first row that is durable in the mirror again. */
export const recovery = async (rounds: number): Promise<readonly Result[]> => {
  build();
  const built = await builtWorker();
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 1, 10);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const mirror = join(folder, 'mirror.db');
  const file = join(folder, 'recovery.yaml');
  const { host, port, user, password } = server;
  const source = {
    type: 'mysql',
    hostname: host,
    port,
    username: user,
    password,
    tables: 'bench.orders',
    'scan.startup.mode': 'earliest-offset',
  };
  writeFileSync(
    file,
    JSON.stringify({ source, sink: { type: 'sqlite', path: mirror }, pipeline: { name: 'recovery' } }),
  );
  const worker = new built.WorkerProcess(file, process.env);
  const stop = new AbortController();
  const load = writeSteadily(server, { transactionsPerSecond }, stop.signal);
  try {
    worker.start();
    await grown(mirror, 0, worker);
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await sleep(1_500);
      await worker.kill();
      const held = count(mirror);
      const started = performance.now();
      worker.start();
      await grown(mirror, held, worker);
      const seconds = (performance.now() - started) / 1000;
      process.stderr.write(`recovery  round ${round + 1}/${rounds}  ${seconds.toFixed(3)} s\n`);
      runs.push({ rows: 1, seconds, cpuSeconds: 0, peakRssMiB: 0, figures: { firstRowMs: seconds * 1000 } });
    }
    return summarise('recovery', new Map([['millrace', runs]]));
  } finally {
    stop.abort();
    await load;
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const grown = async (mirror: string, held: number, worker: WorkerProcess): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (count(mirror) <= held) {
    if (performance.now() > deadline) throw new Error(`no row was applied within 20 s: ${worker.output}`);
    await sleep(10);
  }
};

const count = (mirror: string): number => {
  try {
    using db = new DatabaseSync(mirror, { readOnly: true, timeout: 1_000 });
    return Number(db.prepare('SELECT COUNT(*) AS rows FROM "bench.orders"').get()!['rows']);
  } catch {
    // Not made yet.
    return 0;
  }
};
