/** One Redis has many databases: what the others hold is none of a mirror. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  await inside.ask('SELECT', 3);
  await inside.ask('HSET', key(1), 'id', 1, 'n', 'of another database');
  await inside.ask('HSET', key(7), 'id', 7);
  await inside.ask('SELECT', 0);
  await using mirror = new RedisMirror(rig, redis);
  await mirror.snapshotEnded();
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port });
  const context = { pipeline: mirror.name, clock: systemClock, log: silent };
  await using source = openMysqlReader(rig, mirror.name);
  await using target = new RedisReader(config, context);
  const options = { source, target, steps: [], clock: systemClock, log: silent, waitMs: 60_000 };
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
  await inside.ask('SELECT', 3);
  assert.equal((await inside.hash(key(1)))['n'], 'of another database');
});
