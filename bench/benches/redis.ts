import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandWriter } from '../../src/protocol/redis/command-writer.ts';
import { type LaunchedRedis, launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { publishedFlags } from '../built.ts';
import { fillOrders } from '../orders.ts';
import { writeSteadily } from '../orders-load.ts';
import { nodeRedis } from '../peers.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { type Contender, runContender } from '../run-contender.ts';

/**
 * 200,000 new rows of eight mixed columns as hashes, each thousand of them one MULTI with a position, or more where millrace gathers
 * more: millrace from the bytes of binlog files on, `redis-cli --pipe` with its commands ready in a file, node-redis with its rows in
 * memory.
 */
export const redisApply = async (rounds: number): Promise<readonly Result[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-apply-'));
  try {
    const rows = await recordOrders(folder);
    await using redis = await launchRedis({ server: 'redis-7.0' });
    return await interleaved('redis-apply', rounds, redis, rows, [
      millrace('millrace', redis, rows, 'files', join(folder, 'binlog')),
      ...peers('redis-apply', redis, rows, folder),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** A table of 500,000 rows into Redis, chunked and resumable; beside it what `redis-cli --pipe` makes of as many. */
export const redisSnapshot = async (rounds: number): Promise<readonly Result[]> =>
  await fromServer('redis-snapshot', rounds);

/** 500,000 rows that are in the binlog already, over the network: how fast a pipeline catches up. */
export const redisBinlog = async (rounds: number): Promise<readonly Result[]> =>
  await fromServer('redis-binlog', rounds);

const fromServer = async (bench: 'redis-snapshot' | 'redis-binlog', rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
  process.stderr.write(`${bench}  filling 500,000 rows\n`);
  const { rows, file, position } = await fillOrders(server, 500, 1_000);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
  try {
    await using redis = await launchRedis({ server: 'redis-7.0' });
    const from = bench === 'redis-binlog' ? [file, String(position)] : [];
    const address = [server.host, server.port, server.user, server.password].map(String);
    const [pipe] = peers(bench, redis, rows, folder);
    return await interleaved(bench, rounds, redis, rows, [
      millrace('millrace', redis, rows, 'server', ...address, ...from),
      ...(pipe === undefined ? [] : [pipe]),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** A table of 500,000 rows compared with its hashes, alone and while 500 transactions a second are committed and applied. */
export const redisVerify = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
  process.stderr.write('redis-verify  filling 500,000 rows\n');
  const { rows } = await fillOrders(server, 500, 1_000);
  await using redis = await launchRedis({ server: 'redis-7.0' });
  const address = [server.host, server.port, server.user, server.password].map(String);
  await runContender(millrace('millrace', redis, rows, 'server', ...address));
  const latest = millrace('millrace', redis, 1e12, 'server', ...address, 'latest');
  const child = spawn(latest.command, latest.args, { stdio: 'ignore' });
  const runs = new Map<string, Run[]>([
    ['millrace', []],
    ['millrace, at rest', []],
  ]);
  try {
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of runs.keys()) {
        const stop = new AbortController();
        const load =
          name === 'millrace' ? writeSteadily(server, { transactionsPerSecond: 500 }, stop.signal) : Promise.resolve(0);
        const reader = contender(name, 'redis-verify', [String(redis.port), ...address]);
        const run = await runContender(reader).finally(() => stop.abort());
        const written = await load;
        const rate = Math.round(run.rows / run.seconds).toLocaleString('en');
        const figures = JSON.stringify({ ...run.figures, written });
        process.stderr.write(`redis-verify  round ${round}/${rounds}  ${name}  ${rate} rows/s  ${figures}\n`);
        if (round > 0) runs.get(name)!.push(run);
      }
    }
  } finally {
    child.kill('SIGKILL');
  }
  return summarise('redis-verify', runs);
};

/** Statement to hash at 5,000 transactions of one row a second. */
export const redisLag = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 1, 1);
  await using redis = await launchRedis({ server: 'redis-7.0' });
  const runs: Run[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await flush(redis);
    await fillOrders(server, 1, 1);
    const address = [server.host, server.port, server.user, server.password].map(String);
    const { command, args } = millrace('millrace', redis, 1e12, 'server', ...address, 'latest');
    const child = spawn(command, args, { stdio: 'ignore' });
    const stop = new AbortController();
    const reader = contender('reader', 'redis-lag', [redis.host, String(redis.port), '10']);
    const run = runContender(reader);
    // It starts at the newest position, and the ids before that would never come.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const load = writeSteadily(server, { transactionsPerSecond: 5_000 }, stop.signal);
    const figures = await run.finally(() => stop.abort());
    await load;
    child.kill('SIGKILL');
    process.stderr.write(`redis-lag  round ${round}/${rounds}  ${JSON.stringify(figures.figures)}\n`);
    if (round > 0) runs.push(figures);
  }
  return summarise('redis-lag', new Map([['millrace', runs]]));
};

/**
 * One warm-up of each, then rounds of all in turn; each run begins with an empty Redis, and says what its `rows` cost the one thread of
 * the server that runs commands: whoever keeps it busy can be no faster.
 */
const interleaved = async (
  bench: string,
  rounds: number,
  redis: LaunchedRedis,
  rows: number,
  contenders: readonly Contender[],
): Promise<readonly Result[]> => {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const each of contenders) {
      await flush(redis);
      const before = await mainThreadSeconds(redis);
      const run = await runContender(each);
      const spent = (await mainThreadSeconds(redis)) - before;
      const title = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
      const rate = run.rows / run.seconds;
      // The server worked for all rows, and the rate is that of those behind the first ones.
      const figures = {
        'server CPU s per million': (spent / rows) * 1e6,
        "server's thread busy, %": (spent / rows) * rate * 100,
      };
      process.stderr.write(`${bench}  ${title}  ${each.name}  ${Math.round(rate).toLocaleString('en')} rows/s\n`);
      if (round > 0) runs.get(each.name)!.push({ ...run, figures });
    }
  }
  return summarise(bench, runs);
};

const mainThreadSeconds = async (redis: LaunchedRedis): Promise<number> => {
  await using connection = await connectRedis(redis);
  const text = String(await connection.command('INFO', 'cpu'));
  const of = (kind: string): number => Number(new RegExp(`used_cpu_${kind}_main_thread:(.*)`).exec(text)![1]);
  return of('user') + of('sys');
};

const flush = async (redis: LaunchedRedis): Promise<void> => {
  await using connection = await connectRedis(redis);
  await connection.command('FLUSHALL', 'SYNC');
};

const peers = (bench: string, redis: LaunchedRedis, rows: number, folder: string): readonly Contender[] => {
  const file = join(folder, 'commands');
  writeFileSync(file, commandsOf(rows));
  const cli = [...redis.program.cli, '-p', String(redis.port), '--pipe'].map((word) => `'${word}'`).join(' ');
  const node = nodeRedis(redis, rows);
  if (node === null) process.stderr.write(`${bench}  node-redis left out: npm could not install it\n`);
  const pipe = { name: 'redis-cli --pipe', command: 'sh', args: ['-c', `exec ${cli} < ${file}`], rows };
  return [pipe, ...(node === null ? [] : [node])];
};

/** As many HSETs as there are rows, of the same columns and about the same lengths, a thousand and a position in each MULTI. */
const commandsOf = (rows: number): Uint8Array => {
  const writer = new CommandWriter(1024 * 1024);
  const statuses = ['new', 'paid', 'shipped', 'done'];
  for (let id = 1; id <= rows; id += 1) {
    if (id % 1000 === 1) writer.add('MULTI');
    const note = `note number ${id % 1000} of batch ${Math.floor(id / 1000)} with some text to make it longer`;
    const first = ['id', id, 'customer_id', (id * 7919) % 100_000, 'sku', `SKU-${id % 5000}`, 'qty', 1 + (id % 9)];
    const price = ((id % 100_000) / 100).toFixed(2);
    const last = ['price', price, 'status', statuses[id % 4]!, 'note', note, 'created', '2026-01-01 10:00:00.123456'];
    writer.add('HSET', `bench:orders:${id}`, ...first, ...last);
    if (id % 1000 === 0 || id === rows) writer.add('HSET', 'millrace:position:bench', 'log', id).add('EXEC');
  }
  return writer.take();
};

const millrace = (name: string, redis: LaunchedRedis, rows: number, ...args: readonly string[]): Contender =>
  contender(name, 'redis-push', [redis.host, String(redis.port), String(rows), ...args]);

const contender = (name: string, script: string, args: readonly string[]): Contender => ({
  name,
  command: process.execPath,
  args: [...publishedFlags, fileURLToPath(new URL(`../contenders/${script}.ts`, import.meta.url)), ...args],
});

/** Keeps the binlog of a server that is gone when this returns. */
const recordOrders = async (folder: string): Promise<number> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
  process.stderr.write('redis-apply  recording 200,000 rows\n');
  const { rows, file } = await fillOrders(server, 200, 1_000);
  cpSync(join(server.binlogFolder, file), join(folder, 'binlog', file), { recursive: true });
  return rows;
};
