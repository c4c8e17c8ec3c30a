import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { HeldRows, patienceMs, readRedis } from '../../../testing/redis-source-rig.ts';
import { type LaunchedRedis, launchRedis } from '../../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../../testing/servers/redis-program.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSource } from './connector.ts';
import { openRedisSource } from './source.ts';

const schema =
  'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40), score DECIMAL(6,2), raw VARBINARY(20), doc JSON, expires_at DATETIME(3)); CREATE TABLE shop.items (shop VARCHAR(20), no INT, PRIMARY KEY (shop, no), title TEXT)';
const mapping = 'shop.users=user:%{id};shop.items=item:%{shop}/%{no}';

/** Reads users and items. */
const read = async (
  redis: LaunchedRedis,
  held: HeldRows,
  done: () => boolean,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<void> => readRedis(redis, held, done, { schema, 'source.tableId-to-key.mapping': mapping, ...settings });

const quick = { 'repl-diskless-sync-delay': '0' };

for (const { name } of redisCatalogue) {
  test(`${name}: hashes come as rows, from the snapshot, from the stream, and after a restart from where reading ended`, async () => {
    await using redis = await launchRedis({ server: name, settings: quick });
    await using connection = await connectRedis(redis);
    const ask = async (...args: (string | Buffer)[]) => await connection.command(...args);
    await ask('HSET', 'user:1', 'id', '1', 'name', 'Ada "the first"\n', 'score', '12.5', 'raw', Buffer.from([0, 255]));
    await ask('HSET', 'item:a%2Fb/7', 'title', 'ü');
    await ask('SET', 'other', 'user:1');
    await ask('SELECT', '3');
    await ask('HSET', 'user:99', 'name', 'of another database');
    await ask('SELECT', '0');
    await ask('PEXPIREAT', 'user:1', '4102444800123');
    const held = new HeldRows();
    const expiring = { 'expiry.column': 'expires_at' };
    await read(redis, held, () => held.positions.size > 0, expiring);
    assert.deepEqual(held.rows.get('users 1'), [
      1,
      'Ada "the first"\n',
      '12.50',
      new Uint8Array([0, 255]),
      null,
      '2100-01-01 00:00:00.123',
    ]);
    assert.deepEqual(held.rows.get('items a/b 7'), ['a/b', 7, 'ü']);
    assert.equal(held.rows.size, 2);
    assert.deepEqual(held.marks, []);

    // While nobody reads: the link goes on, and no snapshot comes again.
    await ask('PERSIST', 'user:1');
    await ask('HDEL', 'user:1', 'name');
    await ask('HSET', 'user:2', 'doc', '{"a":1}');
    await ask('RENAME', 'user:2', 'user:3');
    await ask('DEL', 'item:a%2Fb/7');
    held.rows.clear();
    await read(redis, held, () => held.rows.has('users 3'), expiring);
    assert.deepEqual(held.rows.get('users 1'), [1, null, '12.50', new Uint8Array([0, 255]), null, null]);
    assert.deepEqual(held.rows.get('users 3')?.[4], '{"a":1}');
    assert.equal(held.rows.size, 2);
    assert.ok(!held.said.some((words) => /read again/.test(words)));
  });
}

test('a transaction of many keys, and what it says of another database, arrives as one', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  const held = new HeldRows();
  const reading = read(redis, held, () => held.rows.size === 500);
  for (const command of [['SELECT', '1'], ['MULTI'], ['HSET', 'user:1', 'name', 'x'], ['SELECT', '0']]) {
    await connection.command(...command);
  }
  for (let i = 0; i < 500; i += 1) await connection.command('HSET', `user:${i}`, 'name', `n${i}`);
  await connection.command('EXEC');
  await reading;
  assert.equal(held.rows.get('users 1')?.[1], 'n1');
});

test('with deletes, what is removed goes, also what vanished while nobody read; an emptied database keeps its rows', async () => {
  await using redis = await launchRedis({ settings: { ...quick, 'repl-backlog-size': '16kb' } });
  await using connection = await connectRedis(redis);
  const deletes = { 'deletes.policy': 'delete' };
  for (const id of ['1', '2', '3']) await connection.command('HSET', `user:${id}`, 'name', id);
  const held = new HeldRows();
  await read(redis, held, () => held.positions.size > 0, deletes);
  assert.deepEqual(held.marks, ['begin users', 'end users']);
  await connection.command('UNLINK', 'user:1');
  await connection.command('HDEL', 'user:2', 'name');
  // A queue of keys names one that is not there: that removes nothing.
  await connection.command('LPUSH', 'queue', 'user:77');
  held.rows.set('users 77', []);
  await read(redis, held, () => held.rows.size === 2, deletes);
  assert.deepEqual([...held.rows.keys()], ['users 3', 'users 77']);

  await connection.command('FLUSHALL');
  await connection.command('HSET', 'item:a/1', 'title', 't');
  await read(redis, held, () => held.rows.has('items a 1'), deletes);
  assert.ok(held.rows.has('users 3'));
  assert.ok(held.said.includes('the database was emptied at once; its rows are kept'));

  // More than the backlog holds: all is read again, and the marks let a target sweep.
  held.marks.length = 0;
  for (let i = 0; i < 40; i += 1) await connection.command('SET', 'filler', 'x'.repeat(10_000));
  await connection.command('HSET', 'item:a/2', 'title', 't');
  await read(redis, held, () => held.rows.has('items a 2'), deletes);
  assert.deepEqual(held.marks, ['begin items', 'end items']);
  assert.ok(held.said.some((words) => /everything is read again/.test(words)));
  assert.equal(held.figures[0]?.readAgain, 1);
});

test('an emptied database empties a table once it was asked for twice: by the setting, and by a key that says so', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  const twice = { 'deletes.policy': 'delete', 'flushes.policy': 'confirm' };
  await connection.command('HSET', 'user:1', 'name', '1');
  await connection.command('HSET', 'item:a/1', 'title', 't');
  const held = new HeldRows();
  await read(redis, held, () => held.positions.size > 0, twice);
  held.marks.length = 0;
  await connection.command('FLUSHALL');
  await connection.command('HSET', 'item:a/2', 'title', 't');
  await read(redis, held, () => held.rows.has('items a 2'), twice);
  assert.deepEqual(held.marks, []);
  // Another database's key, and another word, confirm nothing; nor does the key where the setting does not say so.
  await connection.command('SELECT', '1');
  await connection.command('SET', 'millrace:empty:test', 'yes');
  await connection.command('SELECT', '0');
  await connection.command('SET', 'millrace:empty:test', 'no');
  await connection.command('HSET', 'item:a/3', 'title', 't');
  await read(redis, held, () => held.rows.has('items a 3'), twice);
  assert.deepEqual(held.marks, []);
  await connection.command('SET', 'millrace:empty:test', 'yes');
  // What comes behind it is in the new reading.
  await connection.command('HSET', 'item:a/4', 'title', 't');
  await read(redis, held, () => held.marks.length === 4, twice);
  assert.deepEqual(held.marks, ['begin items', 'begin users', 'end items', 'end users']);
  assert.ok(held.rows.has('items a 4'));
});

test('swapped databases are read again from their beginning', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  await connection.command('SELECT', '1');
  await connection.command('HSET', 'user:5', 'name', 'from the other side');
  const held = new HeldRows();
  const reading = read(redis, held, () => held.rows.has('users 5'));
  await connection.command('SWAPDB', '0', '1');
  await reading;
});

test('a key that is no row of its table stops the source, with the key and the reason, and the position stays', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['HSET', 'user:1', 'nick', 'x'], /the key user:1 .*the field nick, which shop\.users has no column for/],
    [['HSET', 'user:1', 'score', 'many'], /the key user:1 .*column score is no value of decimal\(6,2\)/],
    [['HSET', 'user:x', 'name', 'x'], /the key user:x .*column id/],
    [['HSET', 'user:1', 'id', '2'], /its field id says otherwise than the key/],
    [['SET', 'user:1', 'x'], /it is no hash/],
  ];
  for (const [command, reason] of refused) {
    for (const when of ['snapshot', 'stream']) {
      await connection.command('FLUSHALL');
      const held = new HeldRows();
      if (when === 'stream') await read(redis, held, () => held.positions.size > 0);
      const before = new Map(held.positions);
      await connection.command(...command);
      await assert.rejects(
        read(redis, held, () => false),
        (error) => isMillraceError(error, 'REDIS_KEY_UNREADABLE') && reason.test(error.message),
        `${command.join(' ')} in the ${when}`,
      );
      assert.equal(held.rows.size, 0);
      assert.ok([...held.positions].every(([lane]) => before.has(lane)));
    }
  }
  await connection.command('FLUSHALL');
  await connection.command('HSET', 'user:1', 'nick', 'x', 'name', 'y');
  const held = new HeldRows();
  await read(redis, held, () => held.positions.size > 0, { 'value.unknown-fields': 'ignore' });
  assert.equal(held.rows.get('users 1')?.[1], 'y');
});

test('check names what the account may not do, and what would delete rows by itself', async () => {
  const settings = { ...quick, maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' };
  await using redis = await launchRedis({ settings });
  await using connection = await connectRedis(redis);
  await connection.command(
    'ACL',
    'SETUSER',
    'reader',
    'on',
    '>secret',
    '~*',
    '+ping',
    '+info',
    '+hgetall',
    '+acl',
    '+replconf',
    '+client',
  );
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const config = redisSource.config.parse({
    hostname: redis.host,
    port: redis.port,
    schema,
    username: 'reader',
    password: 'secret',
    'source.tableId-to-key.mapping': mapping,
    'deletes.policy': 'delete',
  });
  const problems = await redisSource.check(config, { pipeline: 'test', clock: systemClock, log });
  assert.deepEqual(
    problems.map(({ code, severity }) => [code, severity]),
    [
      ['REDIS_NOT_PERMITTED', 'error'],
      ['REDIS_SOURCE_EVICTS', 'warning'],
    ],
  );
  assert.match(problems[0]!.message, /does not let reader run psync/);
  await using source = await openRedisSource(config, { pipeline: 'test', clock: systemClock, log });
  const reading = source.read(async () => null, AbortSignal.timeout(patienceMs));
  await assert.rejects(
    (async () => {
      for await (const _ of reading);
    })(),
    (error) => isMillraceError(error, 'REDIS_NOT_PERMITTED'),
  );
});
