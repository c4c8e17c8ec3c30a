/** A row that EXEC refuses is put right by the next command. What becomes of it when the writer dies before that. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Change, Op } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { FaultProxy } from '../../../testing/fault-proxy.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

const launched = launchRedis();
after(async () => await (await launched)[Symbol.asyncDispose]());

const never = new AbortController().signal;
const events = table('events', [column('id', int, { nullable: false }), column('what', varchar)], [0]);

const rows = (target: Table, op: Op, before: Row[] | null, after: Row[] | null): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before, after }),
  origin,
});
const create = (target: Table, ...after: Row[]): Change => rows(target, 'create', null, after);
const batch = (number: number, ...changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(`place-${number}`)]]),
  version: String(number).padStart(10, '0'),
});

/** Writes through a connection that breaks before the answer to the last of the batches arrives. */
const writtenUnseen = async (rig: RedisSinkRig, batches: readonly Batch[], settings = {}): Promise<void> => {
  await using proxy = await FaultProxy.start(rig.server);
  await using sink = await rig.sink({ hostname: proxy.host, port: proxy.port, ...settings });
  await sink.claim('log');
  for (const each of batches.slice(0, -1)) await sink.write(each, never);
  proxy.cutAfter(1);
  await assert.rejects(sink.write(batches.at(-1)!, never), { retryable: true });
  const { positions } = batches.at(-1)!;
  assert.equal(String(await rig.ask('HGET', 'millrace:position:test', 'log')), positions.get('log'));
};

test('a row that was refused is put right by the next writer, which reads it again', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await rig.ask('SET', 'shop:orders:2', 'mine');
  const last = batch(2, create(ordersTable, [2, 'new', 2], [3, 'new', 3]));
  await writtenUnseen(rig, [batch(1, create(ordersTable, [1, 'new', 1])), last]);
  assert.equal(String(await rig.ask('GET', 'shop:orders:2')), 'mine');
  {
    await using next = await rig.sink();
    assert.equal(await next.claim('log'), 'place-1');
    assert.match(rig.said.at(-1)!.message, /did not see whether its last rows were taken/);
    // Nor does the one after it forget, if this one comes to nothing.
    await using third = await rig.sink();
    assert.equal(await third.claim('log'), 'place-1');
    await third.write(last, never);
    assert.deepEqual(await rig.hash('shop:orders:2'), { id: '2', status: 'new', total: '2' });
  }
  await using fourth = await rig.sink();
  assert.equal(await fourth.claim('log'), 'place-2');
});

test('where nothing was held before, a snapshot is read again from the start; other lanes stay where they are', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const other = { ...batch(7, create(ordersTable, [7, 'new', 7])), positions: new Map([['other', position('far')]]) };
  await writtenUnseen(rig, [other, batch(1, rows(ordersTable, 'read', null, [[1, 'new', 1]]))]);
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), null);
  assert.equal(await next.claim('other'), 'far');
});

test('the first rows of a log are not gone back behind: who follows it from its end would pass over what came since', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const other = { ...batch(7, create(ordersTable, [7, 'new', 7])), positions: new Map([['other', position('far')]]) };
  const many = Array.from({ length: 100 }, (_, id): Row => [100 + id, 'new', id]);
  await writtenUnseen(rig, [other, batch(1, create(ordersTable, ...many))]);
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), 'place-1');
});

test('what was answered is not read again, whatever becomes of the writer', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(batch(1, create(ordersTable, [1, 'new', 1])), never);
  await rig.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), 'place-1');
  assert.deepEqual((await rig.ask('HKEYS', 'millrace:position:test')) as readonly Buffer[], [Buffer.from('log')]);
});

test('entries of streams do not come twice: what was written with them is not read again', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const settings = {
    'sink.tableId-to-value.mapping': 'shop.events=stream',
    'sink.tableId-to-key.mapping': 'shop.events=events',
  };
  const mixed = batch(2, create(events, [1, 'click']), create(ordersTable, [1, 'new', 1]));
  const first = batch(1, create(ordersTable, [1, 'old', 1]), create(events, [0, 'click']));
  await writtenUnseen(rig, [first, mixed], settings);
  await using next = await rig.sink(settings);
  assert.equal(await next.claim('log'), 'place-2');
  assert.equal(await rig.ask('XLEN', 'events'), 2);
});

test('a definition that was followed is not gone back behind, nor are the rows that came with it lost', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const without = table('orders', ordersTable.columns.slice(0, 2), [0]);
  const dropped: Change = { kind: 'schema', before: ordersTable, after: without, statement: 'DROP COLUMN', origin };
  await rig.ask('SET', 'shop:orders:2', 'mine');
  const both = batch(2, create(ordersTable, [1, 'new', 1]), dropped, create(without, [2, 'new']));
  await writtenUnseen(rig, [batch(1), batch(2)]);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(both, never);
  assert.deepEqual(await rig.hash('shop:orders:1'), { id: '1', status: 'new' });
  assert.deepEqual(await rig.hash('shop:orders:2'), { id: '2', status: 'new' });
  assert.deepEqual((await rig.ask('HKEYS', 'millrace:position:test')) as readonly Buffer[], [Buffer.from('log')]);
});

test('a part of a row that was renamed may be renamed again, in whichever part of a large transaction', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(batch(1, create(ordersTable, [1, 'new', 1])), never);
  const renamed = rows(ordersTable, 'update', [[1, undefined, undefined]], [[2, undefined, undefined]]);
  const part = (index: number, last: boolean, ...changes: readonly Change[]): Batch => ({
    ...batch(2, ...changes),
    ...(last ? {} : { positions: new Map() }),
    part: { transaction: 't', index, last },
  });
  for (let time = 0; time < 2; time += 1) {
    await sink.write(part(0, false, create(ordersTable, [8, 'new', 8]), renamed), never);
    await sink.write(part(1, true, create(ordersTable, [9, 'new', 9])), never);
    assert.deepEqual(await rig.hash('shop:orders:2'), { id: '2', status: 'new', total: '1' });
  }
});
