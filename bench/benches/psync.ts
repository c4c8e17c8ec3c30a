import { fileURLToPath } from 'node:url';
import { encodeCommand } from '../../src/protocol/redis/command-writer.ts';
import { type LaunchedRedis, launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { publishedFlags } from '../built.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { runContender } from '../run-contender.ts';
import { orderCommands } from '../saved-orders.ts';

const keys = 200_000;
const atOnce = 1_000;
const writers = 4;
const steadySeconds = 10;
/** Steady load, in keys a second. */
const steadyRate = 15_000;
const steadyEveryMs = 5;

/**
 * Hashes of eight fields from a Redis into a MySQL that logs and flushes as it does by default: 200,000 from the snapshot; as many that
 * are written at once; then 15,000 a second, and how late their rows are durable, counted from when their commands were sent.
 */
export const psync = async (rounds: number): Promise<readonly Result[]> => {
  await using target = await launchServer({
    flavor: 'mysql',
    options: ['--innodb-redo-log-capacity=512M', '--innodb-buffer-pool-size=512M'],
  });
  const address = [target.host, target.port, target.user, target.password].map(String);
  const runs: Run[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await using redis = await launchRedis({
      settings: { 'repl-diskless-sync-delay': '0', 'repl-backlog-size': '256mb' },
    });
    await writeAll(redis);
    const run = runContender({
      name: 'millrace',
      command: process.execPath,
      args: [
        ...publishedFlags,
        fileURLToPath(new URL('../contenders/psync.ts', import.meta.url)),
        ...[redis.host, String(redis.port), ...address, String(keys), String(writers)],
      ],
    });
    const [figures] = await Promise.all([run, makeLoad(redis)]);
    const title = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
    const rate = Math.round(figures.rows / figures.seconds).toLocaleString('en');
    process.stderr.write(`psync  ${title}  ${rate} keys/s  ${JSON.stringify(figures.figures)}\n`);
    if (round > 0) runs.push(figures);
  }
  return summarise('psync', new Map([['millrace', runs]]));
};

const writeAll = async (redis: LaunchedRedis): Promise<void> => {
  await using connection = await connectRedis(redis);
  for (let at = 0; at < keys; at += atOnce) await connection.send(orderCommands(at, atOnce), atOnce);
};

const makeLoad = async (redis: LaunchedRedis): Promise<void> => {
  await using connection = await connectRedis(redis);
  const phase = async (name: string): Promise<void> => {
    while (String(await connection.command('GET', 'bench:phase')) !== name) await sleep(20);
  };
  await phase('stream');
  await writeAll(redis);
  await phase('steady');
  const started = performance.now();
  let sent = 0;
  for (let elapsed = 0; elapsed < steadySeconds * 1_000; elapsed = performance.now() - started) {
    const due = Math.floor((elapsed / 1_000) * steadyRate) - sent;
    const now = Math.round((performance.timeOrigin + performance.now()) * 1_000);
    const commands = Array.from({ length: due }, (_, i) =>
      encodeCommand('HSET', `order:${((sent + i) * 7919) % keys}`, 'customer', String(now), 'status', 'steady'),
    );
    await connection.send(Buffer.concat(commands), due);
    sent += due;
    await sleep(steadyEveryMs);
  }
  await sleep(1_000);
  await connection.command('SET', 'bench:end', '1');
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
