/** Rows looked at a while after they changed: none is called wrong under load, and one that was spoilt behind the pipeline's back is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisReader } from '../connectors/redis/reader/reader.ts';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import type { Tap } from '../pipeline/options.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { openMysqlReader } from '../testing/mirrored-shop.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { RedisMirror } from '../testing/redis-mirror.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { ConsistencySampler } from './consistency-sampler.ts';

const [server] = testServers();

test('a row that was spoilt in Redis is counted, and none that only changes', {
  skip: server === undefined,
}, async () => {
  await using redis = await launchRedis();
  await using inside = await RedisSinkRig.open(redis);
  await using rig = await MysqlRig.open(server!);
  await rig.run(
    'CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(40))',
    'CREATE TABLE `lines` (id INT PRIMARY KEY, order_id INT, sku VARCHAR(40))',
    `INSERT INTO orders VALUES ${Array.from({ length: 50 }, (_, i) => `(${i}, 'new')`).join(', ')}`,
  );
  const tap: Tap = { listener: null };
  const settings = {
    'sink.tableId-to-nest.mapping': `${rig.database}.lines=${rig.database}.orders(id=order_id)`,
    'sink.tableId-to-index.mapping': `${rig.database}.orders=note`,
  };
  await using mirror = new RedisMirror(rig, redis, tap, settings);
  await mirror.snapshotEnded();
  await using source = openMysqlReader(rig, mirror.name);
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...settings });
  await using target = new RedisReader(config, { pipeline: mirror.name, clock: systemClock, log: silent });
  const options = { source, target, steps: [], clock: systemClock, log: silent, rowsPerSecond: 20 };
  const sampler = new ConsistencySampler(options);
  tap.listener = sampler.note;
  const stop = new AbortController();
  const running = sampler.run(stop.signal);
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    const patience = performance.now() + 180_000;
    while (!(await holds())) {
      assert.ok(performance.now() < patience, `waited in vain for ${what}: ${JSON.stringify(sampler.counts())}`);
      await systemClock.sleep(10);
    }
  };
  try {
    const decided = (): number => sampler.counts()[0]!.checked - sampler.counts()[0]!.undecided;
    for (let made = 0, patience = performance.now() + 180_000; decided() < 10; made += 1) {
      assert.ok(performance.now() < patience, `nothing was looked at: ${JSON.stringify(sampler.counts())}`);
      await rig.run(
        `UPDATE orders SET note = 'n${made}' WHERE id IN (${made % 50}, ${(made * 7) % 50})`,
        `DELETE FROM orders WHERE id = ${made % 13}`,
        `INSERT INTO orders VALUES (${made % 13}, 'back')`,
        `REPLACE INTO \`lines\` VALUES (${made % 20}, ${made % 60}, 's${made}')`,
      );
    }
    assert.deepEqual(
      sampler.counts().map(({ violations }) => violations),
      [0, 0, 0],
    );
    const key = `${rig.database}:orders:40`;
    // Each until it is looked at with what nobody but Redis knows: a field, where the index leads, a row within the row.
    const spoiling: readonly (readonly [string, (note: string) => Promise<unknown>])[] = [
      ['orders', () => inside.ask('HSET', key, 'note', 'spoilt')],
      ['orders', (note) => inside.ask('UNLINK', `idx:${rig.database}:orders:note:${note}`)],
      ['lines', () => inside.ask('HSET', `millrace:nest:{${key}}`, 'lines:40', '{}')],
    ];
    for (const [table, spoil] of spoiling) {
      const before = sampler.counts()[0]!.violations;
      for (
        let made = 0, patience = performance.now() + 180_000;
        sampler.counts()[0]!.violations === before;
        made += 1
      ) {
        assert.ok(performance.now() < patience, `what was spoilt was never seen: ${JSON.stringify(sampler.counts())}`);
        // Never the same twice: a statement that changes nothing is in no log.
        const note = `right ${before} ${made}`;
        await rig.run(
          table === 'orders'
            ? `UPDATE orders SET note = '${note}' WHERE id = 40`
            : `REPLACE INTO \`lines\` VALUES (40, 40, '${note}')`,
        );
        const field = table === 'orders' ? 'note' : 'lines:40';
        await until('the pipeline', async () => (await inside.hash(key))[field]?.includes(note) === true);
        await spoil(note);
        await systemClock.sleep(1_500);
      }
    }
  } finally {
    stop.abort();
    await running;
  }
});
