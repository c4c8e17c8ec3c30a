import { fileURLToPath } from 'node:url';
import type { RowDataPacket } from 'mysql2/promise';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { type Address, connect, fillOrders } from '../orders.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { runContender } from '../run-contender.ts';

interface Case {
  readonly name: string;
  /** Leaves rows in the binlog and says where they begin and how many there are. */
  fill(server: Address): Promise<{ readonly file: string; readonly position: number; readonly rows: number }>;
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

/** Peak resident memory of a whole pipeline into a blackhole, by what it has to carry. */
export const memory = async (rounds: number): Promise<readonly Result[]> => {
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
    const { file, position, rows } = await fill(server);
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round += 1) {
      runs.push(
        await runContender({ name, command: process.execPath, args: pipelineArgs(server, file, position, rows) }),
      );
      process.stderr.write(`memory  ${name}  ${runs.at(-1)!.peakRssMiB.toFixed(0)} MiB\n`);
    }
    results.push(...summarise('memory', new Map([[name, runs]])));
  }
  return results;
};

const pipelineArgs = (server: Address, file: string, position: number, rows: number): readonly string[] => [
  fileURLToPath(new URL('../contenders/run-pipeline.ts', import.meta.url)),
  JSON.stringify({
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    tables: 'bench.orders',
    'scan.startup.mode': 'specific-offset',
    'scan.startup.specific-offset.file': file,
    'scan.startup.specific-offset.pos': position,
  }),
  'blackhole',
  '{}',
  String(rows),
];

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
