import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { ownedElsewhere } from '../../../core/owned-elsewhere.ts';
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

const shared = {
  schema: `CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(20), visits INT NOT NULL, seen VARCHAR(20))`,
  key: 'user:%{id}',
  'skip.own.writes': true,
  'owned.elsewhere': 'shop.users(name)',
  'deletes.policy': 'delete',
};

test('of a row with two owners what Redis owns is brought field by field, and writes to the rest are conflicts', async () => {
  await using redis = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
  await using connection = await connectRedis(redis);
  const run = async (...lines: string[]): Promise<void> => {
    for (const line of lines) await connection.command(...(line.split(' ') as [string, ...string[]]));
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...shared });
  const held = new HeldRows();
  await run('HSET user:1 id 1 name MySQL visits 5 seen now', 'HSET user:2 name none');
  /** What comes of commands until the row of user 9 does, and how many conflicts there were. */
  const after = async (...lines: string[]): Promise<readonly [readonly unknown[][], number | undefined]> => {
    await using source = await openRedisSource(config, { pipeline: 'test', clock: systemClock, log });
    const found: unknown[][] = [];
    const stop = new AbortController();
    await run(...lines, 'HINCRBY user:9 visits 1');
    for await (const batch of source.read(async (lane) => held.positions.get(lane) ?? null, stop.signal)) {
      held.take(batch);
      for (const change of batch.changes) {
        assert.ok(change.kind === 'rows' && change.op === 'update', 'rows come and go with MySQL');
        for (let i = 0; i < change.rows.length; i += 1) {
          if (change.rows.after(i)![0] === 9) stop.abort();
          else found.push([...change.rows.after(i)!]);
        }
      }
    }
    return [found, source.figures!(held.positions)[0]!.conflicts];
  };
  // From the snapshot all that Redis owns, but what cannot be NULL where it is not there.
  const [saved, none] = await after();
  assert.deepEqual(saved.toSorted(), [
    [1, undefined, 5, 'now'],
    [2, undefined, undefined, null],
  ]);
  assert.equal(none, 0);
  // Fields by name; one that is gone is NULL; both in one command; a field of MySQL's alone; the same in a transaction.
  assert.deepEqual(await after('HINCRBY user:1 visits 2', 'HDEL user:1 seen'), [[[1, undefined, 7, null]], 0]);
  assert.deepEqual(await after('HSET user:1 name mine seen later'), [[[1, undefined, undefined, 'later']], 1]);
  assert.deepEqual(await after('HSET user:1 name mine', 'MULTI', 'HDEL user:1 name', 'EXEC'), [[], 2]);
  // Commands that name no field: all that Redis owns, and nothing of a key that is gone.
  assert.deepEqual(await after('RENAME user:1 user:3', 'DEL user:2', 'PEXPIRE user:3 1000000'), [
    [[3, undefined, 7, 'later']],
    3,
  ]);
  // A sink changes a row, which says nothing; makes one, of which Redis may have had its fields before; and removes one.
  const own = (...lines: string[]): readonly string[] => ['MULTI', ...lines, 'HSET millrace:position:x a b', 'EXEC'];
  assert.deepEqual(await after('HSET user:4 visits 8'), [[[4, undefined, 8, undefined]], 0]);
  assert.deepEqual(await after(...own('HSET user:3 name new', 'UNLINK user:5', 'HSET user:4 id 4 name new')), [
    [[4, undefined, 8, null]],
    0,
  ]);
});

test('an owner is said of a table that there is, where the writes of the sink are known', async () => {
  const server = { hostname: 'cache1', ...settings };
  const config = redisSource.config.parse(server);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const open = (owned: string) =>
    openRedisSource({ ...config, 'owned.elsewhere': ownedElsewhere.parse(owned) }, context);
  const context = { pipeline: 'test', clock: systemClock, log };
  for (const [owned, reason] of [
    ['shop.stocks', /not a table/],
    ['shop.stocks(amount)', /not a table/],
    ['shop.stock(amounts)', /no column amounts/],
    ['shop.stock(id)', /in the key/],
    ['shop.stock(amount)', /no other columns/],
  ] as const) {
    await assert.rejects(
      open(owned),
      (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE') && reason.test(error.message),
      owned,
    );
  }
  assert.match(
    String(redisSource.config.safeParse({ ...server, 'skip.own.writes': false }).error),
    /skip\.own\.writes/,
  );
});
