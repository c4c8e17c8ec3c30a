import assert from 'node:assert/strict';
import { appendFile, cp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../../../../core/errors.ts';
import { systemClock } from '../../../../pipeline/system-clock.ts';
import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { CountingVisitor } from '../../../../protocol/redis/rdb/counting-visitor.ts';
import { HeldRows, readRedis, readRedisFile } from '../../../../testing/redis-source-rig.ts';
import { SeededRandom } from '../../../../testing/seeded-random.ts';
import { launchRedis } from '../../../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../../../testing/servers/redis-program.ts';
import { connectRedis } from '../../../../testing/servers/redis-rig.ts';
import type { RedisConnection } from '../../connection.ts';
import { SavedLog } from './saved-log.ts';

const settings = {
  schema: `CREATE TABLE d.names (id INT PRIMARY KEY, name VARBINARY(200), gone DATETIME(3));
    CREATE TABLE d.users (id INT PRIMARY KEY, a VARCHAR(40), b VARCHAR(40), c VARCHAR(40), gone DATETIME(3));
    CREATE TABLE d.tags (id INT, tag VARCHAR(40), gone DATETIME(3), PRIMARY KEY (id, tag));
    CREATE TABLE d.scores (id INT, player VARCHAR(40), score DOUBLE, PRIMARY KEY (id, player));
    CREATE TABLE d.items (id INT, position INT, item VARCHAR(40), PRIMARY KEY (id, position));
    CREATE TABLE d.events (id INT, at VARCHAR(42), a INT, PRIMARY KEY (id, at))`,
  'source.tableId-to-key.mapping':
    'd.names=name:%{id};d.users=user:%{id};d.tags=tags:%{id};d.scores=scores:%{id};d.items=items:%{id};d.events=events:%{id}',
  'source.tableId-to-type.mapping': 'd.names=string;d.tags=set;d.scores=zset;d.items=list;d.events=stream',
  'expiry.column': 'gone',
};

const kinds = ['name', 'user', 'tags', 'scores', 'items', 'events', 'unmapped'];

/** One command of any that the log of a server may hold, on few keys of each type. */
const command = (random: SeededRandom, number: number): readonly string[] => {
  const id = (): string => String(random.integer(1, 6));
  const word = (): string => `w${random.integer(1, 8)}`;
  const score = (): string => random.pick(['1', '-2.5', '3', '1e10', '0.1']);
  const key = (kind: string): string => `${kind}:${id()}`;
  const some = (make: () => string[]): string[] => Array.from({ length: random.integer(1, 4) }, make).flat();
  const any = random.pick(kinds.slice(0, 5));
  return random.pick<() => readonly string[]>([
    () => ['SET', key('name'), `${random.integer(0, 99)}`, ...random.pick([[], ['PX', '90000000'], ['KEEPTTL']])],
    () => ['APPEND', key('name'), '1'],
    () => ['SETRANGE', key('name'), '3', '7'],
    () => ['INCRBY', `name:${random.integer(7, 9)}`, String(random.integer(-5, 5))],
    () => ['INCRBYFLOAT', 'name:10', '1.5'],
    () => ['GETDEL', key('name')],
    () => ['MSET', key('name'), '5', key('name'), '6'],
    () => ['HSET', key('user'), ...some(() => [random.pick(['a', 'b']), word()])],
    () => ['HSETNX', key('user'), 'a', word()],
    () => ['HINCRBY', key('user'), 'c', '3'],
    () => ['HINCRBYFLOAT', 'user:7', 'c', '0.5'],
    () => ['HDEL', key('user'), 'a', 'b'],
    () => ['SADD', key('tags'), ...some(() => [word()])],
    () => ['SREM', key('tags'), word()],
    () => ['SPOP', key('tags')],
    () => ['SMOVE', key('tags'), key('tags'), word()],
    () => ['ZADD', key('scores'), ...random.pick([[], ['NX'], ['XX'], ['GT', 'CH']]), ...some(() => [score(), word()])],
    () => ['ZINCRBY', key('scores'), score(), word()],
    () => ['ZREM', key('scores'), word()],
    () => ['ZPOPMIN', key('scores'), '2'],
    () => ['ZPOPMAX', key('scores')],
    () => ['ZREMRANGEBYSCORE', key('scores'), '(1', '3'],
    () => ['ZREMRANGEBYRANK', key('scores'), '-2', '-1'],
    () => ['RPUSH', key('items'), ...some(() => [word()])],
    () => ['LPUSH', key('items'), ...some(() => [word()])],
    () => ['LPOP', key('items'), '2'],
    () => ['RPOP', key('items')],
    () => ['LREM', key('items'), random.pick(['0', '1', '-1']), word()],
    () => ['LTRIM', key('items'), '1', '-2'],
    () => ['LMOVE', key('items'), key('items'), random.pick(['LEFT', 'RIGHT']), random.pick(['LEFT', 'RIGHT'])],
    () => ['RPOPLPUSH', key('items'), key('items')],
    () => ['LPUSHX', key('items'), word()],
    () => ['XADD', key('events'), `${number + 1}-1`, 'a', String(number)],
    () => ['XADD', key('events'), 'MAXLEN', '~', '100', `${number + 1}-2`, 'a', String(number)],
    () => ['XTRIM', key('events'), 'MAXLEN', '=', '3'],
    () => ['XTRIM', key('events'), 'MINID', '=', String(number - 40)],
    () => ['PEXPIREAT', key(any), String(4_102_444_800_000 + number)],
    () => ['PERSIST', key(any)],
    () => ['RENAME', key(any), `${any}:6`],
    () => ['COPY', key(any), key(any), 'REPLACE'],
    () => ['MOVE', key(any), '1'],
    () => ['UNLINK', key(any)],
    () => ['PFADD', 'unmapped:1', word()],
    () => ['SETBIT', key('name'), String(random.integer(0, 90)), random.pick(['0', '1'])],
    () => ['BITOP', random.pick(['AND', 'OR', 'XOR']), key('name'), key('name'), key('name'), key('name')],
    () => ['BITOP', 'NOT', key('name'), key('name')],
    () => ['BITFIELD', key('name'), 'SET', 'u8', '#1', '200', 'INCRBY', 'i5', '100', '-3', 'GET', 'u4', '0'],
    () => [
      'BITFIELD',
      key('name'),
      'OVERFLOW',
      random.pick(['SAT', 'FAIL']),
      'INCRBY',
      'u3',
      '5',
      '6',
      'SET',
      'i64',
      '9',
      '-77',
    ],
    () => ['LINSERT', key('items'), random.pick(['BEFORE', 'AFTER']), word(), word()],
    () => ['LSET', key('items'), random.pick(['0', '-1', '2']), word()],
    () => ['LMPOP', '2', key('items'), key('items'), 'LEFT', 'COUNT', '2'],
    () => [
      random.pick(['SUNIONSTORE', 'SINTERSTORE', 'SDIFFSTORE']),
      key('tags'),
      key('tags'),
      key('tags'),
      key('tags'),
    ],
    () => ['SPOP', key('tags'), '3'],
    () => [
      ...[random.pick(['ZUNIONSTORE', 'ZINTERSTORE']), key('scores'), '3', key('scores'), key('tags'), key('scores')],
      ...['WEIGHTS', score(), '2', '-1', 'AGGREGATE', random.pick(['SUM', 'MIN', 'MAX'])],
    ],
    () => ['ZDIFFSTORE', key('scores'), '2', key('scores'), key('scores')],
    () => ['ZRANGESTORE', key('scores'), key('scores'), '1', '-2', ...random.pick([[], ['REV']])],
    () => ['ZRANGESTORE', key('scores'), key('scores'), '(1', '+inf', 'BYSCORE', 'LIMIT', '1', '2'],
    () => ['ZADD', 'unmapped:3', ...some(() => ['0', word()])],
    () => ['ZRANGESTORE', key('scores'), 'unmapped:3', '[w5', '-', 'BYLEX', 'REV'],
    () => ['ZREMRANGEBYLEX', 'unmapped:3', '[w2', '(w4'],
    () => ['SADD', 'unmapped:2', score(), score(), String(random.integer(0, 30))],
    () => ['SORT', 'unmapped:2', ...random.pick([[], ['DESC'], ['LIMIT', '1', '3']]), 'STORE', key('items')],
    () => [
      'HSETEX',
      key('user'),
      ...random.pick([[], ['FNX'], ['EX', '90000']]),
      'FIELDS',
      '2',
      'a',
      word(),
      'b',
      word(),
    ],
    () => ['HGETDEL', key('user'), 'FIELDS', '1', 'b'],
    () => ['GETEX', key('name'), ...random.pick([['PERSIST'], ['EX', '90000']])],
    () => ['EXPIRE', key(any), '80000'],
    () => ['XGROUP', 'CREATE', key('events'), `group${number}`, '0', 'MKSTREAM'],
    () => [
      'EVAL',
      "redis.call('SET', KEYS[1], 'of a script') redis.call('DEL', KEYS[2])",
      '2',
      key('name'),
      key('user'),
    ],
    () => ['FUNCTION', 'LOAD', 'REPLACE', "#!lua name=lib\nredis.register_function('f', function() return 1 end)"],
  ])();
};

const writeMany = async (connection: RedisConnection, random: SeededRandom, from: number, count: number) => {
  for (let number = from; number < from + count; number += 1) {
    const several = random.integer(0, 9) === 0;
    if (several) await connection.command('MULTI');
    for (let left = several ? 3 : 1; left > 0; left -= 1)
      // Some are refused, as LMOVE of a key that is not there: those are in no log.
      await connection.send(encodeCommand(...(command(random, number) as [string])), 1);
    if (several) await connection.send(encodeCommand('EXEC'), 1);
    if (number % 10 !== 0) continue;
    const kind = random.pick(kinds);
    const dumped = await connection.command('DUMP', `${kind}:${random.integer(1, 6)}`);
    if (dumped === null) continue;
    await connection.command('RESTORE', `${kind}:4`, random.pick(['0', '95000000']), dumped as Buffer, 'REPLACE');
  }
};

const refused = async (path: string, words: RegExp, more: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  const held = new HeldRows();
  await assert.rejects(readRedisFile(path, held, { ...settings, ...more }), (error: Error) => {
    assert.match(`${(error as { code?: string }).code} ${error.message}`, words);
    return true;
  });
  assert.equal(held.rows.size, 0);
};

for (const { name } of redisCatalogue) {
  test(`${name}: a saved file and a log hold the rows that the server itself gives, whatever was done to its keys`, async () => {
    const log = {
      appendonly: 'yes',
      appendfsync: 'no',
      'aof-timestamp-enabled': 'yes',
      'repl-diskless-sync-delay': '0',
    };
    await using redis = await launchRedis({ server: name, settings: log });
    await using connection = await connectRedis(redis);
    const random = new SeededRandom(3);
    await writeMany(connection, random, 0, 400);
    await connection.command('BGREWRITEAOF');
    while (/aof_rewrite_(in_progress|scheduled):1/.test(String(await connection.command('INFO', 'persistence')))) {}
    await writeMany(connection, random, 400, 1_600);
    await connection.command('SAVE');
    const stats = String(await connection.command('INFO', 'commandstats'));
    for (const each of [
      'bitop',
      'bitfield',
      'linsert',
      'lmpop',
      'sort',
      'zrangestore',
      'zinterstore',
      'restore',
      'eval',
    ]) {
      const [, calls, failed] = new RegExp(`cmdstat_${each}:calls=(\\d+),.*failed_calls=(\\d+)`).exec(stats) ?? [];
      assert.ok(Number(calls) > Number(failed), `${each} did nothing`);
    }
    const server = new HeldRows();
    await readRedis(redis, server, () => server.positions.size > 0, settings);
    assert.ok(server.rows.size > 40, 'there is something to compare');
    const sorted = ({ rows }: HeldRows) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

    const saved = new HeldRows();
    await readRedisFile(join(redis.folder, 'dump.rdb'), saved, settings);
    assert.deepEqual(sorted(saved), sorted(server));
    assert.ok([...saved.positions.values()].every((place) => place.endsWith(':end')));
    const logged = new HeldRows();
    await readRedisFile(join(redis.folder, 'appendonlydir'), logged, settings);
    assert.deepEqual(sorted(logged), sorted(server));

    // What was read to its end is not read again; another file is.
    const before = saved.rows.size;
    saved.rows.clear();
    await readRedisFile(join(redis.folder, 'dump.rdb'), saved, settings);
    assert.equal(saved.rows.size, 0);
    await readRedisFile(join(redis.folder, 'appendonlydir'), saved, settings);
    assert.equal(saved.rows.size, before);
    assert.ok(saved.said.some((words) => /another one than was read before/.test(words)));
  });
}

test('reading goes on behind the rows that a target holds, in a saved file and in a log', async () => {
  await using redis = await launchRedis({ settings: { appendonly: 'yes', appendfsync: 'no' } });
  await using connection = await connectRedis(redis);
  for (let from = 0; from < 8_000; from += 1_000) {
    const commands = Array.from({ length: 1_000 }, (_, i) =>
      encodeCommand('HSET', `user:${from + i}`, 'a', 'x'.repeat(30), 'b', 'y'.repeat(30)),
    );
    await connection.send(Buffer.concat(commands), 1_000);
  }
  await connection.command('SAVE');
  for (const file of ['dump.rdb', 'appendonlydir']) {
    const held = new HeldRows();
    let first = 0;
    await readRedisFile(join(redis.folder, file), held, settings, () => {
      first = held.rows.size;
      return first > 0;
    });
    assert.ok(first > 0 && first < 8_000, `${first} rows of ${file} before the stop`);
    held.taken = 0;
    await readRedisFile(join(redis.folder, file), held, settings);
    assert.equal(held.rows.size, 8_000);
    assert.ok(held.taken < 8_000, 'it did not begin anew');
  }
});

test('a log is read to a time, its cut tail left out or refused, and a key in doubt stops it', async () => {
  const log = { appendonly: 'yes', appendfsync: 'always', 'aof-timestamp-enabled': 'yes' };
  await using redis = await launchRedis({ settings: log });
  await using connection = await connectRedis(redis);
  const second = async (): Promise<number> => Number(((await connection.command('TIME')) as unknown[])[0]);
  await connection.command('HSET', 'user:1', 'a', 'early');
  const early = await second();
  while ((await second()) <= early) {}
  await connection.command('HSET', 'user:1', 'a', 'late');
  await connection.command('SETBIT', 'unmapped', '3', '1');
  const folder = join(redis.folder, 'appendonlydir');
  const increment = join(folder, (await readdir(folder)).find((file) => file.endsWith('.incr.aof'))!);

  const held = new HeldRows();
  await readRedisFile(folder, held, { ...settings, 'aof.until': String(early) });
  assert.equal(held.rows.get('users 1')?.[1], 'early');
  await readRedisFile(folder, held, { ...settings, 'aof.until': new Date((early + 60) * 1000).toISOString() });
  assert.equal(held.rows.get('users 1')?.[1], 'late');

  await appendFile(increment, '*3\r\n$3\r\nSET\r\n$4\r\nha');
  const cut = new HeldRows();
  await readRedisFile(folder, cut, settings);
  assert.equal(cut.rows.get('users 1')?.[1], 'late');
  assert.ok(cut.said.some((words) => /ends inside a command/.test(words)));
  await refused(folder, /REDIS_FILE_UNREADABLE .*incr\.aof.* byte \d+/, { 'aof.cut-tail': 'refuse' });
  await truncate(increment, (await readFile(increment)).length - 19);
  await connection.command('PFADD', 'name:1', 'a');
  await refused(folder, /REDIS_KEY_UNREADABLE .*name:1 .*PFADD at byte \d+/);
});

test('a log that the server goes on writing, and rewrites, while it is read gives the rows as they were when reading began', async () => {
  await using redis = await launchRedis({ settings: { appendonly: 'yes', appendfsync: 'no' } });
  await using connection = await connectRedis(redis);
  const write = async (note: string): Promise<void> => {
    const commands = Array.from({ length: 4_000 }, (_, id) => encodeCommand('HSET', `user:${id}`, 'a', note));
    await connection.send(Buffer.concat(commands), 4_000);
  };
  await write('before');
  const folder = join(redis.folder, 'appendonlydir');
  const log = await SavedLog.open(folder, null);
  const files = await readdir(folder);
  const identity = await log.identity();
  await write('after');
  await connection.command('BGREWRITEAOF');
  while ((await readdir(folder)).some((file) => files.includes(file) && file.endsWith('.aof')))
    await systemClock.sleep(5);
  const notes = new Set<string>();
  for await (const _ of log.read({
    keys: new CountingVisitor(),
    command: (command) => notes.add(command.textOf(3)),
    begin() {},
    commit() {},
    time() {},
  }));
  assert.deepEqual([...notes], ['before']);
  assert.equal(await log.identity(), identity);
  await log[Symbol.asyncDispose]();

  const held = new HeldRows();
  await readRedisFile(folder, held, settings);
  assert.equal(held.rows.size, 4_000);
  assert.ok([...held.rows.values()].every((row) => row[1] === 'after'));
});

test('what cannot be read is refused before the first row, with the file and the byte', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  for (let i = 0; i < 2_000; i += 1) await connection.command('HSET', `user:${i}`, 'a', `note ${i}`);
  await connection.command('SAVE');
  const path = join(redis.folder, 'dump.rdb');
  const file = await readFile(path);
  const other = join(redis.folder, 'other.rdb');
  await writeFile(other, file.subarray(0, -20));
  await refused(other, /REDIS_FILE_UNREADABLE .*other\.rdb .*ends at byte \d+/);
  const turned = Buffer.from(file);
  turned[turned.length - 100]! ^= 4;
  await writeFile(other, turned);
  await refused(other, /REDIS_FILE_UNREADABLE .*other\.rdb .*byte \d+/);
  await writeFile(other, 'PK\x03\x04 no file of Redis at all');
  await refused(other, /REDIS_FILE_UNREADABLE .*byte 0/);
  await refused(join(redis.folder, 'none.rdb'), /REDIS_FILE_UNREADABLE .*none\.rdb/);
  await refused(redis.folder, /REDIS_FILE_UNREADABLE .*0 files that end in \.manifest/);
  await connection.command('HSET', 'user:x', 'a', '1');
  await connection.command('SAVE');
  await cp(path, other);
  const held = new HeldRows();
  await assert.rejects(
    readRedisFile(other, held, settings),
    (error) => isMillraceError(error, 'REDIS_KEY_UNREADABLE') && /other\.rdb, byte \d+/.test(error.message),
  );
});
