/** What becomes of rows and positions while a cluster changes under a sink. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Op, RowsChange } from '../../../core/change.ts';
import type { Sink } from '../../../core/connector.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { RedisClusterRig } from '../../../testing/redis-cluster-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, ordersTable, table } from '../../../testing/sample-tables.ts';
import type { LaunchedRedis } from '../../../testing/servers/launch-redis.ts';
import { launchRedisCluster } from '../../../testing/servers/launch-redis-cluster.ts';

const change = (target: Table, op: Op, images: { before?: Row[]; after?: Row[] }): RowsChange => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before: images.before ?? null, after: images.after ?? null }),
  origin,
});
const create = (...after: Row[]): RowsChange => change(ordersTable, 'create', { after });
const update = (before: Row, after: Row): RowsChange =>
  change(ordersTable, 'update', { before: [before], after: [after] });
const remove = (...before: Row[]): RowsChange => change(ordersTable, 'delete', { before });

const place = (number: number) => position(`place-${number}`);
const batch = (number: number, ...changes: Batch['changes']): Batch => ({
  changes,
  positions: new Map([['log', place(number)]]),
  version: String(number).padStart(10, '0'),
});
const never = new AbortController().signal;

/** Rows enough for every node to have some. */
const many = (total: number): Row[] => Array.from({ length: 60 }, (_, id): Row => [id, 'new', total]);
const texts = (rows: readonly Row[]): readonly string[] => rows.map((row) => row.map(String).join()).toSorted();

const launched = launchRedisCluster({ replicas: 1 });
after(async () => await (await launched)[Symbol.asyncDispose]());

const opened = async (rig: RedisClusterRig, settings = {}): Promise<Sink> => {
  const sink = await rig.sink(settings);
  await sink.claim('log');
  return sink;
};

/** The one whose slots hold a key, and another. */
const ownerOf = (rig: RedisClusterRig, key: string): readonly [LaunchedRedis, LaunchedRedis] => {
  const at = Math.floor((keySlot(Buffer.from(key)) * 3) / 16_384);
  return [rig.primaries[at]!, rig.primaries[(at + 1) % 3]!];
};

test('rows are written where their slot is, before it moves, on its way and afterwards', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const settings = { key: '{all}:%{table}:%{id}' };
  const [from, to] = ownerOf(rig, '{all}');
  const held = async (): Promise<readonly string[]> =>
    Object.values(await rig.hashes('{all}:orders:*'))
      .map((fields) => Object.values(fields).join())
      .toSorted();
  await using sink = await opened(rig, settings);
  await sink.write(batch(1, create([1, 'new', 1], [2, 'new', 1], [3, 'new', 1], [4, 'new', 1])), never);

  const slot = await rig.beginMove('{all}', from, to);
  await rig.moveKey('{all}:orders:1', from, to);
  await rig.moveKey('{all}:orders:2', from, to);
  const onTheWay = [update([1, 'new', 1], [1, 'paid', 2]), remove([2, 'new', 1]), remove([3, 'new', 1])];
  await sink.write(batch(2, ...onTheWay, update([4, 'new', 1], [4, 'paid', 2]), create([5, 'new', 2])), never);
  assert.deepEqual(await held(), ['1,paid,2', '4,paid,2', '5,new,2']);
  // Both were there, the one that had gone to the other node already and the one that had not.
  assert.deepEqual(sink.figures!().keys, [{ mode: 'mirror', hit: 2, nothing: 0 }]);

  await rig.endMove(slot, from, to);
  await sink.write(batch(3, update([1, 'paid', 2], [1, 'sent', 3]), create([6, 'new', 3])), never);
  await sink.write(batch(4, remove([5, 'new', 2], [7, 'new', 2])), never);
  assert.deepEqual(sink.figures!().keys, [{ mode: 'mirror', hit: 3, nothing: 1 }]);
  assert.deepEqual(await held(), ['1,sent,3', '4,paid,2', '6,new,3']);
  {
    await using next = await rig.sink(settings);
    assert.equal(await next.claim('log'), place(4));
  }
  const back = await rig.beginMove('{all}', to, from);
  await rig.endMove(back, to, from);
});

test('the slots of the records and of the positions may move, too', async () => {
  const rig = await RedisClusterRig.open(await launched);
  let sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  // The least slot of a node is where its record is.
  const [, second, third] = rig.primaries as readonly [LaunchedRedis, LaunchedRedis, LaunchedRedis];
  const record = Object.keys(await rig.hashes('millrace:node:test:*')).find(
    (key) => keySlot(Buffer.from(key)) === 5461,
  )!;
  await rig.endMove(await rig.beginMove(record, second, third), second, third);
  await sink.write(batch(2, create(...many(2))), never);
  assert.equal(Object.keys(await rig.hashes('millrace:node:test:*')).length, 4);
  const [home] = ownerOf(rig, 'millrace:writer:{test}');
  assert.equal(home, second);
  await rig.endMove(await rig.beginMove('{test}', second, third), second, third);
  // Its home is elsewhere, so this one ends, and the next knows where.
  await assert.rejects(sink.write(batch(3, create(...many(3))), never), { code: 'REDIS_NOT_READY', retryable: true });
  await sink[Symbol.asyncDispose]();
  sink = await rig.sink();
  assert.equal(await sink.claim('log'), place(2));
  await sink.write(batch(3, create(...many(3))), never);
  assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(3)));
  await sink[Symbol.asyncDispose]();
  for (const key of [record, '{test}']) await rig.endMove(await rig.beginMove(key, third, second), third, second);
});

test('scripts of a row run within the step of its node: refreshed hashes, rows within rows, indexes', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const lines = table('lines', [column('id', int, { nullable: false }), column('order_id', int)], [0]);
  await using sink = await opened(rig, {
    'sink.tableId-to-index.mapping': 'shop.orders=status',
    'sink.tableId-to-nest.mapping': 'shop.lines=shop.orders(order_id) as lines cascade',
  });
  const within = change(lines, 'create', { after: [[7, 1]] });
  await sink.write(batch(1, within, create([1, 'new', 1], [2, 'new', 1])), never);
  await sink.write(batch(2, update([2, 'new', 1], [2, 'paid', 1])), never);
  assert.deepEqual(await rig.hashes('shop:orders:*'), {
    'shop:orders:1': { id: '1', status: 'new', total: '1', 'lines:7': '{"id":7}' },
    'shop:orders:2': { id: '2', status: 'paid', total: '1' },
  });
  // More than Lua gives a function at once.
  const lots = Array.from({ length: 9000 }, (_, id): Row => [id, 4]);
  await sink.write(batch(3, create([4, 'new', 1]), change(lines, 'create', { after: lots })), never);
  assert.equal(Object.keys((await rig.hashes('shop:orders:4'))['shop:orders:4']!).length, 3 + lots.length);
  await sink.write(batch(4, remove([4, 'new', 1])), never);
  const members = [...(await rig.each('idx:*', 'SMEMBERS'))].map(([key, keys]) => `${key} ${keys}`);
  assert.deepEqual(members.toSorted(), [
    'idx:shop:orders:status:new shop:orders:1',
    'idx:shop:orders:status:paid shop:orders:2',
  ]);
  const moved = sink.write(batch(5, update([1, 'new', 1], [3, 'new', 1])), never);
  await assert.rejects(moved, { code: 'SINK_ROW_REFUSED' });

  await using hot = await rig.sink({ mode: 'hot' }, 'hot');
  await hot.claim('log');
  await hot.write(batch(1, update([2, 'paid', 1], [2, 'paid', 9]), create([5, 'new', 1])), never);
  assert.deepEqual(await rig.hashes('shop:orders:[25]'), {
    'shop:orders:2': { id: '2', status: 'paid', total: '9' },
  });
  await hot.write(batch(2, update([2, 'paid', 9], [2, 'sent', 9]), update([6, 'new', 1], [6, 'paid', 1])), never);
  assert.deepEqual(hot.figures!().keys, [{ mode: 'hot', hit: 2, nothing: 1 }]);

  await using removing = await rig.sink({ mode: 'invalidate' }, 'removing');
  await removing.claim('log');
  const changed = many(1).map((row) => update(row, [row[0]!, 'paid', 2]));
  await removing.write(batch(1, ...changed), never);
  assert.deepEqual(removing.figures!().keys, [{ mode: 'invalidate', hit: 2, nothing: 58 }]);
});

test('rows go along with a renamed table and a changed key to whatever nodes, with the time that they have left', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const lives = async (key: string): Promise<number> => Number((await rig.each(key, 'PTTL')).get(key));
  const day = 86_400_000;
  const expire = async (key: string): Promise<void> =>
    await rig.on(await rig.ownerOf(key), async (node) => void (await node.command('PEXPIRE', key, day)));
  {
    await using sink = await opened(rig);
    await sink.write(batch(1, create(...many(1))), never);
    await expire('shop:orders:7');
  }
  await using keyed = await opened(rig, { key: 'v2:%{table}:%{id}' });
  await keyed.write(batch(2, update([1, 'new', 1], [1, 'paid', 1])), never);
  assert.equal((await rig.each('shop:orders:*', 'TYPE')).size, 0);
  assert.equal((await rig.each('v2:orders:*', 'TYPE')).size, 60);
  const left = await lives('v2:orders:7');
  assert.ok(left > 0 && left <= day, String(left));
  assert.equal(await lives('v2:orders:8'), -1);

  // Of a cache, which the rows of the table leave by themselves.
  await using hot = await opened(rig, { key: 'v2:%{table}:%{id}', mode: 'hot' });
  const sales = table('sales', ordersTable.columns, [0]);
  await hot.write(batch(3, { kind: 'schema', before: ordersTable, after: sales, statement: 'RENAME', origin }), never);
  assert.equal((await rig.each('v2:orders:*', 'TYPE')).size, 0);
  assert.equal((await rig.each('v2:sales:*', 'TYPE')).size, 60);
  const still = await lives('v2:sales:7');
  assert.ok(still > 0 && still <= left, String(still));
  assert.equal(await lives('v2:sales:8'), -1);
});

test('a node that was flushed is noticed, by who writes nothing too, and all begins anew', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  await rig.on(rig.primaries[2]!, (node) => node.command('FLUSHALL'));
  await assert.rejects(sink.watch!(never), { code: 'REDIS_DATA_LOST', retryable: true });
  await assert.rejects(sink.write(batch(2, create(...many(2))), never), { code: 'REDIS_DATA_LOST' });
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), null);
});

test('a replica that takes over with all rows goes on, and one that lacks the last takes the position back', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [first] = rig.primaries as readonly [LaunchedRedis];
  const [replica] = cluster.replicas as readonly [LaunchedRedis];
  await using sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  await sink.write(batch(2, create(...many(2))), never);
  await rig.on(first, async (node) => void (await node.command('WAIT', 1, 0)));
  // It cannot log in from now on, so what is written is not replicated.
  await rig.on(first, async (node) => {
    await node.command('CONFIG', 'SET', 'requirepass', 'secret');
    await node.command('CLIENT', 'KILL', 'TYPE', 'replica');
  });
  await sink.write(batch(3, create(...many(3))), never);
  await sink.write(batch(4, create(...many(4))), never);
  await cluster.failOver(first, replica);
  rig.primaries = [replica, ...cluster.primaries.slice(1)];
  await assert.rejects(sink.write(batch(5, create(...many(5))), never), { retryable: true });

  await using next = await rig.sink();
  // What stood before the last that the replica has.
  assert.equal(await next.claim('log'), place(1));
  assert.ok(rig.said.some(({ message }) => message.includes('lacks what was written to it last')));
  for (const number of [2, 3, 4, 5]) await next.write(batch(number, create(...many(number))), never);
  assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(5)));
  await using last = await rig.sink();
  assert.equal(await last.claim('log'), place(5));
});
