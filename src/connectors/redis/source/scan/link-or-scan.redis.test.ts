import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../pipeline/system-clock.ts';
import { HeldRows, readRedis } from '../../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../../testing/servers/redis-rig.ts';
import { redisSource } from '../connector.ts';

const settings = {
  schema: 'CREATE TABLE d.users (id INT PRIMARY KEY, name VARCHAR(40))',
  key: 'user:%{id}',
  'deletes.policy': 'delete',
  'scan.fallback': true,
  'scan.interval': '100ms',
};
const quick = { 'repl-diskless-sync-delay': '0' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const scans = /read by SCAN, a best effort/;
const follows = /stream is followed again/;

test('a server that lets nobody replicate is read by SCAN, and over its stream from when it does', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  await connection.command('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', 'allchannels', '+@all', '-psync');
  await connection.command('HSET', 'user:1', 'name', 'first');
  const reader = { ...settings, username: 'reader', password: 'secret' };
  const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...reader });
  const problems = await redisSource.check(config, { pipeline: 'test', clock: systemClock, log: quiet });
  const refused = problems.filter(({ code }) => code === 'REDIS_NOT_PERMITTED');
  assert.deepEqual(
    refused.map(({ severity, message }) => [severity, /run psync$/.test(message)]),
    [['warning', true]],
  );
  const held = new HeldRows();
  await readRedis(redis, held, () => held.rows.has('users 1'), reader);
  assert.ok(held.said.some((words) => scans.test(words)));
  assert.deepEqual([...held.positions.keys()], ['scan']);

  // What the target holds of a scan says nothing of the stream, which begins with a snapshot: a row that went meanwhile goes.
  await connection.command('DEL', 'user:1');
  await connection.command('HSET', 'user:2', 'name', 'second');
  await connection.command('ACL', 'SETUSER', 'reader', '+psync');
  held.rows.clear();
  held.marks.length = 0;
  held.said.length = 0;
  await readRedis(redis, held, () => held.rows.has('users 2') && held.positions.has('replication'), reader);
  assert.deepEqual(held.marks, ['begin users', 'end users']);
  assert.ok(!held.said.some((words) => scans.test(words)));

  // Again by SCAN, and back within one reading: the stream goes on from the place that is held, and brings what no scan saw.
  await connection.command('ACL', 'SETUSER', 'reader', '-psync');
  await connection.command('CLIENT', 'KILL', 'TYPE', 'replica');
  const place = held.positions.get('replication');
  held.marks.length = 0;
  let isAllowed = false;
  const isStep = (): boolean => {
    if (!isAllowed && held.rows.has('users 3')) {
      assert.equal(held.positions.get('replication'), place);
      isAllowed = true;
      held.said.length = 0;
      void (async () => {
        await connection.command('HSET', 'user:4', 'name', 'fourth');
        await connection.command('DEL', 'user:3');
        await connection.command('ACL', 'SETUSER', 'reader', '+psync');
      })();
    }
    return (
      isAllowed && held.positions.get('replication') !== place && held.rows.has('users 4') && !held.rows.has('users 3')
    );
  };
  await connection.command('HSET', 'user:3', 'name', 'third');
  await readRedis(redis, held, isStep, reader);
  assert.ok(
    held.said.some((words) => follows.test(words)),
    held.said.join('\n'),
  );
  assert.ok(!held.said.some((words) => /everything is read again/.test(words)), held.said.join('\n'));
});

test('a server whose output buffer is smaller than what is written to it is read by SCAN, until it has room', async () => {
  await using redis = await launchRedis({
    settings: { ...quick, 'repl-backlog-size': '16kb', 'client-output-buffer-limit': 'replica 16kb 16kb 1' },
  });
  await using connection = await connectRedis(redis);
  await connection.command('HSET', 'user:1', 'name', 'first');
  const big = Buffer.alloc(4 * 1024 * 1024, 'x');
  let writes = true;
  const writing = (async () => {
    await using writer = await connectRedis(redis);
    while (writes) await writer.command('SET', 'big', big);
  })();
  try {
    const held = new HeldRows();
    await readRedis(redis, held, () => held.rows.has('users 1') && held.positions.has('scan'), settings, 10);
    assert.ok(held.said.some((words) => scans.test(words)));
    writes = false;
    await writing;
    await readRedis(redis, held, () => held.positions.has('replication'), settings, 10);
  } finally {
    writes = false;
    await writing.catch(() => {});
  }
});

test('what needs the replication stream is refused with a fallback', () => {
  const server = { hostname: 'cache1', schema: settings.schema, 'scan.fallback': true };
  for (const wrong of [
    { 'skip.own.writes': true },
    { 'scan.startup.mode': 'latest-offset' },
    { mode: 'scan' },
    { 'deletes.policy': 'delete', 'flushes.policy': 'confirm' },
  ])
    assert.match(String(redisSource.config.safeParse({ ...server, ...wrong }).error), /mode: replica/);
});
