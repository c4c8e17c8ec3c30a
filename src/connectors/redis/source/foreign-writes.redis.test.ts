import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { HeldRows, readRedis } from '../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSource } from './connector.ts';
import { openRedisSource } from './source.ts';

const settings = {
  schema: `CREATE TABLE shop.visits (id INT PRIMARY KEY, page TEXT);
    CREATE TABLE shop.stock (id INT PRIMARY KEY, amount INT)`,
  'source.tableId-to-key.mapping': 'shop.visits=visit:%{id};shop.stock=stock:%{id}',
  'skip.own.writes': true,
  'owned.elsewhere': 'shop.stock',
};

test('writes of others to keys that the other side owns are conflicts: counted, said, and brought nowhere', async () => {
  await using redis = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
  await using connection = await connectRedis(redis);
  const run = async (line: string): Promise<void> =>
    void (await connection.command(...(line.split(' ') as [string, ...string[]])));
  await run('HSET stock:1 amount 1');
  const held = new HeldRows();
  await readRedis(redis, held, () => held.positions.size > 0, settings);
  assert.equal(held.rows.size, 0, 'the rows of the other side are not read');
  // What a sink writes is none; nor is another database, another key, or a key that is only mentioned.
  for (const line of ['MULTI', 'HSET stock:1 amount 2', 'HSET millrace:position:x a b', 'EXEC']) await run(line);
  for (const line of ['SELECT 1', 'HSET stock:1 amount 9', 'SELECT 0', 'SET other stock:1']) await run(line);
  // One, another, two by name, one in a transaction, two renamed.
  await run('HINCRBY stock:1 amount 5');
  await run('HSET stock:2 amount 1');
  await run('DEL stock:1 stock:2 other');
  for (const line of ['MULTI', 'HSET stock:4 amount 2', 'HSET visit:1 page x', 'EXEC']) await run(line);
  await run('RENAME stock:4 stock:5');
  await run('HSET visit:2 page last');
  await readRedis(redis, held, () => held.rows.has('visits 2'), settings);
  assert.deepEqual([...held.rows.keys()], ['visits 1', 'visits 2']);
  assert.ok(held.said.some((words) => /the other side owns/.test(words)));

  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...settings });
  await using source = await openRedisSource(config, { pipeline: 'test', clock: systemClock, log });
  const stop = new AbortController();
  for (const line of ['HSET stock:7 amount 1', 'DEL stock:7 stock:5', 'HSET visit:3 page x']) await run(line);
  for await (const { changes } of source.read(async (lane) => held.positions.get(lane) ?? null, stop.signal))
    if (changes.length > 0) stop.abort();
  assert.equal(source.figures!(held.positions)[0]!.conflicts, 3);
});

test('an owner is said of a table that there is, where the writes of the sink are known', async () => {
  const server = { hostname: 'cache1', ...settings };
  const config = redisSource.config.parse({ ...server, 'owned.elsewhere': 'shop.stocks' });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await assert.rejects(openRedisSource(config, { pipeline: 'test', clock: systemClock, log }), (error) =>
    isMillraceError(error, 'CONFIG_WRONG_VALUE'),
  );
  assert.match(
    String(redisSource.config.safeParse({ ...server, 'skip.own.writes': false }).error),
    /skip\.own\.writes/,
  );
});
