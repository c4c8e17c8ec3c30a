/** Rows read through a cluster and through a group with Sentinels, while a pipeline writes there and servers change. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch, Part } from '../core/batch.ts';
import type { Change, Op } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { CacheReader, placeOf, logServer as uuid } from '../testing/cache-reader.ts';
import { smallTable } from '../testing/cached-rows.ts';
import { RedisClusterRig } from '../testing/redis-cluster-rig.ts';
import { origin } from '../testing/sample-origin.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { launchRedisCluster } from '../testing/servers/launch-redis-cluster.ts';
import { launchSentinel } from '../testing/servers/launch-sentinel.ts';
import { connectRedis } from '../testing/servers/redis-rig.ts';

const launched = launchRedisCluster({ replicas: 1 });
after(async () => await (await launched)[Symbol.asyncDispose]());

const never = new AbortController().signal;
const change = (op: Op, images: { before?: Row[]; after?: Row[] }): Change => ({
  kind: 'rows',
  op,
  table: smallTable,
  rows: new ArrayRowImages(smallTable, { before: images.before ?? null, after: images.after ?? null }),
  origin,
});
const batch = (number: number, changes: readonly Change[], part?: Part): Batch => ({
  changes,
  positions: new Map([['mysql/binlog', placeOf(number)]]),
  version: String(number).padStart(10, '0'),
  ...(part && { part }),
});
const opened = async (rig: RedisClusterRig, settings: object): Promise<Sink> => {
  const sink = await rig.sink({ ...settings }, 'shop');
  await sink.claim('mysql/binlog');
  return sink;
};
const reading = async (rig: RedisClusterRig, options: ConstructorParameters<typeof CacheReader>[1]) => {
  const reader = new CacheReader(rig.address, options);
  await reader.links.open();
  return reader;
};
const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const patience = performance.now() + 60_000;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `waited in vain for ${what}`);
    await systemClock.sleep(5);
  }
};

/** Reads a row that is brought: `note` is what the database says. */
const bring = async (reader: CacheReader, id: number, note: string | null): Promise<unknown> => {
  const row = reader.table.get({ id });
  await until('a lookup', () => reader.lookups.length > 0);
  reader.lookups.shift()!(note === null ? null : [id, note, 1]);
  return await row;
};

test('rows of every node are brought once for all who ask, kept, refreshed, and heard of when they change', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await opened(rig, { mode: 'hot' });
  await sink.write(batch(1, [change('create', { after: [[99, 'first', 1]] })]), never);
  await using reader = await reading(rig, { mode: 'hot', tracks: true });
  await using other = await reading(rig, { mode: 'hot' });
  for (let id = 1; id <= 12; id += 1) {
    const herd = Promise.all([other, reader, other].map((each) => each.table.get({ id })));
    await until('a lookup', () => reader.lookups.length + other.lookups.length > 0);
    [...reader.lookups.splice(0), ...other.lookups.splice(0)].map((answer) => answer([id, 'brought', 1]));
    assert.deepEqual(await herd, new Array(3).fill({ id, note: 'brought', count: 1 }));
  }
  assert.equal(reader.asked + other.asked, 12);
  // What is read must show what the row's node has.
  assert.deepEqual(new Set([...reader.shown, ...other.shown]), new Set([`${uuid}:1`]));
  await until('the rows to be put there', () => reader.table.stats().fills + other.table.stats().fills === 12);
  for (let id = 1; id <= 12; id += 1) await reader.table.get({ id });
  const updates = Array.from({ length: 12 }, (_, at) =>
    change('update', { before: [[at + 1, 'brought', 1]], after: [[at + 1, 'changed', 2]] }),
  );
  await sink.write(batch(2, updates), never);
  for (let id = 1; id <= 12; id += 1) {
    await until('the word of the change', async () => {
      const row = (await reader.table.get({ id })) as { note: string };
      return row.note === 'changed';
    });
    assert.deepEqual(await other.table.get({ id }), { id, note: 'changed', count: 2 });
  }
  assert.equal(reader.asked + other.asked, 12);
});

test('a cluster has one database, and another is refused', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using reader = new CacheReader({ ...rig.address, database: 1 }, { mode: 'hot' });
  await assert.rejects(reader.links.open(), { code: 'CONFIG_WRONG_VALUE', message: /database 0 alone/ });
});

test('a row is not kept while a piece of a transaction is there of which no position tells', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await opened(rig, { mode: 'invalidate' });
  await sink.write(batch(1, [change('create', { after: [[1, 'old', 1]] })]), never);
  await using reader = await reading(rig, { mode: 'invalidate' });
  const update = change('update', { before: [[1, 'old', 1]], after: [[1, 'new', 1]] });
  const part = { transaction: 'large', index: 0, last: false };
  await sink.write(batch(1, [update], part), never);
  assert.deepEqual(await bring(reader, 1, 'old'), { id: 1, note: 'old', count: 1 });
  await sink.write(batch(2, [change('create', { after: [[50, 'x', 1]] })], { ...part, index: 1, last: true }), never);
  await until('the lease to be given back', async () => Object.keys(await rig.hashes('shop:items:1')).length === 0);
  assert.deepEqual(await bring(reader, 1, 'new'), { id: 1, note: 'new', count: 1 });
  assert.deepEqual(reader.shown, [null, `${uuid}:1-2`]);
});

test('a mirror says that there is no row, and a node that was flushed does not', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await opened(rig, { 'sink.tableId-to-index.mapping': 'shop.items=note' });
  const mark = (at: 'begin' | 'end'): Change => ({ kind: 'snapshot', at, table: smallTable, reason: 'test' });
  const rows = Array.from({ length: 30 }, (_, id): Row => [id, id < 3 ? 'few' : 'many', 1]);
  await sink.write(batch(1, [mark('begin'), change('read', { after: rows }), mark('end')]), never);
  await using reader = await reading(rig, { mode: 'mirror' });
  for (let id = 100; id < 110; id += 1) assert.equal(await reader.table.get({ id }), null);
  const few = (await reader.table.getBy({ note: 'few' })) as { readonly id: number }[];
  assert.deepEqual(few.map(({ id }) => id).toSorted(), [0, 1, 2]);
  assert.equal(reader.asked, 0);
  await using writer = await reading(rig, { mode: 'aside', more: { conflicts: 'mysql' } });
  await assert.rejects(
    writer.table.put({ id: 1, note: null, count: 1 }),
    (error) => isMillraceError(error, 'CACHE_WRITE_REFUSED') && /cluster/.test(error.message),
  );
  for (const primary of rig.primaries.slice(0, 1)) await rig.on(primary, (node) => node.command('FLUSHALL'));
  const asked = Array.from({ length: 30 }, (_, id) => reader.table.get({ id }));
  await until('lookups', () => reader.lookups.length > 0);
  const answers = setInterval(() => {
    for (const answer of reader.lookups.splice(0)) answer([7, 'from the database', 1]);
  }, 1);
  for (const row of await Promise.all(asked)) assert.notEqual(row, null);
  clearInterval(answers);
});

test('a slot that moves and a primary that dies cost reads of the database, and no wrong row', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [first, second] = rig.primaries as readonly [(typeof rig.primaries)[0], (typeof rig.primaries)[0]];
  await using sink = await opened(rig, {});
  const rows = Array.from({ length: 30 }, (_, id): Row => [id, 'held', 1]);
  await sink.write(batch(1, [change('create', { after: rows })]), never);
  await using reader = await reading(rig, { mode: 'mirror' });
  const answers = setInterval(() => {
    for (const answer of reader.lookups.splice(0)) answer([7, 'held', 1]);
  }, 1);
  try {
    const all = async (): Promise<number> => {
      const before = reader.asked;
      const found = await Promise.all(rows.map(([id]) => reader.table.get({ id })));
      for (const row of found) assert.equal((row as { note: string }).note, 'held');
      return reader.asked - before;
    };
    assert.equal(await all(), 0);
    const [key] = await rig.on(first, async (node) =>
      ((await node.command('KEYS', 'shop:items:*')) as Buffer[]).map(String),
    );
    assert.ok(key !== undefined);
    const slot = await rig.beginMove(key, first, second);
    await rig.moveKey(key, first, second);
    assert.equal(await all(), 1);
    await rig.endMove(slot, first, second);
    await until('the slot to be found', async () => (await all()) === 0);
    await rig.on(first, (node) => node.command('WAIT', 1, 0));
    await cluster.failOver(first, cluster.replicas[0]!);
    await until('the replica to be found', async () => (await all()) === 0);
  } finally {
    clearInterval(answers);
  }
});

test('after a failover the primary that Sentinels name is asked, though the old one still answers', async () => {
  await using primary = await launchRedis();
  await using replica = await launchRedis({ settings: { replicaof: `${primary.host} ${primary.port}` } });
  await using sentinel = await launchSentinel(primary, 'shop');
  await using reader = new CacheReader(
    { hostname: sentinel.host, port: sentinel.port, 'sentinel.master-name': 'shop' },
    { mode: 'aside' },
  );
  await reader.links.open();
  await bring(reader, 1, 'brought');
  await until('the row to be put there', () => reader.table.stats().fills === 1);
  await using control = await connectRedis(sentinel);
  await using promoted = await connectRedis(replica);
  await until('the replica to have the row', async () => (await promoted.command('EXISTS', 'shop:items:1')) === 1);
  await until('the failover to begin', async () => {
    try {
      return String(await control.command('SENTINEL', 'FAILOVER', 'shop')) === 'OK';
    } catch (error) {
      if (isMillraceError(error)) return false;
      throw error;
    }
  });
  // Only a primary takes a new row.
  const answers = setInterval(() => {
    for (const answer of reader.lookups.splice(0)) answer([7, 'brought', 1]);
  }, 1);
  try {
    for (let id = 2; (await promoted.command('EXISTS', `shop:items:${id - 1}`)) !== 1 || id < 4; id += 1) {
      await reader.table.get({ id });
      await systemClock.sleep(50);
    }
  } finally {
    clearInterval(answers);
  }
  assert.equal(reader.links.isUp, true);
});
