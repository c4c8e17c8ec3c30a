import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { HeldRows, readRedis, readRedisFile } from '../../../testing/redis-source-rig.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSource } from './connector.ts';

const settings = {
  schema: `CREATE TABLE d.users (id INT PRIMARY KEY, name VARCHAR(40), code VARCHAR(20), code_until DATETIME(3),
    badge VARCHAR(20), badge_until DATETIME(3))`,
  key: 'user:%{id}',
  'source.tableId-to-field-expiry.mapping': 'd.users=code(code_until), badge ( badge_until )',
};
const quick = { 'repl-diskless-sync-delay': '0' };
const at = '4102444800123';
const moment = '2100-01-01 00:00:00.123';
const log = { debug() {}, info() {}, warn() {}, error() {} };

test('times of single fields fill their columns, from the snapshot and from what changes, and go with the fields', async () => {
  await using redis = await launchRedis({ server: 'redis-8.0', settings: quick });
  await using connection = await connectRedis(redis);
  const ask = async (...args: [string, ...string[]]) => await connection.command(...args);
  await ask('HSET', 'user:1', 'name', 'Ada', 'code', '77', 'badge', 'b');
  await ask('HPEXPIREAT', 'user:1', at, 'FIELDS', '1', 'code');
  await ask('HSET', 'user:2', 'name', 'Bob', 'code', '78');
  const held = new HeldRows();
  await readRedis(redis, held, () => held.positions.size > 0, settings);
  assert.deepEqual(held.rows.get('users 1'), [1, 'Ada', '77', moment, 'b', null]);
  assert.deepEqual(held.rows.get('users 2'), [2, 'Bob', '78', null, null, null]);

  // A time is moved, given and taken; one field goes before its time, and another because of it.
  await ask('HPEXPIREAT', 'user:1', at, 'FIELDS', '1', 'badge');
  await ask('HPERSIST', 'user:1', 'FIELDS', '1', 'code');
  await ask('HPEXPIREAT', 'user:2', at, 'FIELDS', '1', 'code');
  await ask('HSET', 'user:3', 'code', '79', 'badge', 'c');
  await ask('HPEXPIREAT', 'user:3', at, 'FIELDS', '2', 'code', 'badge');
  await ask('HDEL', 'user:3', 'code');
  await ask('HPEXPIRE', 'user:3', '1', 'FIELDS', '1', 'badge');
  await ask('HSET', 'user:3', 'name', 'Eve');
  const last = (): boolean => {
    const row = held.rows.get('users 3');
    return row?.[1] === 'Eve' && row[4] === null;
  };
  await readRedis(redis, held, last, settings);
  assert.deepEqual(held.rows.get('users 1'), [1, 'Ada', '77', null, 'b', moment]);
  assert.deepEqual(held.rows.get('users 2'), [2, 'Bob', '78', moment, null, null]);
  assert.deepEqual(held.rows.get('users 3'), [3, 'Eve', null, null, null, null]);
});

test('a saved file and a log hold the times of single fields that the server itself tells', async () => {
  const logged = { ...quick, appendonly: 'yes', appendfsync: 'no' };
  await using redis = await launchRedis({ server: 'redis-8.0', settings: logged });
  await using connection = await connectRedis(redis);
  const random = new SeededRandom(5);
  const user = (): string => `user:${random.integer(1, 12)}`;
  const some = (): readonly string[] =>
    random.pick([
      ['1', 'code'],
      ['1', 'badge'],
      ['2', 'badge', 'code'],
      ['1', 'name'],
    ]);
  const until = (): string => String(Number(at) + random.integer(-9, 9) * 1_000);
  const write = async (count: number): Promise<void> => {
    const commands = Array.from({ length: count }, () =>
      random.pick<() => readonly string[]>([
        () => ['HSET', user(), 'name', 'n', random.pick(['code', 'badge']), String(random.integer(1, 99))],
        () => [
          'HPEXPIREAT',
          user(),
          until(),
          ...random.pick([[], ['NX'], ['XX'], ['GT'], ['LT']]),
          'FIELDS',
          ...some(),
        ],
        () => ['HEXPIRE', user(), '90000', 'FIELDS', ...some()],
        () => ['HPERSIST', user(), 'FIELDS', ...some()],
        () => [
          'HSETEX',
          user(),
          ...random.pick([[], ['EX', '90000'], ['PXAT', until()], ['KEEPTTL'], ['FNX']]),
          'FIELDS',
          '1',
          'code',
          '5',
        ],
        () => ['HGETEX', user(), ...random.pick([['PXAT', until()], ['PERSIST']]), 'FIELDS', ...some()],
        () => ['HINCRBY', user(), 'code', '1'],
        () => ['HDEL', user(), 'badge'],
        () => ['HPEXPIREAT', user(), '1', 'FIELDS', '1', 'badge'],
        () => ['COPY', user(), user(), 'REPLACE'],
        () => ['RENAME', user(), user()],
      ])(),
    );
    // Some are refused, as RENAME of a key that is not there: those are in no log.
    await connection.send(Buffer.concat(commands.map((words) => encodeCommand(...(words as [string])))), count);
    const dumped = await connection.command('DUMP', 'user:1');
    if (dumped !== null) await connection.command('RESTORE', 'user:2', '0', dumped as Buffer, 'REPLACE');
  };
  await write(500);
  await connection.command('BGREWRITEAOF');
  while (/aof_rewrite_(in_progress|scheduled):1/.test(String(await connection.command('INFO', 'persistence')))) {}
  await write(1_500);
  await connection.command('SAVE');
  const sorted = ({ rows }: HeldRows) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const server = new HeldRows();
  await readRedis(redis, server, () => server.positions.size > 0, settings);
  const timed = [...server.rows.values()].filter(([, , , code, , badge]) => code !== null || badge !== null);
  assert.ok(timed.length > 4, 'there is something to compare');
  for (const path of ['dump.rdb', 'appendonlydir']) {
    const held = new HeldRows();
    await readRedisFile(join(redis.folder, path), held, settings);
    assert.deepEqual(sorted(held), sorted(server), path);
  }
});

test('times of single fields are refused of a server, a type and columns that have none', async () => {
  await using redis = await launchRedis({ server: 'redis-7.0', settings: quick });
  const hasCode = (code: string, text: RegExp) => (error: unknown) => {
    assert.ok(error instanceof MillraceError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  };
  const open = async (more: object): Promise<void> =>
    await readRedis(redis, new HeldRows(), () => false, { ...settings, ...more });
  await assert.rejects(open({}), hasCode('REDIS_LACKS_COMMAND', /HPEXPIRETIME/));
  const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...settings });
  const problems = await redisSource.check(config, { pipeline: 'test', clock: systemClock, log });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error').map(({ code }) => code),
    ['REDIS_LACKS_COMMAND'],
  );
  for (const [mapping, reason] of [
    ['d.users=code', /column\(until\)/],
    ['d.users=code(nowhere)', /no column nowhere/],
    ['d.users=id(code_until)', /in the key/],
    ['d.users=code(code_until),badge(code_until)', /twice/],
    ['d.others=code(code_until)', /no table of/],
  ] as const) {
    await assert.rejects(
      open({ 'source.tableId-to-field-expiry.mapping': mapping }),
      hasCode('CONFIG_WRONG_VALUE', reason),
    );
  }
  const fields = {
    schema: 'CREATE TABLE d.users (id INT, code VARCHAR(20), value TEXT, PRIMARY KEY (id, code))',
    'value.type': 'fields',
    'source.tableId-to-field-expiry.mapping': 'd.users=code(value)',
  };
  await assert.rejects(open(fields), hasCode('CONFIG_WRONG_VALUE', /is of type fields/));
});
