/** What becomes of rows and positions while something is wrong with a cluster: who sees which error, and that it goes on by itself. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Op, RowsChange } from '../../../core/change.ts';
import type { Sink } from '../../../core/connector.ts';
import { isMillraceError } from '../../../core/errors.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import type { Reply } from '../../../protocol/redis/reply.ts';
import { RedisClusterRig } from '../../../testing/redis-cluster-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, ordersTable, table } from '../../../testing/sample-tables.ts';
import type { LaunchedRedis } from '../../../testing/servers/launch-redis.ts';
import { launchRedisCluster } from '../../../testing/servers/launch-redis-cluster.ts';

const change = (target: Table, op: Op, before: Row[] | null, after: Row[] | null): RowsChange => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before, after }),
  origin,
});
const create = (...after: Row[]): RowsChange => change(ordersTable, 'create', null, after);

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

const launched = launchRedisCluster({ replicas: 1, settings: { appendonly: 'yes', appendfsync: 'always' } });
after(async () => await (await launched)[Symbol.asyncDispose]());

const opened = async (rig: RedisClusterRig, settings = {}): Promise<Sink> => {
  const sink = await rig.sink(settings);
  await sink.claim('log');
  return sink;
};

/** Writes as a pipeline does: after a failure that may pass, a new writer goes on from what is held. */
const writeThrough = async (rig: RedisClusterRig, last: number, settings = {}): Promise<void> => {
  for (;;) {
    try {
      await using sink = await rig.sink(settings);
      const held = await sink.claim('log');
      const from = held === null ? 1 : Number(held.slice('place-'.length)) + 1;
      for (let number = from; number <= last; number += 1)
        await sink.write(batch(number, create(...many(number))), never);
      return;
    } catch (error) {
      if (!isMillraceError(error) || !error.retryable) throw error;
      await sleep(20);
    }
  }
};

const ask = async (rig: RedisClusterRig, node: LaunchedRedis, ...command: (string | number)[]): Promise<Reply> =>
  await rig.on(node, (connection) => connection.command(...command));

const until = async (rig: RedisClusterRig, nodes: readonly LaunchedRedis[], text: string): Promise<void> => {
  for (const node of nodes) while (!String(await ask(rig, node, 'CLUSTER', 'INFO')).includes(text)) await sleep(20);
};

test('commands of several keys wait while one of them has moved and the other has not', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const settings = {
    key: '{all}:%{table}:%{id}',
    'sink.tableId-to-nest.mapping': 'shop.lines=shop.orders(id=order_id) as lines',
  };
  const lines = table('lines', [column('id', int, { nullable: false }), column('order_id', int)], [0]);
  const [from, to] = [await rig.ownerOf('{all}'), rig.primaries.at(-1)!];
  await using sink = await opened(rig, settings);
  await sink.write(batch(1, create([1, 'new', 1]), change(lines, 'create', null, [[7, 1]])), never);

  const slot = await rig.beginMove('{all}', from, to);
  await rig.moveKey('{all}:orders:1', from, to);
  const more = batch(2, change(lines, 'create', null, [[8, 1]]));
  await assert.rejects(sink.write(more, never), { code: 'REDIS_NOT_READY', retryable: true });
  await rig.endMove(slot, from, to);
  await using next = await opened(rig, settings);
  assert.equal(await next.claim('log'), place(1));
  await next.write(more, never);
  assert.deepEqual((await rig.hashes('{all}:orders:*'))['{all}:orders:1'], {
    id: '1',
    status: 'new',
    total: '1',
    'lines:7': '{"id":7}',
    'lines:8': '{"id":8}',
  });
  await rig.endMove(await rig.beginMove('{all}', to, from), to, from);
});

test('rows survive a slot that goes to and fro while they are written', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const settings = { key: '{all}:%{table}:%{id}' };
  let [from, to] = [await rig.ownerOf('{all}'), rig.primaries.at(-1)!];
  let done = false;
  const moving = (async () => {
    while (!done) {
      const slot = await rig.beginMove('{all}', from, to);
      await rig.endMove(slot, from, to);
      [from, to] = [to, from];
    }
  })();
  try {
    await writeThrough(rig, 30, settings);
  } finally {
    done = true;
    await moving;
  }
  const held = Object.values(await rig.hashes('{all}:orders:*')).map(
    ({ id, status, total }) => `${id},${status},${total}`,
  );
  assert.deepEqual(held.toSorted(), texts(many(30)));
  if (from === rig.primaries.at(-1)) await rig.endMove(await rig.beginMove('{all}', from, to), from, to);
});

test('one full node holds the position, is named, and all goes on when it has room', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  // Not the one that has the positions: it would not even be claimed.
  const full = rig.primaries[0]!;
  assert.notEqual(full, await rig.ownerOf('millrace:writer:{test}'));
  await ask(rig, full, 'CONFIG', 'SET', 'maxmemory', 1);
  await assert.rejects(sink.write(batch(2, create(...many(2))), never), (error) => {
    assert.ok(isMillraceError(error, 'REDIS_OUT_OF_MEMORY'), String(error));
    assert.ok(error.retryable && error.message.includes(`${full.host}:${full.port}`), error.message);
    return true;
  });
  {
    await using next = await rig.sink();
    await assert.rejects(next.claim('log'), { code: 'REDIS_OUT_OF_MEMORY' });
    await ask(rig, full, 'CONFIG', 'SET', 'maxmemory', 0);
    assert.equal(await next.claim('log'), place(1));
    await next.write(batch(2, create(...many(2))), never);
  }
  assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(2)));
});

test('a slot that was taken from its node stops all, until somebody has it', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  const owner = await rig.ownerOf('shop:orders:7');
  const slot = keySlot(Buffer.from('shop:orders:7'));
  for (const node of rig.primaries) {
    // The other slots are served meanwhile.
    await ask(rig, node, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
    await ask(rig, node, 'CLUSTER', 'DELSLOTS', slot);
  }
  await assert.rejects(sink.write(batch(2, create(...many(2))), never), { code: 'REDIS_NOT_READY', retryable: true });
  await assert.rejects(opened(rig), (error) => {
    assert.ok(isMillraceError(error, 'REDIS_NOT_READY') && error.retryable);
    assert.match(error.message, /1 of the cluster's 16384 slots are on no node/);
    return true;
  });
  await ask(rig, owner, 'CLUSTER', 'ADDSLOTS', slot);
  await until(rig, rig.primaries, 'cluster_slots_assigned:16384');
  await writeThrough(rig, 2);
  assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(2)));
});

test('a replica that was promoted by hand, in order or not, takes the writes over', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [first] = cluster.primaries as readonly [LaunchedRedis];
  const [replica] = cluster.replicas as readonly [LaunchedRedis];
  let number = 0;
  for (const [node, other, how] of [
    [replica, first, []],
    [first, replica, ['TAKEOVER']],
  ] as const) {
    await using sink = await opened(rig);
    number += 1;
    await sink.write(batch(number, create(...many(number))), never);
    await rig.on(other, async (connection) => void (await connection.command('WAIT', 1, 0)));
    await ask(rig, node, 'CLUSTER', 'FAILOVER', ...how);
    while (!String(await ask(rig, other, 'INFO', 'replication')).includes('role:slave')) await sleep(20);
    await cluster.follows(other);
    rig.primaries = [node, ...cluster.primaries.slice(1)];
    number += 1;
    await writeThrough(rig, number);
    assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(number)));
  }
});

test('an empty node that comes in gets a record, and its slots their rows', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [spare] = cluster.replicas as readonly [LaunchedRedis];
  await using sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  await join(rig, spare, cluster.primaries);
  const owner = await rig.ownerOf('shop:orders:7');
  rig.primaries = [...cluster.primaries, spare];
  await rig.endMove(await rig.beginMove('shop:orders:7', owner, spare), owner, spare);
  await sink.write(batch(2, create(...many(2))), never);
  assert.equal(
    ((await rig.on(spare, (node) => node.command('KEYS', 'millrace:node:*'))) as readonly Buffer[]).length,
    1,
  );
  assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(2)));
  // Replaced at its address by one that holds nothing of it.
  await ask(rig, spare, 'FLUSHALL');
  await ask(rig, spare, 'CLUSTER', 'RESET', 'HARD');
  // Who asks it for the others learns nothing, and asks on.
  const others = cluster.primaries.map(({ host, port }) => `${host}:${port}`).join();
  const astray = await rig.sink({ port: spare.port, 'cluster.others': others }).catch(String);
  if (typeof astray !== 'string') await astray[Symbol.asyncDispose]();
  else assert.doesNotMatch(astray, /16384 of/);
  await assert.rejects(sink.write(batch(3, create(...many(3))), never), { retryable: true });
  await join(rig, spare, cluster.primaries, keySlot(Buffer.from('shop:orders:7')));
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), null);
});

test('a primary without a replica that dies stops all, and all goes on when it is back', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  // The one that came in has a slot.
  rig.primaries = [...cluster.primaries, ...cluster.replicas];
  await until(rig, rig.primaries, 'cluster_state:ok');
  const [first, , dying] = cluster.primaries as readonly LaunchedRedis[];
  const living = rig.primaries.filter((node) => node !== dying);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(...many(1))), never);
  for (const node of living) {
    await ask(rig, node, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'yes');
    await ask(rig, node, 'CONFIG', 'SET', 'cluster-node-timeout', 500);
  }
  await dying!.kill();
  await assert.rejects(sink.write(batch(2, create(...many(2))), never), { retryable: true });
  await until(rig, living, 'cluster_state:fail');
  const open = () => rig.sink({ port: first!.port });
  await assert.rejects(rig.sink({ port: dying!.port }), { code: 'NET_UNREACHABLE', retryable: true });
  await assert.rejects(open(), { retryable: true });
  for (const node of living) await ask(rig, node, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
  await assert.rejects(open(), { code: 'NET_UNREACHABLE', retryable: true });
  for (const node of living) await ask(rig, node, 'CONFIG', 'SET', 'cluster-node-timeout', 60_000);
  await dying!.start();
  await until(rig, rig.primaries, 'cluster_state:ok');
  await using next = await open();
  assert.equal(await next.claim('log'), place(1));
  await next.write(batch(2, create(...many(2))), never);
  assert.deepEqual(texts(await rig.rows(ordersTable)), texts(many(2)));
});

/** Has a node that is alone be one of the cluster; with a slot, as its owner. */
const join = async (
  rig: RedisClusterRig,
  node: LaunchedRedis,
  others: readonly LaunchedRedis[],
  slot?: number,
): Promise<void> => {
  if (String(await ask(rig, node, 'INFO', 'replication')).includes('role:slave'))
    await ask(rig, node, 'CLUSTER', 'RESET');
  // It waits about as long before it takes writes.
  await ask(rig, node, 'CONFIG', 'SET', 'cluster-node-timeout', 1000);
  const id = String(await ask(rig, node, 'CLUSTER', 'MYID'));
  for (const other of others) {
    const address = String(await ask(rig, other, 'CLUSTER', 'MYID'));
    const line = String(await ask(rig, other, 'CLUSTER', 'NODES'))
      .split('\n')
      .find((each) => each.startsWith(address))!;
    const [, busPort] = /@(\d+)/.exec(line)!;
    await ask(rig, node, 'CLUSTER', 'MEET', other.host, other.port, busPort!);
  }
  for (const other of others) {
    for (;;) {
      const line = String(await ask(rig, other, 'CLUSTER', 'NODES'))
        .split('\n')
        .find((each) => each.startsWith(id));
      if (line?.includes('master')) break;
      await sleep(20);
    }
  }
  if (slot !== undefined) {
    for (const each of [node, ...others]) await ask(rig, each, 'CLUSTER', 'SETSLOT', slot, 'NODE', id);
  }
  await until(rig, [node], 'cluster_slots_assigned:16384');
  await until(rig, [node], 'cluster_state:ok');
  // On a loaded machine the others would be silent for as long, and it would stop again.
  await ask(rig, node, 'CONFIG', 'SET', 'cluster-node-timeout', 60_000);
};
