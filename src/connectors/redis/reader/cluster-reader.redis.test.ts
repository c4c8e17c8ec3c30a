/** What is held is read back, compared and repaired wherever it is: on the nodes of a cluster, and behind Sentinels. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import { position } from '../../../core/position.ts';
import type { Row } from '../../../core/value.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { RedisClusterRig } from '../../../testing/redis-cluster-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { launchRedisCluster } from '../../../testing/servers/launch-redis-cluster.ts';
import { launchSentinel } from '../../../testing/servers/launch-sentinel.ts';
import { redisSink } from '../sink/connector.ts';
import { RedisReader } from './reader.ts';

const launched = launchRedisCluster();
after(async () => await (await launched)[Symbol.asyncDispose]());

const never = new AbortController().signal;
const context = { pipeline: 'test', clock: systemClock, log: { debug() {}, info() {}, warn() {}, error() {} } };
const rows = Array.from({ length: 300 }, (_, id): Row => [id, `state ${id}`, id * 100]);
const images = new ArrayRowImages(ordersTable, { before: null, after: rows });
const written: Batch = {
  changes: [{ kind: 'rows', op: 'create', table: ordersTable, rows: images, origin }],
  positions: new Map([['log', position('place-1')]]),
  version: '1',
};

/** What is different, by index, and which keys are there beside the rows. */
const looked = async (reader: RedisReader) => {
  const audit = reader.audit(ordersTable)!;
  const otherwise = await audit.heldOtherwise([images], never);
  const others: unknown[] = [];
  for (let last = false; !last; ) {
    const page = await audit.others(1000, never);
    others.push(...page.keys.map(([id]) => id));
    last = page.last;
  }
  const unlike = otherwise.filter(({ index, held }) => String(held) !== String(rows[index]));
  return { unlike: unlike.map(({ index }) => index).toSorted((one, other) => one - other), others };
};

test('every node is looked at, and a row is repaired where it is', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(written, never);
  await using reader = new RedisReader(redisSink.config.parse(rig.address), context);
  await reader.describeAs(ordersTable);
  assert.deepEqual(await reader.held('log'), ['place-1']);
  assert.deepEqual(await looked(reader), { unlike: [], others: [] });
  assert.equal(await reader.count(ordersTable, never), 300);

  const change = async (key: string, ...command: string[]): Promise<void> => {
    await rig.on(await rig.ownerOf(key), (node) => node.command(...command));
  };
  for (const id of [3, 4, 5])
    await change(`shop:orders:${id}`, 'HSET', `shop:orders:${id}`, 'status', 'changed by hand');
  await change('shop:orders:7', 'DEL', 'shop:orders:7');
  await change('shop:orders:900', 'HSET', 'shop:orders:900', 'id', '900');
  assert.deepEqual(await looked(reader), { unlike: [3, 4, 5, 7], others: [900] });

  const repairs = [...[3, 4, 5, 7].map((id) => ({ key: [id], row: rows[id]! })), { key: [900], row: null }];
  await reader.repairs.apply(await reader.repairs.statements(ordersTable, repairs), never);
  assert.deepEqual(await looked(reader), { unlike: [], others: [] });
});

test('rows of a slot on its way are found on either side', async () => {
  const rig = await RedisClusterRig.open(await launched);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(written, never);
  await using reader = new RedisReader(redisSink.config.parse(rig.address), context);
  await reader.describeAs(ordersTable);
  assert.deepEqual(await looked(reader), { unlike: [], others: [] });
  const from = await rig.ownerOf('shop:orders:1');
  const to = rig.primaries.find((each) => each !== from)!;
  const slot = await rig.beginMove('shop:orders:1', from, to);
  await rig.moveKey('shop:orders:1', from, to);
  // Where it was it is not any more, so it is looked up before anything is said of it.
  assert.deepEqual((await looked(reader)).others, []);
  assert.deepEqual(await reader.lookup(ordersTable, [[1], [2]], never), [rows[1], rows[2]]);
  assert.equal(await reader.count(ordersTable, never), 300);
  await rig.endMove(slot, from, to);
  assert.deepEqual(await reader.lookup(ordersTable, [[1], [2]], never), [rows[1], rows[2]]);
});

test('with Sentinels the primary is read', async () => {
  await using primary = await launchRedis();
  await using sentinel = await launchSentinel(primary, 'shop');
  const config = redisSink.config.parse({
    hostname: sentinel.host,
    port: sentinel.port,
    'sentinel.master-name': 'shop',
  });
  await using sink = await redisSink.openSink!(config, context);
  await sink.claim('log');
  await sink.write(written, never);
  await using reader = new RedisReader(config, context);
  await reader.describeAs(ordersTable);
  assert.deepEqual(await reader.held('log'), ['place-1']);
  assert.deepEqual(await looked(reader), { unlike: [], others: [] });
});
