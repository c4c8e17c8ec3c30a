import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../../core/array-row-images.ts';
import type { Position } from '../../../../core/batch.ts';
import type { Change } from '../../../../core/change.ts';
import { isMillraceError } from '../../../../core/errors.ts';
import type { Log } from '../../../../core/log.ts';
import { position } from '../../../../core/position.ts';
import type { Row } from '../../../../core/value.ts';
import { systemClock } from '../../../../pipeline/system-clock.ts';
import { RedisClusterRig } from '../../../../testing/redis-cluster-rig.ts';
import { HeldRows, readRedis } from '../../../../testing/redis-source-rig.ts';
import { origin } from '../../../../testing/sample-origin.ts';
import { ordersTable } from '../../../../testing/sample-tables.ts';
import type { LaunchedRedis } from '../../../../testing/servers/launch-redis.ts';
import { launchRedisCluster } from '../../../../testing/servers/launch-redis-cluster.ts';
import { redisSource } from '../connector.ts';

const settings = {
  schema: `CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40), n INT);
    CREATE TABLE shop.tags (user INT, tag VARCHAR(40), PRIMARY KEY (user, tag))`,
  'source.tableId-to-key.mapping': 'shop.users=user:%{id};shop.tags=tags:%{user}',
  'source.tableId-to-type.mapping': 'shop.tags=set',
};
const deleting = { ...settings, 'deletes.policy': 'delete' };

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

// The spare would follow whoever takes its last slot.
const settled = { 'cluster-allow-replica-migration': 'no' };
const launched = launchRedisCluster({ replicas: 1, spares: 1, settings: settled });
after(async () => await (await launched)[Symbol.asyncDispose]());

/** A command about one key, at the node that has it. */
const at = async (rig: RedisClusterRig, ...command: readonly [string, string, ...string[]]): Promise<void> => {
  const owner = await rig.ownerOf(command[1]);
  await rig.on(owner, async (node) => void (await node.command(...command)));
};

const isReadAgain = (words: string): boolean => /no longer has|are gone|another node/.test(words);
const placesOf = (held: HeldRows): number => [...held.positions.values()].join().split(',').length;
const idsOf = (held: HeldRows): readonly number[] =>
  [...held.rows.keys()].filter((key) => key.startsWith('users')).map((key) => Number(key.split(' ')[1]));

test('the keys of all nodes are rows, what changes on any of them follows, and reading goes on after a restart', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const [first] = rig.primaries as readonly [LaunchedRedis];
  for (let id = 0; id < 60; id += 1) await at(rig, 'HSET', `user:${id}`, 'name', `n${id}`, 'n', '1');
  await at(rig, 'SADD', 'tags:1', 'a', 'b');
  await at(rig, 'SET', 'other', 'of no table');
  const directory = await mkdtemp(join(tmpdir(), 'millrace-cluster-test-'));
  after(async () => await rm(directory, { recursive: true }));
  const kept = { ...deleting, 'spool.directory': directory };
  const held = new HeldRows();
  await readRedis(first, held, () => held.marks.length === 4, kept);
  assert.deepEqual(held.marks.toSorted(), ['begin tags', 'begin users', 'end tags', 'end users']);
  assert.equal(idsOf(held).length, 60);
  // One place for each node.
  assert.equal(placesOf(held), 3);

  held.rows.clear();
  for (let id = 50; id < 70; id += 1) await at(rig, 'HSET', `user:${id}`, 'n', '2');
  await at(rig, 'DEL', 'user:7');
  await at(rig, 'SREM', 'tags:1', 'a');
  held.rows.set('users 7', []);
  held.rows.set('tags 1 a', []);
  await readRedis(
    first,
    held,
    () => idsOf(held).length === 20 && !held.rows.has('users 7') && !held.rows.has('tags 1 a'),
    kept,
  );
  // A history for each node.
  assert.equal((await readdir(directory)).length, 3);
  assert.ok(idsOf(held).every((id) => held.rows.get(`users ${id}`)?.[2] === 2));
  assert.ok(!held.said.some(isReadAgain), held.said.join('\n'));
});

test('a slot that moves while its keys change takes no row with it, and what is gone goes wherever it was', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const key = (id: number): string => `{moving}:${id}`;
  const moving = { ...deleting, 'source.tableId-to-key.mapping': 'shop.users={moving}:%{id};shop.tags=tags:%{user}' };
  const from = await rig.ownerOf(key(1));
  const to = rig.primaries.find((each) => each !== from)!;
  const write = async (node: LaunchedRedis, id: number, n: string): Promise<void> =>
    await rig.on(node, async (connection) => void (await connection.command('HSET', key(id), 'n', n)));
  for (let id = 1; id <= 6; id += 1) await write(from, id, '1');
  const held = new HeldRows();
  const deleted = new Set<string>();
  let step = 0;
  let moves: Promise<void> = Promise.resolve();
  const move = async (): Promise<void> => {
    const slot = await rig.beginMove(key(1), from, to);
    await write(from, 1, '2');
    await rig.moveKey(key(2), from, to);
    await rig.on(to, async (node) => {
      // A new key of a slot on its way, one that came, and one that goes there.
      for (const command of [
        ['HSET', key(7), 'n', '7'],
        ['HSET', key(2), 'n', '2'],
      ] as const) {
        await node.command('ASKING');
        await node.command(...command);
      }
    });
    await rig.moveKey(key(3), from, to);
    await rig.on(to, async (node) => {
      await node.command('ASKING');
      await node.command('DEL', key(3));
    });
    await rig.on(from, async (node) => void (await node.command('DEL', key(4))));
    await rig.endMove(slot, from, to);
    await write(to, 5, '3');
    await rig.on(to, async (node) => void (await node.command('DEL', key(6))));
    await write(to, 9, '9');
  };
  await readRedis(
    from,
    held,
    () => {
      if (step === 0 && held.positions.size > 0) {
        step = 1;
        moves = move();
      }
      for (const id of [1, 2, 5]) if (step === 1 && !held.rows.has(`users ${id}`)) deleted.add(`users ${id}`);
      const gone = [3, 4, 6].every((id) => !held.rows.has(`users ${id}`));
      return step === 1 && gone && held.rows.has('users 9') && held.rows.get('users 5')?.[2] === 3;
    },
    moving,
  );
  await moves;
  assert.deepEqual(Object.fromEntries([...held.rows].map(([name, row]) => [name, row[2]])), {
    'users 1': 2,
    'users 2': 2,
    'users 5': 3,
    'users 7': 7,
    'users 9': 9,
  });
  assert.deepEqual([...deleted], []);
  const back = await rig.beginMove(key(1), to, from);
  await rig.endMove(back, to, from);
});

test('a replica that takes the place of its primary goes on where that ended, and the other nodes go on, too', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [first, second] = rig.primaries as readonly [LaunchedRedis, LaunchedRedis];
  const [replica] = cluster.replicas as readonly [LaunchedRedis];
  for (let id = 0; id < 30; id += 1) await at(rig, 'HSET', `user:${id}`, 'n', '1');
  const held = new HeldRows();
  await readRedis(second, held, () => idsOf(held).length === 30 && held.positions.size > 0, settings);
  held.rows.clear();
  for (let id = 0; id < 30; id += 1) await at(rig, 'HSET', `user:${id}`, 'n', '2');
  await rig.on(first, async (node) => void (await node.command('WAIT', 1, 0)));
  await cluster.failOver(first, replica);
  rig.primaries = [replica, ...cluster.primaries.slice(1)];
  for (let id = 30; id < 40; id += 1) await at(rig, 'HSET', `user:${id}`, 'n', '3');
  await readRedis(second, held, () => idsOf(held).length === 40, settings);
  assert.ok([...held.rows.values()].every((row) => row[2] === 2 || row[2] === 3));
  assert.ok(!held.said.some(isReadAgain), held.said.join('\n'));
  await first.start();
  await cluster.follows(first);
  await cluster.failOver(replica, first);
  await replica.start();
  await cluster.follows(replica);
});

test('a node that gets its first slot is followed, and let go of once it has none and all of it was read', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [first] = rig.primaries as readonly [LaunchedRedis];
  const [added] = cluster.spares as readonly [LaunchedRedis];
  const key = (id: number): string => `{new}:${id}`;
  const from = await rig.ownerOf(key(1));
  const mapped = { ...deleting, 'source.tableId-to-key.mapping': 'shop.users={new}:%{id};shop.tags=tags:%{user}' };
  const set = async (node: LaunchedRedis, id: number, n: number): Promise<void> =>
    await rig.on(node, async (connection) => void (await connection.command('HSET', key(id), 'n', n)));
  for (let id = 1; id <= 4; id += 1) await set(from, id, 1);
  const held = new HeldRows();
  await readRedis(first, held, () => held.positions.size > 0, mapped);
  assert.equal(placesOf(held), 3);
  // Moved, changed and deleted there before anybody follows it.
  await set(from, 4, 2);
  await rig.endMove(await rig.beginMove(key(1), from, added), from, added);
  await rig.on(added, async (node) => void (await node.command('DEL', key(2))));
  await set(added, 3, 3);
  const n = (id: number): unknown => held.rows.get(`users ${id}`)?.[2];
  const isThere = (): boolean => n(3) === 3 && n(4) === 2 && n(2) === undefined && placesOf(held) === 4;
  await readRedis(first, held, isThere, mapped);
  assert.deepEqual(idsOf(held).toSorted(), [1, 3, 4]);
  // While it is read.
  let moves: Promise<void> | null = null;
  const moveBack = async (): Promise<void> => {
    await set(added, 5, 5);
    await rig.on(added, async (node) => void (await node.command('DEL', key(1))));
    await rig.endMove(await rig.beginMove(key(1), added, from), added, from);
    await set(from, 6, 6);
  };
  const isBack = (): boolean => {
    moves ??= moveBack();
    return held.rows.has('users 6') && placesOf(held) === 3 && held.said.some((words) => /let go of/.test(words));
  };
  await readRedis(first, held, isBack, mapped);
  await moves;
  assert.deepEqual(idsOf(held).toSorted(), [3, 4, 5, 6]);
  assert.ok(!held.said.some((words) => /are gone/.test(words)));
});

test('what a millrace sink wrote is passed over on every node', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const [first] = rig.primaries as readonly [LaunchedRedis];
  const both = {
    schema: 'CREATE TABLE shop.orders (id INT PRIMARY KEY, status VARCHAR(20), total INT)',
    'skip.own.writes': true,
    'scan.startup.mode': 'latest-offset',
  };
  const held = new HeldRows();
  await readRedis(first, held, () => held.positions.size > 0, both);
  {
    await using sink = await rig.sink();
    await sink.claim('log');
    const rows = new ArrayRowImages(ordersTable, {
      before: null,
      after: Array.from({ length: 60 }, (_, id): Row => [id, 'new', 1]),
    });
    const change: Change = { kind: 'rows', op: 'create', table: ordersTable, rows, origin };
    const batch = { changes: [change], positions: new Map([['log', position('place')]]), version: '1' };
    await sink.write(batch, new AbortController().signal);
  }
  for (const id of [70, 71, 72]) await at(rig, 'HSET', `shop:orders:${id}`, 'status', 'of an application');
  await readRedis(first, held, () => held.rows.size === 3, both);
  assert.deepEqual([...held.rows.keys()].toSorted(), ['orders 70', 'orders 71', 'orders 72']);
});

test('a node that no longer has what is held is read again alone, and with deletes all nodes are', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const [first] = rig.primaries as readonly [LaunchedRedis];
  const on: number[] = [];
  for (let id = 0; id < 30; id += 1) {
    await at(rig, 'HSET', `user:${id}`, 'n', '1');
    if ((await rig.ownerOf(`user:${id}`)) === first) on.push(id);
  }
  const held = new HeldRows();
  await readRedis(first, held, () => held.positions.size > 0, settings);
  const [[lane, place]] = [...held.positions] as [[string, Position]];
  const history = String(await rig.on(first, (node) => node.command('INFO', 'replication')));
  const id = /master_replid:(\w+)/.exec(history)![1]!;
  for (const [more, expected] of [
    [settings, on],
    [deleting, Array.from({ length: 30 }, (_, each) => each)],
  ] as const) {
    held.rows.clear();
    held.marks.length = 0;
    held.positions.set(lane, position(place.replace(id, 'f'.repeat(40))));
    await readRedis(first, held, () => held.positions.get(lane)!.includes(id), more);
    assert.deepEqual(
      idsOf(held).toSorted((one, other) => one - other),
      expected,
    );
    assert.deepEqual(held.marks, more === settings ? [] : ['begin users', 'end users']);
    assert.ok(held.said.some((words) => /are gone with what came after/.test(words)));
  }
});

test('a node that was emptied keeps its rows, also where all is read again, until that is confirmed', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const twice = { ...deleting, 'flushes.policy': 'confirm' };
  const [first, second, third] = rig.primaries as readonly [LaunchedRedis, LaunchedRedis, LaunchedRedis];
  for (let id = 0; id < 30; id += 1) await at(rig, 'HSET', `user:${id}`, 'n', '1');
  const held = new HeldRows();
  await readRedis(first, held, () => held.marks.includes('end users'), twice);
  await rig.on(second, async (node) => void (await node.command('FLUSHALL')));
  await at(rig, 'HSET', 'user:100', 'n', '1');
  await readRedis(first, held, () => held.rows.has('users 100'), twice);
  assert.equal(idsOf(held).length, 31);
  assert.ok(held.said.some((words) => /emptied at once/.test(words)));
  // As a target does that holds nothing.
  held.marks.length = 0;
  held.positions.clear();
  const isEmpty = (await rig.ownerOf('user:100')) !== second;
  await readRedis(third, held, () => held.positions.size > 0, twice);
  if (isEmpty) {
    assert.deepEqual(held.marks, []);
    assert.ok(held.said.some((words) => /has no keys at all/.test(words)));
  }
  held.marks.length = 0;
  const stop = systemClock.monotonic() + 60_000;
  const reading = readRedis(first, held, () => held.marks.length === 4, twice);
  await at(rig, 'SET', 'millrace:empty:test', 'yes');
  await reading;
  assert.ok(systemClock.monotonic() < stop);
  assert.deepEqual(held.marks.slice(-2).toSorted(), ['end tags', 'end users']);
});

test('doctor looks at every primary; one database is all that a cluster has, and a scan is of one server', async () => {
  const cluster = await launched;
  const rig = await RedisClusterRig.open(cluster);
  const [first, second] = rig.primaries as readonly [LaunchedRedis, LaunchedRedis];
  for (const node of rig.primaries) {
    await rig.on(node, async (connection) => {
      const rules = ['~*', '+@all', '-asking', ...(node === second ? ['-psync'] : [])];
      await connection.command('ACL', 'SETUSER', 'reader', 'on', '>secret', ...rules);
    });
  }
  const account = { username: 'reader', password: 'secret' };
  const codes = async (more: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
    const config = redisSource.config.parse({
      hostname: first.host,
      port: first.port,
      ...settings,
      ...account,
      ...more,
    });
    const problems = await redisSource.check(config, { pipeline: 'test', clock: systemClock, log: silentLog });
    return problems.flatMap(({ code, message, severity }) => (severity === 'error' ? [`${code} ${message}`] : []));
  };
  const refused = (await codes({})).map((text) => text.replace(/^(\S+) 127.* run (\S+)$/, '$1 $2'));
  assert.deepEqual(refused, [
    'REDIS_NOT_PERMITTED asking',
    'REDIS_NOT_PERMITTED psync',
    'REDIS_NOT_PERMITTED asking',
    'REDIS_NOT_PERMITTED asking',
  ]);
  assert.ok((await codes({ database: 1 })).some((text) => /^CONFIG_WRONG_VALUE .*database 0 alone/.test(text)));
  assert.match((await codes({ mode: 'scan' })).join(), /^REDIS_SOURCE_CLUSTER/);
  for (const [more, code] of [
    [{ database: 1 }, 'CONFIG_WRONG_VALUE'],
    [{ mode: 'scan' }, 'REDIS_SOURCE_CLUSTER'],
    [account, 'REDIS_NOT_PERMITTED'],
  ] as const) {
    await assert.rejects(
      readRedis(first, new HeldRows(), () => false, { ...settings, ...more }),
      (error) => isMillraceError(error, code),
    );
  }
});
