/** One Redis has many databases: what the others hold is none of a mirror. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache } from '../cache/cache.ts';
import { RedisReader } from '../connectors/redis/reader/reader.ts';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { openMysqlReader } from '../testing/mirrored-shop.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { RedisMirror } from '../testing/redis-mirror.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { Verification } from './verification.ts';

const [server] = testServers();

test('rows are kept and compared in their database, whatever keys of the same names the others hold', {
  skip: server === undefined,
}, async () => {
  await using redis = await launchRedis();
  await using inside = await RedisSinkRig.open(redis);
  await using rig = await MysqlRig.open(server!);
  await rig.run('CREATE TABLE t (id INT PRIMARY KEY, n INT)', 'INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)');
  const key = (id: number): string => `${rig.database}:t:${id}`;
  await inside.ask('HSET', key(1), 'id', 1, 'n', 'of another database');
  await inside.ask('HSET', key(7), 'id', 7);
  await inside.ask('SELECT', 2);
  await using mirror = new RedisMirror(rig, redis, { listener: null }, { database: 2 });
  await mirror.snapshotEnded();
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, database: 2 });
  const context = { pipeline: mirror.name, clock: systemClock, log: silent };
  await using source = openMysqlReader(rig, mirror.name);
  await using target = new RedisReader(config, context);
  const fixes: string[] = [];
  const onFix = (_table: string, lines: readonly string[]): void => void fixes.push(...lines);
  const options = { onFix, source, target, steps: [], clock: systemClock, log: silent, waitMs: 60_000 };
  const verdicts = async (): Promise<readonly string[]> => {
    for (const patience = performance.now() + 120_000; ; await systemClock.sleep(10)) {
      const [result] = await new Verification(options).run(new AbortController().signal);
      const { status, differences } = result!;
      if (status !== 'snapshotting') return [status, ...differences.map(({ verdict, key: of }) => `${verdict} ${of}`)];
      assert.ok(performance.now() < patience, 'the snapshot never ended in Redis');
    }
  };
  assert.deepEqual(await verdicts(), ['equal']);
  await inside.ask('MOVE', key(2), 4);
  await inside.ask('HSET', key(7), 'id', 7);
  assert.deepEqual((await verdicts()).toSorted(), ['different', 'extra 7', 'missing 2']);
  assert.ok(fixes.includes(`UNLINK "${key(7)}"`));
  assert.equal(fixes[0], 'SELECT "2"');

  await rig.run('UPDATE t SET n = 11 WHERE id = 1');
  const { host, port, user, password } = rig.server;
  const mysql = { hostname: host, port, username: user, password };
  await using cache = await createCache({
    redis: `redis://${redis.host}:${redis.port}/2`,
    mysql,
    pipeline: mirror.name,
  });
  const rows = await cache.table(`${rig.database}.t`);
  for (const patience = performance.now() + 120_000; (await rows.get({ id: 1 }))?.['n'] !== 11; ) {
    assert.ok(performance.now() < patience, 'the change never came to Redis');
    await systemClock.sleep(10);
  }
  const { loads, redisFailures } = rows.stats();
  assert.deepEqual({ loads, redisFailures }, { loads: 0, redisFailures: 0 }, 'every answer came out of Redis');

  await inside.ask('SELECT', 0);
  assert.equal((await inside.hash(key(1)))['n'], 'of another database');
  assert.equal(await inside.ask('DBSIZE'), 2, 'neither rows nor keys of the sink are in another database');
  await assert.rejects(createCache({ redis: `redis://${redis.host}:${redis.port}/99`, mysql }), {
    code: 'CONFIG_WRONG_VALUE',
    message: /has no database 99/,
  });
  await assert.rejects(createCache({ redis: 'redis://cache1/two', mysql }), TypeError);
});
