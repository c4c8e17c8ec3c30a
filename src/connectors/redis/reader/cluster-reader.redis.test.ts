/** What is held is read back, compared and repaired wherever it is: on the nodes of a cluster, and behind Sentinels. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { RedisClusterRig } from '../../../testing/redis-cluster-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
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

test('lists, rows within rows and indexes are read and repaired on the nodes that have them', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const settings = {
    'sink.tableId-to-nest.mapping': 'shop.lines=shop.orders(id=order_id)',
    'sink.tableId-to-index.mapping': 'shop.orders=status',
    'sink.tableId-to-value.mapping': 'shop.steps=list(what,place)',
    'sink.tableId-to-key.mapping': 'shop.steps=steps:%{plan}',
  };
  const columns = [column('id', int, { nullable: false }), column('order_id', int), column('sku', varchar)];
  const lines = table('lines', columns, [0]);
  const steps = table(
    'steps',
    [column('id', int, { nullable: false }), column('plan', int), column('place', int), column('what', varchar)],
    [0],
  );
  const created = (of: Table, after: readonly Row[]): Change => ({
    kind: 'rows',
    op: 'create',
    table: of,
    rows: new ArrayRowImages(of, { before: null, after }),
    origin,
  });
  const lineRows = Array.from({ length: 60 }, (_, id): Row => [id, id % 30, `sku ${id}`]);
  const stepRows = Array.from({ length: 60 }, (_, id): Row => [id, id % 20, 100 - id, `step ${id}`]);
  await using sink = await rig.sink(settings);
  await sink.claim('log');
  await sink.write(
    { ...written, changes: [...written.changes, created(lines, lineRows), created(steps, stepRows)] },
    never,
  );
  await using reader = new RedisReader(redisSink.config.parse({ ...rig.address, ...settings }), context);
  const sides: [Table, Table, readonly Row[]][] = [];
  for (const [of, rowsOf] of [
    [ordersTable, rows],
    [lines, lineRows],
    [steps, stepRows],
  ] as const) {
    sides.push([of, (await reader.describeAs(of))!, rowsOf]);
    for (const index of await reader.indexesOf(of)) sides.push([of, index, rowsOf]);
  }
  /** `table index-of-row …, beside key …`. */
  const differing = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const [of, held, rowsOf] of sides) {
      const form = reader.heldForm(held);
      const audit = reader.audit(held);
      const otherwise = await audit.heldOtherwise([new ArrayRowImages(of, { before: null, after: rowsOf })], never);
      for (const { index, held: is } of otherwise) {
        const due = form === null ? rowsOf[index]! : form.of(rowsOf[index]!, is);
        if (String(due) !== String(is?.map((value, at) => (value === undefined ? due?.[at] : value))))
          found.push(`${held.name} ${index}`);
      }
      for (let last = false; !last; ) {
        const page = await audit.others(1000, never);
        for (const key of [...page.keys, ...(page.wrong ?? [])]) found.push(`${held.name} beside ${key}`);
        last = page.last;
      }
    }
    return found.toSorted();
  };
  assert.deepEqual(await differing(), []);
  const counted: number[] = [];
  for (const [, held] of sides) counted.push(await reader.count(held, never));
  assert.deepEqual(counted, [300, 300, 60, 60]);

  const change = async (key: string, ...command: string[]): Promise<void> => {
    await rig.on(await rig.ownerOf(key), (node) => node.command(...command));
  };
  await change('shop:orders:3', 'HSET', 'shop:orders:3', 'lines:3', '{}');
  await change('shop:orders:4', 'HDEL', 'millrace:nest:{shop:orders:4}', 'lines:34');
  await change('shop:orders:5', 'HSET', 'millrace:nest:{shop:orders:5}', 'lines:900', '{}');
  const index = 'idx:shop:orders:status:state 7';
  await change(index, 'SADD', index, 'shop:orders:8');
  await change(index, 'SREM', index, 'shop:orders:7');
  await change('steps:9', 'UNLINK', 'steps:9');
  const wrong = [
    'lines 3',
    'lines 34',
    'lines beside 900,5',
    'orders index status 7',
    'orders index status beside 8,state 7',
  ];
  assert.deepEqual(await differing(), [...wrong, ...[9, 29, 49].map((id) => `steps beside ${id},9`)].toSorted());
  const repair = async (held: Table, key: Row, row: Row | null): Promise<void> => {
    await reader.repairs.apply(await reader.repairs.statements(held, [{ key, row }]), never);
  };
  const named = (name: string): Table => sides.find(([, held]) => held.name === name)![1];
  await repair(named('lines'), [3, 3], lineRows[3]!);
  await repair(named('lines'), [34, 4], lineRows[34]!);
  await repair(named('lines'), [900, 5], null);
  await repair(named('orders index status'), [7, 'state 7'], rows[7]!);
  await repair(named('orders index status'), [8, 'state 7'], null);
  await repair(named('steps'), [9, 9], stepRows[9]!);
  assert.deepEqual(await differing(), []);
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
