import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSource } from './connector.ts';

test('a doctor warns of a backlog and of buffers that make a replication link begin anew', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  const codes = async (settings: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
    const config = redisSource.config.parse({
      hostname: redis.host,
      port: redis.port,
      key: 'user:%{id}',
      schema: 'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40))',
      ...settings,
    });
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const problems = await redisSource.check(config, { pipeline: 'test', clock: systemClock, log });
    assert.ok(problems.every(({ severity }) => severity === 'warning'));
    return problems.map(({ code }) => code);
  };
  assert.deepEqual(await codes(), ['REDIS_SOURCE_BACKLOG_SMALL']);
  await connection.command('CONFIG', 'SET', 'client-output-buffer-limit', 'replica 1mb 0 0');
  assert.deepEqual(await codes(), ['REDIS_SOURCE_BACKLOG_SMALL', 'REDIS_SOURCE_BUFFER_SMALL']);
  assert.deepEqual(await codes({ mode: 'scan' }), []);
  await connection.command('CONFIG', 'SET', 'client-output-buffer-limit', 'replica 256mb 64mb 60');
  await connection.command('CONFIG', 'SET', 'repl-backlog-size', '256mb');
  assert.deepEqual(await codes(), []);
});
