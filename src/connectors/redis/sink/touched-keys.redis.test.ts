import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch, Part } from '../../../core/batch.ts';
import type { Change, Op } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import type { Row } from '../../../core/value.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

const launched = launchRedis();
after(async () => await (await launched)[Symbol.asyncDispose]());

const never = new AbortController().signal;

const rows = (op: Op, before: Row[] | null, after: Row[] | null): Change => ({
  kind: 'rows',
  op,
  table: ordersTable,
  rows: new ArrayRowImages(ordersTable, { before, after }),
  origin,
});
const create = (...after: Row[]): Change => rows('create', null, after);
const update = (before: Row, after: Row): Change => rows('update', [before], [after]);
const remove = (...before: Row[]): Change => rows('delete', before, null);

let number = 0;
const batch = (changes: readonly Change[], part?: Part): Batch => {
  number += 1;
  const positions = part === undefined || part.last ? new Map([['log', position(`place-${number}`)]]) : new Map();
  return { changes, positions, version: String(number).padStart(10, '0'), ...(part === undefined ? {} : { part }) };
};

test('invalidations tell how many keys were there and how many were not', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink({ mode: 'invalidate' });
  await sink.claim('log');
  assert.deepEqual(sink.figures!().keys, []);
  await rig.ask('HSET', 'shop:orders:1', 'id', 1);
  await rig.ask('HSET', 'shop:orders:2', 'id', 2);
  // Nobody expects the key of a new row, nor the key that a row gets, so neither counts.
  await sink.write(batch([create([9, 'new', 1]), update([1, 'a', 1], [8, 'a', 1]), remove([2, 'a', 1])]), never);
  assert.deepEqual(sink.figures!().keys, [{ mode: 'invalidate', hit: 2, nothing: 0 }]);
  // Readers that name their keys otherwise are seen by this.
  await rig.ask('HSET', 'shop:order:3', 'id', 3);
  await sink.write(batch([update([3, 'a', 1], [3, 'b', 1]), remove([4, 'a', 1]), remove([5, 'a', 1])]), never);
  assert.deepEqual(sink.figures!().keys, [{ mode: 'invalidate', hit: 2, nothing: 3 }]);
});

test('hot rows count by whether they were there to be refreshed, as hashes and as strings', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  for (const value of ['hash', 'json']) {
    await rig.ask('FLUSHALL');
    await using sink = await rig.sink({ mode: 'hot', value });
    await sink.claim('log');
    await rig.ask(...(value === 'hash' ? ['HSET', 'shop:orders:1', 'id', 1] : ['SET', 'shop:orders:1', '{}']));
    await sink.write(batch([update([1, 'a', 1], [1, 'b', 1]), update([2, 'a', 1], [2, 'b', 1])]), never);
    assert.deepEqual(sink.figures!().keys, [{ mode: 'hot', hit: 1, nothing: 1 }], value);
  }
});

test('a mirror that lacks a row says so when the row goes, also in the later parts of a large transaction', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink({ 'sink.transaction.max-size': '1 KB' });
  await sink.claim('log');
  await sink.write(batch([create([1, 'a', 1], [2, 'a', 1], [3, 'a', 1], [4, 'a', 1])]), never);
  await rig.ask('DEL', 'shop:orders:2', 'shop:orders:4');
  const part = (index: number, last: boolean): Part => ({ transaction: 't', index, last });
  await sink.write(batch([create([5, 'x', 1]), remove([1, 'a', 1])], part(0, false)), never);
  await sink.write(batch([remove([2, 'a', 1]), update([3, 'a', 1], [6, 'a', 1])], part(1, false)), never);
  // So much ends the MULTI, and the next part begins another.
  await sink.write(batch([create([7, 'long '.repeat(400), 1])], part(2, false)), never);
  assert.deepEqual(sink.figures!().keys, [{ mode: 'mirror', hit: 2, nothing: 1 }]);
  await sink.write(batch([create([8, 'x', 1]), remove([4, 'a', 1])], part(3, true)), never);
  assert.deepEqual(sink.figures!().keys, [{ mode: 'mirror', hit: 2, nothing: 2 }]);
});

test('what is written once more in place of a wrong type does not count twice', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink();
  await sink.claim('log');
  await rig.ask('SET', 'shop:orders:1', 'no hash');
  await rig.ask('HSET', 'shop:orders:2', 'id', 2);
  await sink.write(batch([create([1, 'a', 1]), remove([2, 'a', 1])]), never);
  assert.deepEqual(sink.figures!().keys, [{ mode: 'mirror', hit: 1, nothing: 0 }]);
});
