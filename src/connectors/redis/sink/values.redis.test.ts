/** What the commands of the sink leave in a server, where only a server shows it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Change, Op } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import type { Reply } from '../../../protocol/redis/reply.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

const launched = launchRedis();
after(async () => await (await launched)[Symbol.asyncDispose]());

const never = new AbortController().signal;
let number = 0;
const batch = (...changes: Change[]): Batch => {
  number += 1;
  return {
    changes,
    positions: new Map([['log', position(`place-${number}`)]]),
    version: String(number).padStart(10, '0'),
  };
};

const rows = (target: Table, op: Op, before: Row[] | null, after: Row[] | null): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before, after }),
  origin,
});
const create = (...after: Row[]): Change => rows(ordersTable, 'create', null, after);
const read = (...after: Row[]): Change => rows(ordersTable, 'read', null, after);
const update = (before: Row, after: Row): Change => rows(ordersTable, 'update', [before], [after]);
const mark = (target: Table, at: 'begin' | 'end'): Change => ({ kind: 'snapshot', at, table: target, reason: 'test' });

const textsOf = (reply: Reply): readonly string[] => (reply as readonly Reply[]).map(String).sort();

test('a cached hash is refreshed as a whole and keeps its time to live; what is not cached stays away', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink({ mode: 'hot' });
  await sink.claim('log');
  await rig.ask('HSET', 'shop:orders:1', 'id', 1, 'status', 'old', 'total', 5, 'left', 'over');
  await rig.ask('PEXPIRE', 'shop:orders:1', 500_000);
  await rig.ask('SET', 'shop:orders:3', 'not there');
  await sink.write(
    batch(create([2, 'new', 1]), update([1, 'old', 5], [1, 'paid', null]), create([3, 'new', 1])),
    never,
  );
  assert.deepEqual(await rig.hash('shop:orders:1'), { id: '1', status: 'paid' });
  const left = (await rig.ask('PTTL', 'shop:orders:1')) as number;
  assert.ok(left > 0 && left <= 500_000);
  assert.equal(await rig.ask('EXISTS', 'shop:orders:2'), 0);
  assert.deepEqual(await rig.hash('shop:orders:3'), { id: '3', status: 'new', total: '1' });
  await sink.write(batch(mark(ordersTable, 'begin')), never);
  assert.equal(String(await rig.ask('HGET', 'millrace:tables:test', 'shop.orders')), 'begun');
  await sink.write(batch(mark(ordersTable, 'end')), never);
  assert.equal(await rig.ask('EXISTS', 'shop:orders:1'), 0);
  // A cache says of no row that it does not exist.
  assert.equal(await rig.ask('HGET', 'millrace:tables:test', 'shop.orders'), null);
});

test('DELETE and an update of the primary key leave no old key, and no reader finds both keys or neither', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  for (const value of ['hash', 'json']) {
    await rig.ask('FLUSHALL');
    await using sink = await rig.sink({ value });
    await sink.claim('log');
    await sink.write(batch(create([1, 'a', 1])), never);
    let isMoving = true;
    const seen = new Set<unknown>();
    const looking = (async () => {
      while (isMoving) seen.add(await rig.ask('EXISTS', 'shop:orders:1', 'shop:orders:2'));
    })();
    for (let turn = 0; turn < 100; turn += 1) {
      const [from, to] = turn % 2 === 0 ? [1, 2] : [2, 1];
      await sink.write(batch(update([from, 'a', turn], [to, 'a', turn + 1])), never);
      assert.equal(await rig.ask('EXISTS', `shop:orders:${from}`), 0, value);
    }
    isMoving = false;
    await looking;
    assert.deepEqual([...seen], [1], value);
    await sink.write(batch(rows(ordersTable, 'delete', [[1, 'a', 100]], null)), never);
    assert.deepEqual(await rig.ask('KEYS', 'shop:*'), [], value);
  }
});

test('indexes are right after a snapshot over other rows, after updates, and after the table was emptied', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink({ 'sink.tableId-to-index.mapping': 'shop.orders=status' });
  await sink.claim('log');
  const indexed = async (status: string): Promise<readonly string[]> =>
    textsOf(await rig.ask('SMEMBERS', `idx:shop:orders:status:${status}`));
  await sink.write(batch(create([1, 'new', 1], [2, 'new', 1], [3, null, 1])), never);
  assert.deepEqual(await indexed('new'), ['shop:orders:1', 'shop:orders:2']);
  // Meanwhile row 1 became another, and row 2 vanished.
  await sink.write(batch(mark(ordersTable, 'begin'), read([1, 'paid', 1], [3, 'new', 1])), never);
  await sink.write(batch(mark(ordersTable, 'end')), never);
  assert.deepEqual([await indexed('new'), await indexed('paid')], [['shop:orders:3'], ['shop:orders:1']]);
  await sink.write(
    batch(update([1, 'paid', 1], [4, 'new', 1]), rows(ordersTable, 'delete', [[3, 'new', 1]], null)),
    never,
  );
  assert.deepEqual([await indexed('new'), await indexed('paid')], [['shop:orders:4'], []]);
  await sink.write(batch({ kind: 'truncate', table: ordersTable, origin }), never);
  assert.deepEqual(await rig.ask('KEYS', '[is]*'), []);
});

test('rows of the past are removed at once, and an update that gives them time brings all of them back', async () => {
  const sessions = table(
    'sessions',
    [column('id', int, { nullable: false }), column('until', { kind: 'datetime', fsp: 0 }), column('user', varchar)],
    [0],
  );
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink({ 'sink.tableId-to-expiry.mapping': 'shop.sessions=until' });
  await sink.claim('log');
  await sink.write(batch(mark(sessions, 'begin'), mark(sessions, 'end')), never);
  const past: Row = [1, '2001-01-01 00:00:00', 'a'];
  await sink.write(batch(rows(sessions, 'create', null, [past, [2, null, 'b']])), never);
  assert.equal(await rig.ask('EXISTS', 'shop:sessions:1'), 0);
  assert.equal(await rig.ask('PTTL', 'shop:sessions:2'), -1);
  await sink.write(batch(rows(sessions, 'update', [past], [[1, '9999-12-31 23:59:59', 'a']])), never);
  assert.deepEqual(await rig.hash('shop:sessions:1'), { id: '1', until: '9999-12-31 23:59:59', user: 'a' });
  assert.equal(await rig.ask('PEXPIRETIME', 'shop:sessions:1'), Date.UTC(9999, 11, 31, 23, 59, 59));
});

const tags = table(
  'tags',
  [column('article', int, { nullable: false }), column('tag', varchar, { nullable: false }), column('weight', int)],
  [0, 1],
);

test('JSON, sets, sorted sets and streams hold their rows, and a new snapshot leaves nothing of the old ones', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const ranks = table('ranks', tags.columns, [0, 1]);
  await using sink = await rig.sink({
    'sink.tableId-to-key.mapping': 'shop.tags=tags:%{article}; shop.ranks=ranks:%{article}; shop.log=log',
    'sink.tableId-to-value.mapping':
      'shop.orders=json; shop.tags=set(tag); shop.ranks=sorted-set(tag,weight); shop.log=stream',
  });
  await sink.claim('log');
  const log = table('log', [column('what', varchar)], []);
  const three: Row[] = [
    [1, 'a', 3],
    [1, 'b', 2],
    [2, 'a', 1],
  ];
  await sink.write(
    batch(
      create([1, 'new', 1], [2, 'new', 1]),
      rows(tags, 'create', null, three),
      rows(ranks, 'create', null, three),
      rows(log, 'create', null, [['x'], [null]]),
    ),
    never,
  );
  assert.equal(String(await rig.ask('GET', 'shop:orders:1')), '{"id":1,"status":"new","total":1}');
  assert.deepEqual(textsOf(await rig.ask('SMEMBERS', 'tags:1')), ['a', 'b']);
  assert.equal(String(await rig.ask('ZRANGE', 'ranks:1', 0, -1, 'WITHSCORES')), 'b,2,a,3');
  for (const target of [ordersTable, tags, ranks, log]) await sink.write(batch(mark(target, 'begin')), never);
  await sink.write(
    batch(read([2, 'paid', 1]), rows(tags, 'read', null, [[1, 'c', 1]]), rows(ranks, 'read', null, [[1, 'c', 1]])),
    never,
  );
  for (const target of [ordersTable, tags, ranks, log]) await sink.write(batch(mark(target, 'end')), never);
  assert.deepEqual(textsOf(await rig.ask('KEYS', '[^m]*')), ['log', 'ranks:1', 'shop:orders:2', 'tags:1']);
  assert.deepEqual(textsOf(await rig.ask('SMEMBERS', 'tags:1')), ['c']);
  await sink.write(batch({ kind: 'truncate', table: log, origin }), never);
  const entries = (await rig.ask('XRANGE', 'log', '-', '+')) as readonly (readonly Reply[])[];
  assert.deepEqual(
    entries.map(([, fields]) => String(fields)),
    ['__op,create,what,x', '__op,create', '__op,truncate'],
  );
  // Only hashes are renamed with their tables.
  const renamed = table('labels', ordersTable.columns, [0]);
  const change: Change = { kind: 'schema', before: ordersTable, after: renamed, statement: '', origin };
  await assert.rejects(sink.write(batch(change), never), { code: 'SINK_SCHEMA_REFUSED' });
  await sink.write(batch({ kind: 'schema', before: tags, after: null, statement: '', origin }), never);
  assert.equal(await rig.ask('EXISTS', 'tags:1'), 0);
});

test('a field lives until another column says, NULL has a field where one is wanted, and lists are in their order', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const codes = table(
    'codes',
    [
      column('id', int, { nullable: false }),
      column('code', varchar),
      column('until', { kind: 'datetime', fsp: 0 }),
      column('note', varchar),
    ],
    [0],
  );
  const tracks = table(
    'tracks',
    [column('id', int, { nullable: false }), column('album', varchar), column('title', varchar), column('at', int)],
    [0],
  );
  await using sink = await rig.sink({
    'sink.tableId-to-field-expiry.mapping': 'shop.codes=code(until)',
    'sink.null.fields': 'marker',
    'sink.tableId-to-key.mapping': 'shop.tracks=album:%{album}',
    'sink.tableId-to-value.mapping': 'shop.tracks=list(title,at)',
  });
  await sink.claim('log');
  await sink.write(batch(mark(codes, 'begin'), mark(codes, 'end')), never);
  const first: Row = [1, 'a', '2100-01-01 00:00:00', null];
  const past: Row = [2, 'b', '2001-01-01 00:00:00', 'x'];
  await sink.write(
    batch(rows(codes, 'create', null, [first, past, [3, 'c', '9999-12-31 00:00:00', 'x'], [4, null, null, 'x']])),
    never,
  );
  assert.deepEqual(await rig.hash('shop:codes:1'), { id: '1', code: 'a', until: '2100-01-01 00:00:00', note: '\\N' });
  const leaves = async (id: number): Promise<Reply> =>
    await rig.ask('HPEXPIRETIME', `shop:codes:${id}`, 'FIELDS', 1, 'code');
  assert.deepEqual(await leaves(1), [Date.UTC(2100, 0, 1)]);
  assert.deepEqual([await leaves(2), await leaves(3), await leaves(4)], [[-2], [-1], [-1]]);
  assert.deepEqual(await rig.hash('shop:codes:2'), { id: '2', until: '2001-01-01 00:00:00', note: 'x' });
  // An update brings the field back, and lets it live for ever.
  await sink.write(
    batch(
      rows(
        codes,
        'update',
        [first, past],
        [
          [1, 'a', null, null],
          [2, 'b', null, null],
        ],
      ),
    ),
    never,
  );
  assert.deepEqual([await leaves(1), await leaves(2)], [[-1], [-1]]);
  assert.deepEqual(await rig.hash('shop:codes:2'), { id: '2', code: 'b', until: '\\N', note: '\\N' });

  const album = async (name = 'x'): Promise<readonly string[]> =>
    ((await rig.ask('LRANGE', `album:${name}`, 0, -1)) as readonly Reply[]).map(String);
  const songs: Row[] = [
    [1, 'x', 'ten', 10],
    [2, 'x', 'two ü', 2],
    [3, 'x', 'two ü', -1],
    [4, null, 'nowhere', 1],
    [5, 'x', 'no place', null],
    [6, 'x', null, 1],
  ];
  await sink.write(batch(rows(tracks, 'create', null, songs)), never);
  assert.deepEqual(await album(), ['two ü', 'two ü', 'ten']);
  await sink.write(
    batch(
      rows(
        tracks,
        'update',
        [songs[0]!, songs[4]!],
        [
          [1, 'y', 'ten', 1],
          [5, 'x', 'now\nthere', 1],
        ],
      ),
      rows(tracks, 'delete', [songs[1]!], null),
    ),
    never,
  );
  assert.deepEqual([await album(), await album('y')], [['two ü', 'now\nthere'], ['ten']]);
  await sink.write(batch(mark(tracks, 'begin'), rows(tracks, 'read', null, [[7, 'x', 'new', 0]])), never);
  await sink.write(batch(mark(tracks, 'end')), never);
  assert.deepEqual([await album(), await album('y')], [['new'], []]);
  await sink.write(batch({ kind: 'truncate', table: tracks, origin }), never);
  assert.deepEqual(await rig.ask('KEYS', '*album*'), []);
});

test('a changed key prefix leaves no old key behind, and an index that was added later leads to every row', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  const opened = async (settings: Readonly<Record<string, unknown>>) => {
    const sink = await rig.sink(settings);
    await sink.claim('log');
    return sink;
  };
  const nest = { 'sink.tableId-to-nest.mapping': 'shop.tags=shop.orders(article)' };
  {
    await using sink = await opened(nest);
    await sink.write(batch(mark(ordersTable, 'begin'), read([1, 'new', 1], [2, null, 1], [3, 'new', 1])), never);
    await sink.write(
      batch(
        mark(ordersTable, 'end'),
        rows(tags, 'create', null, [
          [1, 'a', 3],
          [9, 'b', 1],
        ]),
      ),
      never,
    );
  }
  {
    await using sink = await opened({
      ...nest,
      key: 'v2:%{table}:%{key}',
      'sink.tableId-to-index.mapping': 'shop.orders=status',
    });
    // The child is met first.
    await sink.write(batch(rows(tags, 'create', null, [[3, 'c', 1]]), update([2, null, 1], [2, 'paid', 1])), never);
    assert.deepEqual(textsOf(await rig.ask('KEYS', '*shop:orders*')), [
      'idx:shop:orders:status:new',
      'idx:shop:orders:status:paid',
    ]);
    assert.deepEqual(textsOf(await rig.ask('KEYS', 'v2*')), ['v2:orders:1', 'v2:orders:2', 'v2:orders:3']);
    assert.deepEqual(textsOf(await rig.ask('SMEMBERS', 'idx:shop:orders:status:new')), ['v2:orders:1', 'v2:orders:3']);
    assert.equal((await rig.hash('v2:orders:1'))['tags:a'], '{"tag":"a","weight":3}');
    assert.equal((await rig.hash('v2:orders:3'))['tags:c'], '{"tag":"c","weight":1}');
    await sink.write(batch(create([9, 'late', 1])), never);
    assert.equal((await rig.hash('v2:orders:9'))['tags:b'], '{"tag":"b","weight":1}');
  }
  {
    await using sink = await opened({
      ...nest,
      key: 'v2:%{table}:%{key}',
      'sink.tableId-to-index.mapping': 'shop.orders=total',
    });
    await sink.write(batch(create([10, 'x', 2])), never);
    assert.deepEqual(textsOf(await rig.ask('KEYS', 'idx*')), ['idx:shop:orders:total:1', 'idx:shop:orders:total:2']);
  }
  for (const [settings, reason] of [
    [{ value: 'json', key: 'v2:%{table}:%{key}' }, /kept as hash, and would be json/],
    [{ key: '%{table}:%{status}:%{key}' }, /cannot be made of the ones that they have/],
  ] as const) {
    await using sink = await opened(settings);
    await assert.rejects(sink.write(batch(create([11, 'x', 2])), never), {
      code: 'REDIS_LAYOUT_CHANGED',
      message: reason,
    });
    assert.equal(await rig.ask('EXISTS', 'v2:orders:11', 'orders:x:11'), 0);
  }
});
