import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { runRedisUnderFaults } from './redis-under-faults.ts';

/** A sample of `npm run soak -- redis --two-way 1`, on a MySQL that stays up because other tests use it too. */
test('MySQL in Redis and Redis in MySQL are the same in the end though processes and Redis were killed, and nothing comes back', async () => {
  const server = testServers().find(({ flavor }) => flavor === 'mysql') ?? testServers()[0]!;
  const settings = { appendonly: 'yes', appendfsync: 'always', 'repl-diskless-sync-delay': '0' };
  await using redis = await launchRedis({ settings });
  const crash = async (): Promise<void> => {
    await redis.kill();
    await redis.start();
  };
  const result = await runRedisUnderFaults({
    mysql: server,
    redis: { host: redis.host, port: redis.port, crash },
    twoWay: true,
    faults: 9,
    seed: 7,
    pauseMs: { least: 50, most: 300 },
  });
  assert.equal(result.kills, 8);
  assert.equal(result.redisCrashes, 1);
  assert.deepEqual([result.echoes, result.conflicts], [0, 100]);
  assert.ok(result.intoRedis > 0 && result.intoMysql > 0 && result.rows > 0);
});
