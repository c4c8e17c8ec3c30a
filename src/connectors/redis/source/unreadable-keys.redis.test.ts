import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { HeldRows, readRedis, readRedisFile } from '../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSource } from './connector.ts';
import { openRedisRereader } from './rereader.ts';

const settings = {
  schema: `CREATE TABLE d.users (id INT PRIMARY KEY, name VARCHAR(40), score DECIMAL(6,2));
    CREATE TABLE d.scores (id INT, player INT, score INT, PRIMARY KEY (id, player));
    CREATE TABLE d.notes (id INT PRIMARY KEY, note INT)`,
  'source.tableId-to-key.mapping': 'd.users=user:%{id};d.scores=scores:%{id};d.notes=note:%{id}',
  'source.tableId-to-type.mapping': 'd.scores=zset;d.notes=string',
};

/** Keys that are no rows, beside one of each table that is. */
const commands: readonly (readonly [string, ...string[]])[] = [
  ['HSET', 'user:1', 'name', 'Ada'],
  ['HSET', 'user:2', 'nick', 'x', 'name', 'y'],
  ['HSET', 'user:3', 'score', 'many'],
  ['HSET', 'user:x', 'name', 'y'],
  ['HSET', 'user:4', 'id', '5'],
  ['SET', 'user:5', 'x'],
  ['ZADD', 'scores:1', '7', '1'],
  ['ZADD', 'scores:2', '7', 'x', '8', 'y'],
  ['RPUSH', 'scores:3', '1'],
  ['SET', 'note:1', '7'],
  ['SET', 'note:2', 'seven'],
  ['LPUSH', 'note:3', 'a'],
  ['HSET', 'user:6', 'name', 'last'],
];
const readable = ['notes 1', 'scores 1 1', 'users 1', 'users 6'];
const unreadable = ['note:2', 'note:3', 'scores:2', 'scores:3', 'user:2', 'user:3', 'user:4', 'user:5', 'user:x'];

const names = (held: HeldRows): readonly string[] => held.letters!.map(({ key }) => String(Buffer.from(key!))).sort();

test('where dead letters are kept, keys that are no rows are put aside by name, from snapshot, stream, scan and file, and the others are rows', async () => {
  await using redis = await launchRedis({
    settings: { 'repl-diskless-sync-delay': '0', 'notify-keyspace-events': 'EA', appendonly: 'yes' },
  });
  await using connection = await connectRedis(redis);
  const fill = async (): Promise<void> => {
    for (const command of commands) await connection.command(...command);
  };
  const read = async (how: string, by: (held: HeldRows) => Promise<void>): Promise<HeldRows> => {
    const held = new HeldRows();
    held.letters = [];
    await by(held);
    assert.deepEqual([...held.rows.keys()].sort(), readable, how);
    assert.deepEqual(names(held), unreadable, how);
    assert.ok(held.letters.every(({ code, value }) => code === 'REDIS_KEY_UNREADABLE' && value === null));
    return held;
  };
  await read('stream', async (held) => {
    await readRedis(redis, held, () => held.positions.size > 0, settings);
    await fill();
    await readRedis(redis, held, () => held.rows.has('users 6') && held.letters!.length >= 9, settings);
  });
  const ofSnapshot = await read('snapshot', async (held) => {
    await readRedis(redis, held, () => held.positions.size > 0, settings);
  });
  await read('scan', async (held) => {
    await readRedis(redis, held, () => held.rows.has('users 6') && held.rows.size === 4, { ...settings, mode: 'scan' });
  });
  // The snapshot of a link that has ended may still be under way, and there is one at a time.
  while (/rdb_bgsave_in_progress:1/.test(String(await connection.command('INFO', 'persistence')))) {}
  await connection.command('SAVE');
  await read('file', async (held) => await readRedisFile(join(redis.folder, 'dump.rdb'), held, settings));
  await read('log', async (held) => await readRedisFile(join(redis.folder, 'appendonlydir'), held, settings));

  // A replay reads the key as it is then.
  const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...settings });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await using rereader = await openRedisRereader(config, { pipeline: 'test', clock: systemClock, log });
  const letter = ofSnapshot.letters!.find(({ key }) => String(Buffer.from(key!)) === 'user:3')!;
  await assert.rejects(rereader.read(letter), (error) => isMillraceError(error, 'REDIS_KEY_UNREADABLE'));
  await connection.command('HSET', 'user:3', 'score', '1.5');
  const replayed = new HeldRows();
  replayed.take({ changes: await rereader.read(letter), positions: new Map(), version: '' });
  assert.deepEqual([...replayed.rows.values()], [[3, null, '1.50']]);
});
