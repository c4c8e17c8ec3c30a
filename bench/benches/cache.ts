import { fileURLToPath } from 'node:url';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { fillOrders } from '../orders.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { type Contender, runContender } from '../run-contender.ts';

const processes = 200;

/**
 * Rows of eight columns read through the cache: from Redis one by one, fifty at once and a hundred with each call, and from the
 * process; beside it node-redis with HGETALL. Then two hundred processes that miss one key at once.
 */
export const cache = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 10, 1_000);
  await using redis = await launchRedis({ server: 'redis-7.0' });
  const address = [redis.port, server.host, server.port, server.user, server.password].map(String);
  const reader = (how: string): Contender => ({
    name: how === 'hit' ? 'millrace' : `millrace ${how}`,
    command: process.execPath,
    args: [fileURLToPath(new URL('../contenders/cache-read.ts', import.meta.url)), how, ...address],
  });
  const contenders = ['hit', 'hits', 'many', 'local'].map(reader);
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
  runs.set(`${processes} processes`, [await missTogether(redis, reader('miss'))]);
  return summarise('cache', runs);
};

/** All processes are there before the first asks. */
const missTogether = async (
  redis: { readonly host: string; readonly port: number },
  reader: Contender,
): Promise<Run> => {
  await using control = await connectRedis(redis);
  await control.command('FLUSHALL');
  const running: Promise<Run>[] = [];
  for (let ready = 0; ready < processes; ready = Number((await control.command('GET', 'ready')) ?? 0)) {
    // A few at a time: what is measured is what they ask for, not how they start.
    while (running.length < processes && running.length < ready + 4) running.push(runContender(reader, 600_000));
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), Promise.race(running)]);
  }
  await control.command('SET', 'go', '1');
  const told = (await Promise.all(running)) as unknown as readonly Readonly<Record<string, number>>[];
  const sum = (name: string): number => told.reduce((total, each) => total + each[name]!, 0);
  const slowest = Math.max(...told.map(({ ms }) => ms!));
  const figures = { statements: sum('loads'), rowsFound: sum('found'), waited: sum('waits'), slowestMs: slowest };
  return { rows: processes, seconds: slowest / 1000, cpuSeconds: 0, peakRssMiB: 0, figures };
};
