import { fileURLToPath } from 'node:url';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { type Address, fillOrders, type Workload } from '../orders.ts';
import { goMysql, zongjis } from '../peers.ts';
import type { Result } from '../result.ts';
import type { Contender } from '../run-contender.ts';

/** Reading a live server's binlog to positional rows: transactions of many rows. Fewer would mostly measure how programs start. */
export const decode = (rounds: number): Promise<readonly Result[]> => readBinlog('decode', 200, 10_000, rounds);

/** The same with transactions of one row. */
export const decodeSingle = (rounds: number): Promise<readonly Result[]> =>
  readBinlog('decode-single', 600_000, 1, rounds);

/** Reading a live server's binlog to complete Debezium JSON bytes, against the bare decode of the fastest peer. */
export const transcode = (rounds: number): Promise<readonly Result[]> =>
  readBinlog('transcode', 200, 10_000, rounds, true);

const readBinlog = async (
  bench: string,
  transactions: number,
  rowsEach: number,
  rounds: number,
  json = false,
): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-redo-log-capacity=512M'] });
  process.stderr.write(`${bench}  filling ${(transactions * rowsEach).toLocaleString('en')} rows\n`);
  const workload = await fillOrders(server, transactions, rowsEach);
  const go = goMysql(server, workload);
  if (go === null) process.stderr.write(`${bench}  go-mysql left out: it needs Go and its modules\n`);
  return await measure(
    bench,
    [
      millrace(server, workload, json ? 'transcode' : 'decode'),
      // What a pipeline does with a server that offers TLS, unless it is told otherwise.
      { ...millrace(server, workload, json ? 'transcode' : 'decode', 'required'), name: 'millrace over TLS' },
      ...(go === null ? [] : [go]),
      ...(json ? [] : zongjis(server, workload)),
      ...(json || rowsEach === 1 ? [] : [mysqlbinlog(server, workload, server.tools.mysqlbinlog)]),
    ],
    rounds,
  );
};

/** Without TLS by default, as the peers read. */
const millrace = (
  server: Address,
  workload: Workload,
  mode: 'decode' | 'transcode',
  sslMode: 'disabled' | 'required' = 'disabled',
): Contender => ({
  name: 'millrace',
  command: process.execPath,
  args: [
    ...publishedFlags,
    fileURLToPath(new URL('../contenders/read-binlog.ts', import.meta.url)),
    mode,
    sslMode,
    ...[server.host, server.port, server.user, server.password, workload.file, workload.position, workload.rows].map(
      String,
    ),
  ],
});

/** Only carries the bytes to a file: no decoding at all. */
const mysqlbinlog = (server: Address, workload: Workload, tool: readonly string[]): Contender => ({
  name: 'mysqlbinlog --raw',
  command: tool[0]!,
  args: [
    ...tool.slice(1),
    '--no-defaults',
    '--read-from-remote-server',
    `--host=${server.host}`,
    `--port=${server.port}`,
    `--user=${server.user}`,
    '--ssl-mode=DISABLED',
    '--raw',
    '--result-file=/dev/null',
    workload.file,
  ],
  rows: workload.rows,
});
