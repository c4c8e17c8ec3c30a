import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { singleStore } from '../key-store.ts';
import { ServerLooks } from './server-looks.ts';

test('a server tells its memory and the keys that left it, now and then, and only while somebody asks', async () => {
  await using redis = await launchRedis({ settings: { maxmemory: '64mb' } });
  await using connection = await connectRedis(redis);
  let ms = 0;
  const clock = { ...systemClock, monotonic: () => ms };
  const looks = new ServerLooks(singleStore(connection), clock);
  const asked = async (): Promise<number> =>
    Number(/cmdstat_info:calls=(\d+)/.exec(String(await connection.command('INFO', 'commandstats')))?.[1] ?? 0);
  await looks.look();
  assert.equal(await asked(), 0);
  assert.deepEqual(looks.figures(), []);
  await connection.command('SET', 'gone', 'x', 'PX', '1');
  while ((await connection.command('EXISTS', 'gone')) === 1);
  await looks.look();
  const [figures] = looks.figures();
  assert.deepEqual(
    { ...figures, usedBytes: null },
    {
      server: `${redis.host}:${redis.port}`,
      answeredMs: 0,
      usedBytes: null,
      maxBytes: 64 << 20,
      evictedKeys: 0,
      expiredKeys: 1,
    },
  );
  assert.ok(figures!.usedBytes! > 100_000);
  const before = await asked();
  ms = 9_999;
  await looks.look();
  assert.equal(await asked(), before + 1, 'the count of questions itself asks');
  ms = 10_000;
  await connection.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await connection.command('SET', 'one', 'x');
  await connection.command('CONFIG', 'SET', 'maxmemory', '1');
  while ((await connection.command('DBSIZE')) !== 0);
  await looks.look();
  assert.equal(looks.figures()[0]?.evictedKeys, 1);

  await connection.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info');
  await connection.command('AUTH', 'app', 'secret');
  ms = 20_000;
  await looks.look();
  assert.deepEqual(looks.figures(), []);
});
