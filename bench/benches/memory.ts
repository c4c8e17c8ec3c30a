import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { build, builtWorker } from '../built.ts';
import { type Address, connect, fillOrders, type Workload } from '../orders.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { processUsage } from '../run-contender.ts';

interface Case {
  readonly name: string;
  /** Leaves rows in the binlog and says where they begin and how many there are. */
  fill(server: Address): Promise<Workload>;
}

const cases: readonly Case[] = [
  { name: 'streaming', fill: (server) => fillOrders(server, 100, 10_000) },
  {
    name: '1.7 M-row transaction',
    fill: async (server) => await inOneTransaction(server, 1_700_000, 'OFF'),
  },
  {
    // 3.4 million rows of 104 bytes are 350 MB once inflated.
    name: '350 MB compressed transaction',
    fill: async (server) => await inOneTransaction(server, 3_400_000, 'ON'),
  },
];

/** Peak resident memory of the process that runs a whole pipeline into a blackhole, by what it has to carry. */
export const memory = async (rounds: number): Promise<readonly Result[]> => {
  build();
  const worker = await builtWorker();
  await using server = await launchServer({
    flavor: 'mysql',
    options: [
      '--innodb-redo-log-capacity=1G',
      '--innodb-buffer-pool-size=512M',
      '--max-binlog-size=1G',
      '--max-allowed-packet=1G',
      '--binlog-cache-size=64M',
    ],
  });
  const results: Result[] = [];
  for (const { name, fill } of cases) {
    const log = await fill(server);
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round += 1) {
      runs.push(await peakOf(worker, server, log));
      process.stderr.write(`memory  ${name}  ${runs.at(-1)!.peakRssMiB.toFixed(0)} MiB\n`);
    }
    results.push(...summarise('memory', new Map([[name, runs]])));
  }
  return results;
};

/** Runs a pipeline into a blackhole until all rows are through, and answers the most memory its process had. */
const peakOf = async (
  { WorkerProcess }: Awaited<ReturnType<typeof builtWorker>>,
  server: Address,
  { file, position, rows }: Workload,
): Promise<Run> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const path = join(folder, 'memory.yaml');
  const source = {
    type: 'mysql',
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    tables: 'bench.orders',
    'scan.startup.mode': 'specific-offset',
    'scan.startup.specific-offset.file': file,
    'scan.startup.specific-offset.pos': position,
  };
  writeFileSync(path, JSON.stringify({ source, sink: { type: 'blackhole' }, pipeline: { name: 'memory' } }));
  const worker = new WorkerProcess(path, process.env);
  const started = performance.now();
  worker.start();
  try {
    while ((worker.report?.totals.sync.rows ?? 0) < rows) {
      if (worker.failed || performance.now() - started > 120_000)
        throw new Error(`not all rows came: ${worker.output}`);
      await sleep(10);
    }
    const seconds = (performance.now() - started) / 1000;
    return { rows, seconds, ...processUsage(worker.pid!)! };
  } finally {
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const inOneTransaction = async (server: Address, rows: number, compression: 'ON' | 'OFF') => {
  await fillOrders(server, 1, 1);
  const connection = await connect(server, { database: 'bench' });
  try {
    await connection.query('RESET BINARY LOGS AND GTIDS');
    const [status] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    await connection.query('SET SESSION cte_max_recursion_depth = 100000000');
    await connection.query(`SET SESSION binlog_transaction_compression = ${compression}`);
    await connection.query('CALL fill(1, ?)', [rows]);
    return { file: status[0]!['File'], position: Number(status[0]!['Position']), rows };
  } finally {
    await connection.end();
  }
};
