import { statSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCommand } from '../../src/protocol/redis/command-writer.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { timedProcess } from '../timed-process.ts';

const hashes = 1_000_000;
const atOnce = 1_000;

/** A saved file of a million hashes of eight fields, read to its end by `redis rdb stat` and by Redis's own checker: whole processes. */
export const rdb = async (rounds: number): Promise<readonly Result[]> => {
  build();
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  for (let at = 0; at < hashes; at += atOnce) {
    const commands = Array.from({ length: atOnce }, (_, i) => encodeCommand('HSET', ...order(at + i)));
    await connection.send(Buffer.concat(commands), atOnce);
  }
  await connection.command('SAVE');
  const file = join(redis.folder, 'dump.rdb');
  const megabytes = statSync(file).size / 1e6;
  const contenders = new Map([
    ['millrace', [process.execPath, ...publishedFlags, builtCommand, 'redis', 'rdb', 'stat', file]],
    ['redis-check-rdb', [...redis.program.checkRdb, file]],
  ]);
  const runs = new Map<string, Run[]>([...contenders.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, command] of contenders) {
      const run = await timedProcess(command);
      const title = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
      process.stderr.write(`rdb  ${title}  ${name}  ${run.seconds.toFixed(2)} s\n`);
      const figures = { megabytesPerSecond: megabytes / run.seconds };
      if (round > 0) runs.get(name)!.push({ rows: hashes, figures, ...run });
    }
  }
  return summarise('rdb', runs);
};

const order = (id: number): readonly string[] => [
  `order:${id}`,
  ...['id', String(id), 'customer', String(id % 977), 'status', 'paid', 'total', (id / 7).toFixed(2)],
  ...['currency', 'EUR', 'created', '2026-11-29 06:00:00', 'note', `note of order ${id}`, 'flags', '0'],
];
