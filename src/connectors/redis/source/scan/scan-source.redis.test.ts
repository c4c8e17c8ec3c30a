import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../../core/errors.ts';
import { HeldRows, readRedis } from '../../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../../testing/servers/redis-rig.ts';
import { redisSource } from '../connector.ts';

const settings = {
  schema: `CREATE TABLE d.users (id INT PRIMARY KEY, name VARCHAR(40));
    CREATE TABLE d.tags (user INT, tag VARCHAR(40), PRIMARY KEY (user, tag))`,
  'source.tableId-to-key.mapping': 'd.users=user:%{id};d.tags=tags:%{user}',
  'source.tableId-to-type.mapping': 'd.tags=set',
  mode: 'scan',
};
const byEvents = { ...settings, 'deletes.policy': 'delete', 'scan.interval': '1h' };
const byScans = { ...settings, 'deletes.policy': 'delete', 'scan.interval': '20ms' };

test('where nobody may replicate, keys are read by SCAN, then as notifications name them, and said to be a best effort', async () => {
  await using redis = await launchRedis({ settings: { 'notify-keyspace-events': 'EA' } });
  await using connection = await connectRedis(redis);
  await connection.command(
    ...(['ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', 'allchannels', '+@all', '-psync', '-replconf'] as const),
  );
  const account = { username: 'reader', password: 'secret' };
  for (let id = 0; id < 3_000; id += 1) await connection.command('HSET', `user:${id}`, 'name', `n${id}`);
  await connection.command('SADD', 'tags:1', 'a', 'b');
  await connection.command('SET', 'other', '1');
  const held = new HeldRows();
  let step = 0;
  const isStep = (): boolean => {
    if (step === 0 && held.rows.size === 3_002 && held.marks.includes('end users')) {
      step = 1;
      void (async () => {
        await connection.command('HSET', 'user:5', 'name', 'changed');
        await connection.command('DEL', 'user:6');
        await connection.command('SREM', 'tags:1', 'a');
        await connection.command('SELECT', '1');
        await connection.command('HSET', 'user:9999', 'name', 'of another database');
        await connection.command('SELECT', '0');
        await connection.command('HSET', 'user:4000', 'name', 'new');
      })();
    }
    return step === 1 && held.rows.has('users 4000');
  };
  await readRedis(redis, held, isStep, { ...byEvents, ...account });
  assert.equal(held.rows.get('users 5')?.[1], 'changed');
  assert.ok(!held.rows.has('users 6'));
  assert.deepEqual(
    [...held.rows.keys()].filter((key) => key.startsWith('tags')),
    ['tags 1 b'],
  );
  assert.equal(held.rows.size, 3_001);
  assert.ok(held.said.some((words) => /best effort/.test(words)));
  await assert.rejects(
    readRedis(redis, held, () => false, { ...settings, ...account, mode: 'replica' }),
    (error) => isMillraceError(error, 'REDIS_NOT_PERMITTED'),
  );
});

test('without notifications the next reading of all keys finds what changed and what is gone', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  for (const id of ['1', '2', '3']) await connection.command('HSET', `user:${id}`, 'name', 'old');
  const held = new HeldRows();
  await readRedis(redis, held, () => held.marks.includes('end users'), byScans);
  assert.ok(held.said.some((words) => /tells of no changes/.test(words)));
  held.marks.length = 0;
  await connection.command('HSET', 'user:1', 'name', 'new');
  await connection.command('DEL', 'user:2');
  const before = new Set(held.rows.keys());
  held.rows.clear();
  await readRedis(
    redis,
    held,
    () => held.rows.get('users 1')?.[1] === 'new' && held.marks.includes('end users'),
    byScans,
  );
  // What was not met between the marks is for the target to sweep.
  assert.deepEqual(
    [...before].filter((key) => !held.rows.has(key)),
    ['users 2'],
  );
  assert.ok(held.marks.indexOf('begin users') < held.marks.indexOf('end users'));
});

test('what needs the replication stream is refused with a scan', () => {
  const server = { hostname: 'cache1', schema: settings.schema, mode: 'scan' };
  for (const wrong of [{ 'skip.own.writes': true }, { 'scan.startup.mode': 'latest-offset' }])
    assert.match(String(redisSource.config.safeParse({ ...server, ...wrong }).error), /mode: replica/);
});
