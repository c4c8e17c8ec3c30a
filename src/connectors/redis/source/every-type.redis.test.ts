import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldRows, readRedis } from '../../../testing/redis-source-rig.ts';
import { type LaunchedRedis, launchRedis } from '../../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../../testing/servers/redis-program.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';

const settings = {
  schema: `CREATE TABLE d.names (id INT PRIMARY KEY, name VARCHAR(40), gone DATETIME(3));
    CREATE TABLE d.tags (id INT, tag VARCHAR(40), gone DATETIME(3), PRIMARY KEY (id, tag));
    CREATE TABLE d.scores (player VARCHAR(40) PRIMARY KEY, score DOUBLE);
    CREATE TABLE d.items (id INT, position INT, item VARBINARY(40), PRIMARY KEY (id, position));
    CREATE TABLE d.events (id INT, at VARCHAR(42), a INT, b VARCHAR(20), PRIMARY KEY (id, at));
    CREATE TABLE d.settings (id INT, name VARCHAR(40), value TEXT, PRIMARY KEY (id, name))`,
  'source.tableId-to-key.mapping':
    'd.names=name:%{id};d.tags=tags:%{id};d.scores=scores;d.items=items:%{id};d.events=events:%{id};d.settings=settings:%{id}',
  'source.tableId-to-type.mapping':
    'd.names=string;d.tags=set;d.scores=zset;d.items=list;d.events=stream;d.settings=fields',
  'expiry.column': 'gone',
  'deletes.policy': 'delete',
};
const expiresAt = '4102444800123';
const expires = '2100-01-01 00:00:00.123';

/** What a table holds, by key, without its name. */
const rowsOf = (held: HeldRows, table: string) =>
  [...held.rows].flatMap(([key, row]) => (key.startsWith(`${table} `) ? [row] : [])).sort();

const read = async (redis: LaunchedRedis, held: HeldRows, done: () => boolean): Promise<void> =>
  readRedis(redis, held, done, settings);

for (const { name } of redisCatalogue) {
  test(`${name}: every type fills its table, from the snapshot and from what changes, and what is taken out goes`, async () => {
    await using redis = await launchRedis({ server: name, settings: { 'repl-diskless-sync-delay': '0' } });
    await using connection = await connectRedis(redis);
    const ask = async (...args: (string | Buffer)[]) => await connection.command(...args);
    await ask('SET', 'name:1', 'Ada', 'PXAT', expiresAt);
    await ask('SADD', 'tags:1', 'red', 'green', '7');
    await ask('PEXPIREAT', 'tags:1', expiresAt);
    await ask('ZADD', 'scores', '1.5', 'ada', '-3', 'bob', '1e300', 'eve');
    await ask('RPUSH', 'items:1', 'a', Buffer.from([0, 255]), 'c');
    await ask('XADD', 'events:1', '5-1', 'a', '1', 'b', 'x');
    await ask('XADD', 'events:1', '5-2', 'b', 'y');
    await ask('HSET', 'settings:1', 'colour', 'red', 'size', '{"w":1}');
    const held = new HeldRows();
    await read(redis, held, () => held.positions.size > 0);
    const bytes = (...values: number[]) => new Uint8Array(values);
    assert.deepEqual(rowsOf(held, 'names'), [[1, 'Ada', expires]]);
    assert.deepEqual(
      rowsOf(held, 'tags'),
      ['7', 'green', 'red'].map((tag) => [1, tag, expires]),
    );
    assert.deepEqual(rowsOf(held, 'scores'), [
      ['ada', 1.5],
      ['bob', -3],
      ['eve', 1e300],
    ]);
    assert.deepEqual(rowsOf(held, 'items'), [
      [1, 0, bytes(97)],
      [1, 1, bytes(0, 255)],
      [1, 2, bytes(99)],
    ]);
    assert.deepEqual(rowsOf(held, 'events'), [
      [1, '5-1', 1, 'x'],
      [1, '5-2', null, 'y'],
    ]);
    assert.deepEqual(rowsOf(held, 'settings'), [
      [1, 'colour', 'red'],
      [1, 'size', '{"w":1}'],
    ]);

    // Elements alone, whole keys, and an entry that is trimmed before anybody looks.
    await ask('APPEND', 'name:1', ' L.');
    await ask('PERSIST', 'tags:1');
    await ask('SREM', 'tags:1', 'red');
    await ask('ZADD', 'scores', 'GT', 'CH', '2', 'ada', '9', 'zoe');
    await ask('ZINCRBY', 'scores', '1', 'bob');
    await ask('ZREM', 'scores', 'eve');
    await ask('LPOP', 'items:1');
    await ask('XADD', 'events:1', '5-3', 'a', '3');
    await ask('XADD', 'events:1', 'MAXLEN', '=', '1', '5-4', 'a', '4');
    await ask('XGROUP', 'CREATE', 'events:1', 'readers', '0');
    await ask('HDEL', 'settings:1', 'size');
    await ask('HSET', 'settings:1', 'depth', '3');
    await ask('SADD', 'tags:2', 'last');
    await read(redis, held, () => held.rows.has('tags 2 last'));
    assert.deepEqual(rowsOf(held, 'names'), [[1, 'Ada L.', expires]]);
    assert.deepEqual(rowsOf(held, 'tags'), [
      [1, '7', null],
      [1, 'green', null],
      [2, 'last', null],
    ]);
    assert.deepEqual(rowsOf(held, 'scores'), [
      ['ada', 2],
      ['bob', -2],
      ['zoe', 9],
    ]);
    assert.deepEqual(rowsOf(held, 'items'), [
      [1, 0, bytes(0, 255)],
      [1, 1, bytes(99)],
    ]);
    assert.deepEqual(
      rowsOf(held, 'events').map((row) => row[1]),
      ['5-1', '5-2', '5-3', '5-4'],
    );
    assert.deepEqual(rowsOf(held, 'settings'), [
      [1, 'colour', 'red'],
      [1, 'depth', '3'],
    ]);

    await ask('UNLINK', 'name:1', 'tags:1', 'scores', 'items:1', 'events:1', 'settings:1');
    await ask('SADD', 'tags:2', 'more');
    await read(redis, held, () => held.rows.has('tags 2 more'));
    assert.deepEqual([...held.rows.keys()].sort(), ['tags 2 last', 'tags 2 more']);
  });
}

test('a set and a list of more elements than one answer holds are read in pieces, and changed without being read again', async () => {
  await using redis = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
  await using connection = await connectRedis(redis);
  const held = new HeldRows();
  await read(redis, held, () => held.positions.size > 0);
  await connection.command('SADD', 'tags:1', ...Array.from({ length: 12_000 }, (_, i) => `tag ${i}`));
  await connection.command('RPUSH', 'items:1', ...Array.from({ length: 11_000 }, (_, i) => `item ${i}`));
  await connection.command('COPY', 'tags:1', 'tags:2');
  await connection.command('SADD', 'tags:3', 'last');
  await read(redis, held, () => held.rows.size === 35_001);
  assert.equal(rowsOf(held, 'tags').length, 24_001);
  assert.equal(rowsOf(held, 'items').length, 11_000);
  await connection.command('CONFIG', 'RESETSTAT');
  await connection.command('SREM', 'tags:1', 'tag 7');
  await read(redis, held, () => held.rows.size === 35_000);
  assert.ok(!held.rows.has('tags 1 tag 7'));
  assert.deepEqual(held.rows.get('items 1 10999')?.[2], new Uint8Array(Buffer.from('item 10999')));
  assert.doesNotMatch(String(await connection.command('INFO', 'commandstats')), /cmdstat_(smembers|sscan)/);
});

test('a key of another kind than its table says, and a score that is no number of its column, stop the source', async () => {
  await using redis = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
  await using connection = await connectRedis(redis);
  for (const [command, reason] of [
    [['SET', 'tags:1', 'x'], /the key tags:1 .*it is no set/],
    [['ZADD', 'scores', 'inf', 'ada'], /the key scores .*column score/],
    [['RPUSH', 'items:x', '1'], /the key items:x .*column id/],
    [['XADD', 'events:1', '1-1', 'c', '1'], /the field c, which d\.events has no column for/],
  ] as const) {
    for (const when of ['snapshot', 'stream']) {
      await connection.command('FLUSHALL');
      const held = new HeldRows();
      if (when === 'stream') await read(redis, held, () => held.positions.size > 0);
      await connection.command(...command);
      await assert.rejects(
        read(redis, held, () => false),
        (error: Error) =>
          /REDIS_KEY_UNREADABLE/.test(String((error as { code?: string }).code)) && reason.test(error.message),
        `${command.join(' ')} in the ${when}`,
      );
      assert.equal(held.rows.size, 0);
    }
  }
});
