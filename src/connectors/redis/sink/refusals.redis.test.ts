import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Op, RowsChange } from '../../../core/change.ts';
import type { Sink } from '../../../core/connector.ts';
import { type ErrorCode, isMillraceError } from '../../../core/errors.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, eventsTable, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
import { type LaunchedRedis, launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSinkConfig } from './config.ts';
import { redisSink } from './connector.ts';
import { openRedisSink } from './sink.ts';

const change = (target: Table, op: Op, images: { before?: Row[]; after?: Row[] }): RowsChange => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before: images.before ?? null, after: images.after ?? null }),
  origin,
});

const create = (target: Table, ...after: Row[]): RowsChange => change(target, 'create', { after });
const update = (target: Table, before: Row, after: Row): RowsChange =>
  change(target, 'update', { before: [before], after: [after] });

const batch = (number: number, ...changes: Batch['changes']): Batch => ({
  changes,
  positions: new Map([['log', position(`place-${number}`)]]),
  version: String(number).padStart(10, '0'),
});

const never = new AbortController().signal;

const failsWith = async (promise: Promise<unknown>, code: ErrorCode, retryable: boolean): Promise<void> => {
  await assert.rejects(promise, (error) => {
    assert.ok(isMillraceError(error, code), `expected ${code}, got ${error}`);
    assert.equal(error.retryable, retryable);
    return true;
  });
};

const opened = async (rig: RedisSinkRig, settings = {}): Promise<Sink> => {
  const sink = await rig.sink(settings);
  await sink.claim('log');
  return sink;
};

const codesOf = async ({ host, port }: LaunchedRedis, settings = {}): Promise<readonly string[]> => {
  const config = redisSink.config.parse({ hostname: host, port, ...settings });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return (await redisSink.check(config, { pipeline: 'test', clock: systemClock, log })).map(({ code }) => code);
};

const one: Row = [1, 'new', 100];
const two: Row = [2, 'new', 200];

test('a flushed Redis is noticed by the next write, heartbeats among them, and asked anew', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(ordersTable, one)), never);
  await rig.ask('FLUSHALL');
  await failsWith(sink.write(batch(2), never), 'REDIS_DATA_LOST', true);
  await failsWith(sink.write(batch(3, create(ordersTable, two)), never), 'REDIS_DATA_LOST', true);
  assert.deepEqual(await rig.rows(ordersTable), []);
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), null);
});

test('a write that a full Redis refuses moves nothing, and passes once there is room', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(ordersTable, one)), never);
  await rig.ask('CONFIG', 'SET', 'maxmemory', 1);
  await failsWith(sink.write(batch(2, create(ordersTable, two)), never), 'REDIS_OUT_OF_MEMORY', true);
  await rig.ask('CONFIG', 'SET', 'maxmemory', 0);
  await using next = await rig.sink();
  assert.equal(await next.claim('log'), 'place-1');
  assert.deepEqual(await rig.rows(ordersTable), [['1', 'new', '100']]);
  await next.write(batch(2, create(ordersTable, two)), never);
  assert.equal((await rig.rows(ordersTable)).length, 2);
});

test('a server that became a replica takes no write and no new sink, until it is a primary again', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await rig.ask('REPLICAOF', '127.0.0.1', 1);
  await failsWith(sink.write(batch(1, create(ordersTable, one)), never), 'REDIS_NOT_READY', true);
  await failsWith(rig.sink(), 'REDIS_NOT_READY', true);
  assert.deepEqual(await codesOf(redis), ['REDIS_NOT_READY', 'REDIS_SINK_UNSAVED']);
  await rig.ask('REPLICAOF', 'NO', 'ONE');
  await using next = await opened(rig);
  await next.write(batch(1, create(ordersTable, one)), never);
});

test('a replica that took over without the last writes says the position that its rows are of, and takes them again', async () => {
  await using primary = await launchRedis();
  await using replica = await launchRedis({ settings: { replicaof: `${primary.host} ${primary.port}` } });
  await using rig = await RedisSinkRig.open(primary);
  await using other = await connectRedis(replica);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(ordersTable, one)), never);
  while ((await rig.ask('WAIT', 1, 100)) !== 1);
  await other.command('REPLICAOF', 'NO', 'ONE');
  await sink.write(batch(2, create(ordersTable, two), update(ordersTable, one, [1, 'lost', 1])), never);
  const promoted = redisSinkConfig.parse({ hostname: replica.host, port: replica.port });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await using next = await openRedisSink(promoted, { pipeline: 'test', clock: systemClock, log });
  assert.equal(await next.claim('log'), 'place-1');
  assert.deepEqual((await other.command('HMGET', 'shop:orders:1', 'status', 'total')) as unknown, [
    Buffer.from('new'),
    Buffer.from('100'),
  ]);
  assert.equal(await other.command('EXISTS', 'shop:orders:2'), 0);
  await next.write(batch(2, create(ordersTable, two), update(ordersTable, one, [1, 'lost', 1])), never);
  assert.equal(await other.command('EXISTS', 'shop:orders:2'), 1);
  assert.equal(await next.claim('log'), 'place-2');
});

test('a key of another type is replaced by the row', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await rig.ask('SET', 'shop:orders:1', 'mine');
  await rig.ask('RPUSH', 'shop:orders:2', 'mine');
  await sink.write(batch(1, create(ordersTable, one), update(ordersTable, [2, 'old', 200], two)), never);
  assert.deepEqual(await rig.hash('shop:orders:1'), { id: '1', status: 'new', total: '100' });
  assert.deepEqual(await rig.hash('shop:orders:2'), { id: '2', status: 'new', total: '200' });
  assert.deepEqual(rig.said.at(-1)?.fields, { tables: 'shop.orders' });
});

test('a key of another type that the images hold only a part of stops the sink', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await rig.ask('SET', 'shop:orders:1', 'mine');
  const partial = update(ordersTable, [1, undefined, undefined], [undefined, 'paid', undefined]);
  await failsWith(sink.write(batch(1, partial), never), 'REDIS_WRONG_TYPE', false);
  assert.equal(String(await rig.ask('GET', 'shop:orders:1')), 'mine');
  assert.equal(await sink.claim('log'), null);
});

test('rows without a key, and values longer than the server takes, are refused before anything is sent', async () => {
  await using redis = await launchRedis({ settings: { 'proto-max-bulk-len': '1048576' } });
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await failsWith(sink.write(batch(1, create(eventsTable, ['click', 1])), never), 'CONFIG_TEMPLATE', false);
  const long = create(ordersTable, one, [2, 'x'.repeat(1_048_577), 1]);
  await failsWith(sink.write(batch(1, long), never), 'SINK_ROW_REFUSED', false);
  assert.deepEqual(await rig.rows(ordersTable), []);
  await sink.write(batch(1, create(ordersTable, [1, 'x'.repeat(1_048_576), 1])), never);
  assert.equal(await sink.claim('log'), 'place-1');
});

test('a cluster that does not have all slots takes nothing yet, and a doctor looks at memory, saving and permissions', async () => {
  await using cluster = await launchRedis({ settings: { 'cluster-enabled': 'yes' } });
  const sink = redisSink.openSink!(redisSink.config.parse({ hostname: cluster.host, port: cluster.port }), {
    pipeline: 'test',
    clock: systemClock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await failsWith(sink, 'REDIS_NOT_READY', true);
  assert.deepEqual(await codesOf(cluster), ['REDIS_NOT_READY']);
  await using evicting = await launchRedis({ settings: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' } });
  assert.deepEqual(await codesOf(evicting), ['REDIS_SINK_EVICTS', 'REDIS_SINK_UNSAVED']);
  await using rig = await RedisSinkRig.open(evicting);
  await rig.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', 600_000, 'appendonly', 'yes');
  assert.deepEqual(await codesOf(evicting), ['REDIS_SINK_ALMOST_FULL']);
  // Who may write rows, and not the sink's own keys, is told each command that will fail.
  await rig.ask('CONFIG', 'SET', 'maxmemory', 0);
  await rig.ask('ACL', 'SETUSER', 'app', 'on', '>secret', '~shop:*', '+@all');
  const account = { username: 'app', password: 'secret' };
  assert.deepEqual(new Set(await codesOf(evicting, account)), new Set(['REDIS_NOT_PERMITTED']));
  await rig.ask('ACL', 'SETUSER', 'app', '~millrace:*');
  assert.deepEqual(await codesOf(evicting, account), []);
});

test('an update writes what changed once the snapshot is complete, and all of the row before that', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig);
  await sink.write(batch(1, create(ordersTable, one)), never);
  await rig.ask('UNLINK', 'shop:orders:1');
  await sink.write(batch(2, update(ordersTable, one, [1, 'paid', 100])), never);
  assert.deepEqual(await rig.hash('shop:orders:1'), { id: '1', status: 'paid', total: '100' });

  await sink.write(batch(3, { kind: 'snapshot', at: 'begin', table: ordersTable, reason: 'test' }), never);
  await sink.write(batch(4, { kind: 'snapshot', at: 'end', table: ordersTable, reason: 'test' }), never);
  await rig.ask('HSET', 'shop:orders:1', 'id', 1, 'status', 'paid', 'total', 'by hand');
  await sink.write(batch(5, update(ordersTable, [1, 'paid', 100], [1, null, 100])), never);
  assert.deepEqual(await rig.hash('shop:orders:1'), { id: '1', total: 'by hand' });
  await using all = await opened(rig, { 'sink.update.fields': 'all' });
  await all.write(batch(6, update(ordersTable, [1, null, 100], [1, 'sent', 100])), never);
  assert.deepEqual(await rig.hash('shop:orders:1'), { id: '1', status: 'sent', total: '100' });
});

test('a setting that needs what the server does not know is refused at once, and by doctor', async () => {
  await using redis = await launchRedis({ server: 'redis-7.0' });
  await using rig = await RedisSinkRig.open(redis);
  const fields = { 'sink.tableId-to-field-expiry.mapping': 'shop.orders=status(total)' };
  await failsWith(rig.sink(fields), 'REDIS_LACKS_COMMAND', false);
  await failsWith(
    rig.sink({ 'sink.tableId-to-value.mapping': 'shop.orders=redis-json' }),
    'REDIS_LACKS_COMMAND',
    false,
  );
  assert.deepEqual(await codesOf(redis, fields), ['REDIS_LACKS_COMMAND']);
});

test("a database that the server does not have is refused, and one that is emptied beside the own one is none of the sink's", async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  assert.deepEqual(await codesOf(redis, { database: 99 }), ['CONFIG_WRONG_VALUE']);
  await failsWith(rig.sink({ database: 99 }), 'CONFIG_WRONG_VALUE', false);
  await rig.ask('ACL', 'SETUSER', 'narrow', 'on', '>secret', '~*', '+@all', '-select');
  const narrow = { username: 'narrow', password: 'secret' };
  await failsWith(rig.sink({ ...narrow, database: 2 }), 'REDIS_NOT_PERMITTED', false);
  // Database 0 needs no SELECT.
  await (await rig.sink(narrow))[Symbol.asyncDispose]();
  await using sink = await opened(rig, { database: 2 });
  await sink.write(batch(1, create(ordersTable, one)), never);
  await rig.ask('FLUSHDB');
  await sink.write(batch(2, create(ordersTable, [2, 'x', 1])), never);
  assert.equal(await rig.ask('DBSIZE'), 0);
  await rig.ask('SELECT', 2);
  assert.equal((await rig.rows(ordersTable)).length, 2);
  await rig.ask('SWAPDB', 2, 3);
  await failsWith(sink.write(batch(3, create(ordersTable, [3, 'x', 1])), never), 'REDIS_DATA_LOST', true);
});

test('keys follow the template of their table, and values of any bytes are read back', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  const pages = table(
    'pages',
    [column('site', varchar, { nullable: false }), column('path', varchar, { nullable: false }), column('n', int)],
    [0, 1],
  );
  await using sink = await opened(rig, {
    'sink.tableId-to-key.mapping': 'shop.orders=order:{%{id}}; shop.pages=page:%{path}@%{site}',
  });
  await sink.write(batch(1, create(ordersTable, one), create(pages, ['a:b', 'ü@{%}', 1])), never);
  const keys = ((await rig.ask('KEYS', '[^m]*')) as readonly Buffer[]).map(String).sort();
  assert.deepEqual(keys, ['order:{1}', 'page:ü%40%7B%25%7D@a%3Ab']);
  await failsWith(rig.sink({ 'sink.tableId-to-key.mapping': 'shop.orders' }), 'CONFIG_TEMPLATE', false);
});

test('a transaction beyond the limit of one MULTI becomes visible in steps, and the position moves with the last', async () => {
  await using redis = await launchRedis();
  await using rig = await RedisSinkRig.open(redis);
  await using sink = await opened(rig, { 'sink.transaction.max-size': '1kb' });
  const part = (index: number, last: boolean): Batch => ({
    ...batch(last ? 1 : 0, create(ordersTable, ...Array.from({ length: 10 }, (_, i): Row => [index * 10 + i, 'x', 1]))),
    ...(last ? {} : { positions: new Map() }),
    part: { transaction: 't', index, last },
  });
  for (let index = 0; index < 4; index += 1) await sink.write(part(index, false), never);
  assert.ok((await rig.rows(ordersTable)).length >= 20);
  assert.equal(await rig.ask('HGET', 'millrace:position:test', 'log'), null);
  await sink.write(part(4, true), never);
  assert.equal((await rig.rows(ordersTable)).length, 50);
  assert.equal(await sink.claim('log'), 'place-1');
  assert.match(rig.said.map(({ message }) => message).join(), /becomes visible in steps/);
});
