import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { dialTcp } from '../../net/dial.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { HeldRows, readRedis } from '../../testing/redis-source-rig.ts';
import { launchRedis } from '../../testing/servers/launch-redis.ts';
import { launchSentinel } from '../../testing/servers/launch-sentinel.ts';
import { connectRedis } from '../../testing/servers/redis-rig.ts';
import type { RedisConnection } from './connection.ts';
import { openPrimary } from './sentinel.ts';
import { redisSinkConfig } from './sink/config.ts';

test('a Sentinel says which server is the primary, before a failover and after it', async () => {
  await using primary = await launchRedis();
  await using replica = await launchRedis({ settings: { replicaof: `${primary.host} ${primary.port}` } });
  await using sentinel = await launchSentinel(primary, 'shop');
  const stop = new AbortController();
  const open = async (settings: Readonly<Record<string, unknown>>): Promise<RedisConnection> => {
    const config = redisSinkConfig.parse({ hostname: sentinel.host, port: sentinel.port, ...settings });
    return await openPrimary({ config, dial: dialTcp, clock: systemClock, signal: stop.signal });
  };
  const named = { 'sentinel.master-name': 'shop' };
  {
    await using connection = await open(named);
    assert.equal(connection.address, `${primary.host}:${primary.port}`);
  }
  {
    // A Sentinel has no databases, and its primary has.
    await using connection = await open({ ...named, database: 3 });
    await connection.command('SET', 'of-three', 'x');
    assert.match(String(await connection.command('INFO', 'keyspace')), /db3:keys=1/);
    await connection.command('DEL', 'of-three');
  }
  const schema = 'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40))';
  const source = { hostname: sentinel.host, port: sentinel.port, ...named, schema, key: 'user:%{id}' };
  const held = new HeldRows();
  {
    await using connection = await open(named);
    await connection.command('HSET', 'user:1', 'name', 'of the snapshot');
    await connection.command('WAIT', 1, 0);
  }
  await readRedis(primary, held, () => held.rows.has('users 1') && held.positions.size > 0, source);
  // Port 1 answers nobody.
  const beside = { ...named, port: 1, 'sentinel.others': `${sentinel.host}:${sentinel.port}` };
  {
    await using connection = await open(beside);
    assert.equal(connection.address, `${primary.host}:${primary.port}`);
  }
  await assert.rejects(open({ 'sentinel.master-name': 'another' }), (error) => {
    assert.ok(isMillraceError(error, 'REDIS_NOT_READY'));
    assert.equal(error.retryable, true);
    return true;
  });
  await assert.rejects(open({ ...named, port: 1 }), { code: 'NET_UNREACHABLE' });

  await using control = await connectRedis(sentinel);
  // It has to hear of the replica first.
  for (;;) {
    try {
      await control.command('SENTINEL', 'FAILOVER', 'shop');
      break;
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      await systemClock.sleep(100);
    }
  }
  for (;;) {
    await using connection = await open(named);
    if (connection.address === `${replica.host}:${replica.port}`) break;
    await systemClock.sleep(100);
  }
  // What was read from the primary goes on where it ended.
  {
    await using connection = await open(named);
    await connection.command('HSET', 'user:2', 'name', 'of the stream');
  }
  await readRedis(primary, held, () => held.rows.has('users 2'), source);
  assert.deepEqual(held.marks, []);
  assert.equal(held.taken, 2);
  stop.abort();
});
