import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { orderCommands, savedOrders } from '../saved-orders.ts';
import { timedProcess } from '../timed-process.ts';

const atOnce = 1_000;

/** A saved file of a million hashes of eight fields, read to its end by `redis rdb stat` and by Redis's own checker: whole processes. */
export const rdb = async (rounds: number): Promise<readonly Result[]> => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  for (let at = 0; at < savedOrders; at += atOnce) await connection.send(orderCommands(at, atOnce), atOnce);
  await connection.command('SAVE');
  return await compare('rdb', rounds, join(redis.folder, 'dump.rdb'), redis.program.checkRdb);
};

/** The same hashes as the commands of an append-only log. */
export const aof = async (rounds: number): Promise<readonly Result[]> => {
  await using redis = await launchRedis();
  const path = join(redis.folder, 'orders.aof');
  const file = await open(path, 'w');
  for (let at = 0; at < savedOrders; at += atOnce) await file.write(orderCommands(at, atOnce));
  await file.close();
  return await compare('aof', rounds, path, redis.program.checkAof);
};

const compare = async (
  format: 'rdb' | 'aof',
  rounds: number,
  file: string,
  check: readonly string[],
): Promise<readonly Result[]> => {
  build();
  const megabytes = statSync(file).size / 1e6;
  const contenders = new Map<string, readonly string[]>([
    ['millrace', [process.execPath, ...publishedFlags, builtCommand, 'redis', format, 'stat', file]],
    [`redis-check-${format}`, [...check, file]],
  ]);
  const runs = new Map<string, Run[]>([...contenders.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, command] of contenders) {
      const run = await timedProcess(command);
      const title = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
      process.stderr.write(`${format}  ${title}  ${name}  ${run.seconds.toFixed(2)} s\n`);
      const figures = { megabytesPerSecond: megabytes / run.seconds };
      if (round > 0) runs.get(name)!.push({ rows: savedOrders, figures, ...run });
    }
  }
  return summarise(format, runs);
};
