import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { ordersTable, table } from '../../../testing/sample-tables.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

const script = fileURLToPath(new URL('../../../testing/redis-writer-process.ts', import.meta.url));
const moving = table('moving', ordersTable.columns, [0]);

/** What a reader finds is the state after one batch, and the position is that batch's. */
const isWhole = async (rig: RedisSinkRig): Promise<number> => {
  // What a killed writer had sent has been done, or never will be.
  await rig.ask('CLIENT', 'KILL', 'TYPE', 'normal');
  const held = Number(await rig.ask('HGET', 'millrace:position:killed', 'log'));
  const totals = (await rig.rows(ordersTable)).map((row) => Number(row[2]));
  assert.deepEqual(totals, held === 0 ? [] : new Array(10).fill(held));
  assert.deepEqual(
    (await rig.rows(moving)).map(([id, , total]) => [Number(id), Number(total)]),
    held === 0 ? [] : [[held, held]],
  );
  return held;
};

test('rows and position stay together through kill -9 of the writer at random points', async () => {
  await using redis = await launchRedis({ server: 'redis-7.0' });
  await using rig = await RedisSinkRig.open(redis);
  const random = new SeededRandom(17);
  let printed = 0;
  for (let kill = 0; kill < 4; kill += 1) {
    const writer = spawn(process.execPath, [script, redis.host, String(redis.port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const goal = printed + random.integer(1, 40);
    for await (const line of createInterface({ input: writer.stdout })) {
      printed = Number(line);
      // Anywhere in the writes behind it.
      if (printed === goal) setTimeout(() => writer.kill('SIGKILL'), random.integer(0, 5));
    }
    const held = await isWhole(rig);
    assert.ok(held >= printed, `batch ${printed} was durable, and now ${held} is held`);
    // The next writer goes on from here, though the last of it may not have been printed.
    printed = held;
  }
});

test('rows and position stay together through kill -9 of Redis, whatever it had saved', async () => {
  await using redis = await launchRedis({
    server: 'valkey-8.1',
    settings: { appendonly: 'yes', appendfsync: 'everysec' },
  });
  await using rig = await RedisSinkRig.open(redis);
  const random = new SeededRandom(18);
  const writer = spawn(process.execPath, [script, redis.host, String(redis.port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let kills = 0;
  let goal = 20;
  try {
    for await (const line of createInterface({ input: writer.stdout })) {
      if (Number(line) < goal) continue;
      if (kills === 4) break;
      kills += 1;
      await redis.kill();
      await redis.start();
      await rig.reconnect();
      // It may have lost some of the last batches, and goes on from there.
      goal = Number(await rig.ask('HGET', 'millrace:position:killed', 'log')) + random.integer(1, 40);
    }
  } finally {
    writer.kill('SIGKILL');
  }
  assert.equal(kills, 4);
  await isWhole(rig);
});
