import { fileURLToPath } from 'node:url';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { fillOrders } from '../orders.ts';
import { nodeRedisReads } from '../peers.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { type Contender, runContender } from '../run-contender.ts';

const processes = 200;
/** How many may be starting at a time: what is measured is what they ask for, not how they start. */
const startedAtOnce = 3;
/** From the word to go until all ask: longer than they take to see it. */
const leadMs = 3_000;

/**
 * Rows of eight columns read through the cache: from Redis one by one, fifty at once and a hundred with each call, and from the
 * process. Beside the first the same commands on a bare socket, whose answers nothing is made of, and node-redis with HGETALL.
 */
export const cache = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 10, 1_000);
  await using redis = await launchRedis({ server: 'redis-7.0' });
  const address = [redis.port, server.host, server.port, server.user, server.password].map(String);
  const node = nodeRedisReads(redis, 20_000);
  if (node === null) process.stderr.write('cache  node-redis left out: npm could not install it\n');
  const own = ['hit', 'bare', 'hits', 'many', 'local'].map((how) => reader(how, address));
  const contenders = node === null ? own : own.toSpliced(2, 0, node);
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const run = await runContender(contender);
      process.stderr.write(
        `cache  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${contender.name}  ${JSON.stringify(run.figures)}\n`,
      );
      if (round > 0) runs.get(contender.name)!.push(run);
    }
  }
  return summarise('cache', runs);
};

/** Two hundred processes that miss one key at once: how many statements MySQL is sent. */
export const cacheHerd = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--max-connections=1000'] });
  await fillOrders(server, 1, 1_000);
  await using redis = await launchRedis({ server: 'redis-7.0' });
  const address = [redis.port, server.host, server.port, server.user, server.password].map(String);
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push(await missTogether(redis, reader('miss', address)));
  return summarise('cache-herd', new Map([['millrace', runs]]));
};

const reader = (how: string, address: readonly string[]): Contender => ({
  name: how === 'hit' ? 'millrace' : how === 'bare' ? 'a bare socket' : `millrace ${how}`,
  command: process.execPath,
  args: [fileURLToPath(new URL('../contenders/cache-read.ts', import.meta.url)), how, ...address],
});

/** All processes are there before the first asks. */
const missTogether = async (
  redis: { readonly host: string; readonly port: number },
  contender: Contender,
): Promise<Run> => {
  await using control = await connectRedis(redis);
  await control.command('FLUSHALL');
  const running: Promise<Run>[] = [];
  for (let ready = 0; ready < processes; ready = Number((await control.command('GET', 'ready')) ?? 0)) {
    while (running.length < processes && running.length < ready + startedAtOnce)
      running.push(runContender(contender, 600_000));
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), Promise.race(running)]);
  }
  await control.command('SET', 'go', String(Date.now() + leadMs));
  const told = (await Promise.all(running)) as unknown as readonly Readonly<Record<string, number>>[];
  const sum = (name: string): number => told.reduce((total, each) => total + each[name]!, 0);
  const slowest = Math.max(...told.map(({ ms }) => ms!));
  const figures = { statements: sum('loads'), rowsFound: sum('found'), waited: sum('waits'), slowestMs: slowest };
  return { rows: processes, seconds: slowest / 1000, cpuSeconds: 0, peakRssMiB: 0, figures };
};
