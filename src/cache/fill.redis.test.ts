/** Rows that are brought into Redis while the pipeline writes there: every order in which the steps of both can come. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Change } from '../core/change.ts';
import { isMillraceError } from '../core/errors.ts';
import { position } from '../core/position.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { CacheReader, placeOf, rowOf, tokenOf } from '../testing/cache-reader.ts';
import { smallTable } from '../testing/cached-rows.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { origin } from '../testing/sample-origin.ts';
import { type LaunchedRedis, launchRedis } from '../testing/servers/launch-redis.ts';
import type { TableMode } from './cache-options.ts';
import type { TableSettings } from './cache-settings.ts';

const key = 'shop:items:7';

let server: LaunchedRedis;
let redis: RedisSinkRig;
before(async () => {
  server = await launchRedis();
  redis = await RedisSinkRig.open(server);
});
after(async () => {
  await redis[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

class Reader extends CacheReader {
  constructor(
    mode: TableMode,
    more: Partial<TableSettings> = {},
    tracks = false,
    login: object = {},
    timeoutMs = 60_000,
  ) {
    super({ hostname: server.host, port: server.port, ...login }, { mode, more, tracks, timeoutMs });
  }

  static async open(...options: ConstructorParameters<typeof Reader>): Promise<Reader> {
    const reader = new Reader(...options);
    await reader.links.open();
    return reader;
  }
}

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const patience = performance.now() + 60_000;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `waited in vain for ${what}`);
    await systemClock.sleep(1);
  }
};

/** An empty Redis to which a pipeline has written a place. */
const begin = async (): Promise<void> => {
  await redis.ask('FLUSHALL');
  await redis.ask('HSET', 'millrace:position:shop', 'mysql/binlog', placeOf(1));
};

const named = (row: Row | null) => row && { id: 7, note: row[1], count: 1 };

/** What a pipeline does to the key when the row becomes `row`. */
const appliers: Readonly<Record<'hot' | 'invalidate', (row: Row | null) => Promise<void>>> = {
  invalidate: async () => void (await redis.ask('UNLINK', key)),
  hot: async (row) => {
    if (row === null) await redis.ask('UNLINK', key);
    else if ((await redis.ask('EXISTS', key)) === 1) {
      if (row[1] === null) await redis.ask('HDEL', key, 'note');
      const note = row[1] === null ? [] : ['note', String(row[1])];
      await redis.ask('HSET', key, 'id', '7', 'count', '1', ...note);
    }
  },
};

/** Every order of both lists' steps that keeps each list's own. */
const orders = (left: readonly string[], right: readonly string[]): readonly (readonly string[])[] => {
  if (left.length === 0 || right.length === 0) return [[...left, ...right]];
  return [
    ...orders(left.slice(1), right).map((rest) => [left[0]!, ...rest]),
    ...orders(left, right.slice(1)).map((rest) => [right[0]!, ...rest]),
  ];
};

const changes: readonly (readonly [string, Row | null, Row | null])[] = [
  ['an insert', null, rowOf('new')],
  ['an update', rowOf('old'), rowOf('new')],
  ['an update to NULL', rowOf('old'), rowOf(null)],
  ['a delete', rowOf('old'), null],
];

for (const mode of ['hot', 'invalidate'] as const) {
  for (const [change, old, next] of changes) {
    test(`${mode}: whatever the order of ${change} and of bringing the row, nothing old stays`, async () => {
      const all = orders(['acquire', 'select', 'fill'], ['commit', 'apply']);
      assert.equal(all.length, 10);
      let rejected = 0;
      for (const steps of all) {
        await begin();
        await using reader = await Reader.open(mode);
        let stored = old;
        let selected: Row | null = null;
        let reading: Promise<unknown> | null = null;
        for (const step of steps) {
          if (step === 'commit') stored = next;
          else if (step === 'apply') await appliers[mode](next);
          else if (step === 'acquire') {
            reading = reader.table.get({ id: 7 });
            await until('the lookup', () => reader.lookups.length === 1);
          } else if (step === 'select') selected = stored;
          else {
            reader.lookups[0]!(selected);
            assert.deepEqual(await reading, named(selected), 'a reader gets what the database said');
            await until('the fill', () => {
              const { fills, rejectedFills } = reader.table.stats();
              return fills + rejectedFills === 1;
            });
          }
        }
        rejected += reader.table.stats().rejectedFills;
        // Whoever reads now gets what is there, or brings it.
        const again = reader.table.get({ id: 7 });
        let answered = false;
        void again.finally(() => {
          answered = true;
        });
        await until('an answer or a second lookup', () => answered || reader.lookups.length === 2);
        reader.lookups[1]?.(stored);
        assert.deepEqual(await again, named(next), steps.join(' '));
      }
      assert.ok(rejected > 0, 'in some orders what was brought is refused');
    });
  }
}

test('a stale row is served while one reader brings it anew, and a removal meanwhile wins', async () => {
  await begin();
  await using reader = await Reader.open('invalidate', { ttlMs: 1, graceMs: 60_000 });
  const heard: unknown[] = [];
  for (const name of ['stale', 'fill-rejected'] as const)
    reader.listeners.on(name, ({ table, key }) => heard.push([name, table, key]));
  const first = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(rowOf('old'));
  await first;
  await until('the fill', () => reader.table.stats().fills === 1);
  await systemClock.sleep(5);
  const [one, two] = await Promise.all([reader.table.get({ id: 7 }), reader.table.getMany([{ id: 7 }])]);
  assert.deepEqual([one, two[0]], [named(rowOf('old')), named(rowOf('old'))]);
  await until('the renewal', () => reader.lookups.length === 2);
  await using other = await Reader.open('invalidate', { ttlMs: 1, graceMs: 60_000 });
  assert.deepEqual(await other.table.get({ id: 7 }), named(rowOf('old')));
  await redis.ask('UNLINK', key);
  reader.lookups[1]!(rowOf('old'));
  await until('the refusal', () => reader.table.stats().rejectedFills === 1);
  assert.equal(await redis.ask('EXISTS', key), 0);
  assert.equal(other.asked, 0, 'one renewal is enough');
  assert.equal(reader.table.stats().staleHits, 2);
  const told = [{ id: 7 }];
  assert.deepEqual(heard, [
    ...[1, 2].map(() => ['stale', 'shop.items', ...told]),
    ['fill-rejected', 'shop.items', ...told],
  ]);
});

test('a row kept in the process is read again once it is stale, and one of a table that was opened anew is not kept', async () => {
  await begin();
  await using reader = await Reader.open('invalidate', { ttlMs: 1, graceMs: 60_000, maxLocalRows: 5 }, true);
  const far = Date.now() + 1_000_000;
  await redis.ask('HSET', key, 'id', '7', 'count', '1', 'note', 'a', '\0until', String(far));
  await reader.table.get({ id: 7 });
  assert.equal(reader.table.stats().localRows, 1);
  const soon = Date.now() + 300;
  await redis.ask('HSET', 'shop:items:8', 'id', '8', 'count', '1', '\0until', String(soon));
  await reader.table.get({ id: 8 });
  await until('its time to pass', () => Date.now() > soon);
  const { staleHits } = reader.table.stats();
  await reader.table.get({ id: 8 });
  assert.equal(reader.table.stats().staleHits, staleHits + 1);
  reader.table.retire();
  await reader.table.get({ id: 7 });
  await reader.table.get({ id: 7 });
  const { localRows, localHits, hits } = reader.table.stats();
  assert.deepEqual({ localRows, localHits }, { localRows: 0, localHits: 0 });
  assert.ok(hits >= 3);
  for (const answer of reader.lookups) answer(null);
});

test('a row that was brought by who did not know all of its columns is brought anew, and one of who knew more is not', async () => {
  await begin();
  await using reader = await Reader.open('invalidate');
  const first = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(rowOf('a'));
  await first;
  await until('the fill', () => reader.table.stats().fills === 1);
  const { '\0columns': known = '' } = await redis.hash(key);
  await redis.ask('HSET', key, '\0columns', `${known}xyz`);
  assert.deepEqual(await reader.table.get({ id: 7 }), named(rowOf('a')));
  assert.equal(reader.asked, 1);
  await redis.ask('HSET', key, '\0columns', known.slice(0, -3));
  const again = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 2);
  reader.lookups[1]!(rowOf('b'));
  assert.deepEqual(await again, named(rowOf('b')));
  await until('the fill', () => reader.table.stats().fills === 2);
  assert.equal((await redis.hash(key))['\0columns'], known);
});

test('an application that stood still for longer than Redis may take to answer does not take it for away', async () => {
  await using reader = await Reader.open('invalidate', {}, false, {}, 1_000);
  await redis.ask('HSET', key, 'id', '7', 'count', '1', 'note', 'a');
  for (let round = 0; round < 3; round += 1) {
    const read = reader.table.get({ id: 7 });
    await Promise.resolve();
    const until = performance.now() + 1_200;
    while (performance.now() < until);
    assert.equal((await read)!['note'], 'a');
  }
  assert.deepEqual([reader.links.isUp, reader.links.reconnects, reader.asked], [true, 0, 0]);
});

test('who finds that the scripts were flushed brings them back, so that rows are kept again', async () => {
  await begin();
  await using reader = await Reader.open('invalidate');
  await redis.ask('SCRIPT', 'FLUSH');
  const unkept = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(rowOf('a'));
  assert.deepEqual(await unkept, named(rowOf('a')));
  await until('a new connection', () => reader.links.isUp && reader.links.reconnects === 1);
  const kept = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 2);
  reader.lookups[1]!(rowOf('b'));
  await kept;
  await until('the fill', () => reader.table.stats().fills === 1);
  assert.equal((await redis.hash(key))['note'], 'b');
});

test('in hot tables a stale row gets more time, and is not read again', async () => {
  await begin();
  await using reader = await Reader.open('hot', { ttlMs: 50, graceMs: 60_000 });
  const first = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(rowOf('old'));
  await first;
  await until('the fill', () => reader.table.stats().fills === 1);
  const fresh = (await redis.hash(key))['\0until'];
  await until('its time to pass', async () => Number(fresh) < systemClock.now());
  await appliers.hot(rowOf('new'));
  assert.deepEqual(await reader.table.get({ id: 7 }), named(rowOf('new')));
  await until('more time', async () => (await redis.hash(key))['\0until'] !== fresh);
  assert.equal(reader.asked, 1);
});

test('what another process brings is waited for, and taken over when that process dies', async () => {
  await begin();
  const short = { leaseMs: 1_500 };
  const holder = await Reader.open('invalidate', short);
  const lost = holder.table.get({ id: 7 });
  lost.catch(() => {});
  await until('the lookup', () => holder.lookups.length === 1);
  await using waiter = await Reader.open('invalidate', short);
  await using other = await Reader.open('invalidate', short);
  const waiting = waiter.table.get({ id: 7 });
  const alike = other.table.get({ id: 7 });
  const leased = (await redis.hash(key))['\0leased'];
  await until('the holder to renew its lease', async () => (await redis.hash(key))['\0leased'] !== leased);
  assert.equal(waiter.asked, 0);
  await holder[Symbol.asyncDispose]();
  await until('the lease to pass', () => waiter.lookups.length + other.lookups.length === 1);
  (waiter.lookups[0] ?? other.lookups[0])!(rowOf('mine'));
  assert.deepEqual(await Promise.all([waiting, alike]), [named(rowOf('mine')), named(rowOf('mine'))]);
  await until('the fill', () => waiter.table.stats().fills + other.table.stats().fills === 1);
  assert.equal(waiter.asked + other.asked, 1, 'one takes over, and the other goes on waiting');
  // What the dead one had read would come too late anyway.
  holder.lookups[0]!(rowOf('late'));
  await lost;
  assert.equal((await redis.hash(key))['note'], 'mine');
});

test('rows are not kept before a pipeline has written where it is', async () => {
  await begin();
  await redis.ask('UNLINK', 'millrace:position:shop');
  await using reader = await Reader.open('hot');
  for (let round = 1; round <= 2; round += 1) {
    const row = reader.table.get({ id: 7 });
    await until('the lookup', () => reader.lookups.length === round);
    reader.lookups[round - 1]!(rowOf('a'));
    assert.deepEqual(await row, named(rowOf('a')));
    await until('the release', async () => (await redis.ask('EXISTS', key)) === 0);
  }
});

test('while a snapshot of the table is under way nobody is told that a write was applied', async () => {
  await begin();
  await redis.ask('HSET', key, 'id', '7', 'count', '1', 'note', 'old');
  await redis.ask('HSET', 'millrace:tables:shop', 'shop.items', 'begun');
  await using reader = await Reader.open('hot');
  const soon = { atLeast: tokenOf(1), timeoutMs: 5, onTimeout: 'throw' } as const;
  for (const read of [() => reader.table.get({ id: 7 }, soon), () => reader.table.getMany([{ id: 7 }], soon)])
    await assert.rejects(read(), (error) => isMillraceError(error, 'CACHE_BEHIND'));
  await redis.ask('HSET', 'millrace:tables:shop', 'shop.items', 'complete');
  assert.deepEqual(await reader.table.get({ id: 7 }, soon), named(rowOf('old')));
  // A place that was lost is not remembered.
  await redis.ask('HSET', 'millrace:position:shop', 'mysql/binlog', placeOf(0));
  await assert.rejects(reader.table.get({ id: 7 }, soon), (error) => isMillraceError(error, 'CACHE_BEHIND'));
});

test('a row that is not there is remembered, rows read before the pipeline was there are not kept, and failures give the lease back', async () => {
  await begin();
  await using reader = await Reader.open('hot');
  const none = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(null);
  assert.equal(await none, null);
  await until('the fill', () => reader.table.stats().fills === 1);
  assert.equal(await reader.table.get({ id: 7 }), null);
  assert.equal(reader.table.stats().negativeHits, 1);
  // The pipeline inserts it after all.
  await appliers.hot(rowOf('born'));
  const born = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 2);
  reader.lookups[1]!(rowOf('born'), false);
  assert.deepEqual(await born, named(rowOf('born')));
  await until('the release', async () => (await redis.ask('EXISTS', key)) === 0);
  assert.equal(reader.table.stats().fills, 1);
});

test('rows kept in the process leave when they change, when the link breaks, and the oldest when there are too many', async () => {
  await begin();
  await using reader = await Reader.open('hot', { maxLocalRows: 2 }, true);
  for (const id of [1, 2, 3]) await redis.ask('HSET', `shop:items:${id}`, 'id', String(id), 'count', '1', 'note', 'a');
  for (const id of [1, 2, 1, 3, 1]) assert.equal((await reader.table.get({ id }))!['note'], 'a');
  const { localHits, localRows, localEvictions } = reader.table.stats();
  assert.deepEqual({ localHits, localRows, localEvictions }, { localHits: 2, localRows: 2, localEvictions: 1 });
  await redis.ask('HSET', 'shop:items:1', 'note', 'b');
  await until('the change', async () => (await reader.table.get({ id: 1 }))!['note'] === 'b');
  await redis.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await until('the link to break', () => reader.table.stats().localRows === 0);
  await until('the link to come back', () => reader.links.isUp);
  await redis.ask('HSET', 'shop:items:1', 'note', 'c');
  assert.equal((await reader.table.get({ id: 1 }))!['note'], 'c');
});

test('a mirror says that there is no row once its table is complete, and its rows cannot be removed', async () => {
  await begin();
  await using reader = await Reader.open('mirror');
  const unknown = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(rowOf('not there yet'));
  assert.deepEqual(await unknown, named(rowOf('not there yet')));
  assert.equal(await redis.ask('EXISTS', key), 0, 'the pipeline alone writes there');
  await redis.ask('HSET', 'millrace:tables:shop', 'shop.items', 'complete');
  assert.equal(await reader.table.get({ id: 7 }), null);
  await redis.ask('HSET', key, 'id', '7', 'count', '1');
  assert.deepEqual(await reader.table.getMany([{ id: 8 }, { id: 7 }, { id: 8 }]), [null, named(rowOf(null)), null]);
  await assert.rejects(reader.table.invalidate({ id: 7 }), (error) => isMillraceError(error, 'CACHE_MIRRORED'));
  await assert.rejects(reader.table.get({}), (error) => isMillraceError(error, 'CACHE_KEY_INVALID'));
  // Where rows leave by themselves, a missing key says nothing.
  await redis.ask('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
  await until('the link to learn of it', () => !reader.links.keepsRows);
  const evicted = reader.table.get({ id: 9 });
  await until('the lookup', () => reader.lookups.length === 2);
  reader.lookups[1]!(null);
  assert.equal(await evicted, null);
  await redis.ask('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
});

test('rows are found by the indexes that the sink keeps, and by the database until the table is complete', async () => {
  await begin();
  await redis.ask('UNLINK', 'millrace:position:shop');
  await using sink = await redis.sink({ 'sink.tableId-to-index.mapping': 'shop.items=note|count,note' }, 'shop');
  await sink.claim('mysql/binlog');
  const rows: readonly Row[] = [
    [1, 'a:b', 1],
    [2, 'a:b', 2],
    [3, null, 2],
  ];
  const images = new ArrayRowImages(smallTable, { before: null, after: rows });
  const change: Change = { kind: 'rows', op: 'create', table: smallTable, rows: images, origin };
  const positions = new Map([['mysql/binlog', position('here')]]);
  await sink.write({ changes: [change], positions, version: '1' }, new AbortController().signal);
  await using reader = await Reader.open('mirror');
  assert.deepEqual(await reader.table.getBy({ note: 'a:b' }), [named(rowOf('from the database'))]);
  await redis.ask('HSET', 'millrace:tables:shop', 'shop.items', 'complete');
  const ids = async (values: object): Promise<readonly unknown[]> =>
    (await reader.table.getBy(values)).map(({ id }) => id).toSorted();
  assert.deepEqual(await ids({ note: 'a:b' }), [1, 2]);
  assert.deepEqual(await ids({ note: 'a:b', count: 2 }), [2]);
  assert.deepEqual(await ids({ note: 'nobody' }), []);
  // What the set says of a row that has changed since is not what the row holds.
  await redis.ask('HSET', 'shop:items:1', 'note', 'other');
  await redis.ask('UNLINK', 'shop:items:2');
  assert.deepEqual(await ids({ note: 'a:b' }), []);
  for (const wrong of [{ count: 1 }, {}, { note: 'a', id: 1 }]) {
    await assert.rejects(reader.table.getBy(wrong), (error) => isMillraceError(error, 'CACHE_TABLE_REFUSED'));
  }
  await assert.rejects(reader.table.getBy({ note: 7 }), (error) => isMillraceError(error, 'CACHE_KEY_INVALID'));
});

test('a user with the rights that the manual lists can do all of it, and one without is told at once', async () => {
  await begin();
  const page = readFileSync(new URL('../../docs/library.md', import.meta.url), 'utf8');
  const rights = /`(\+hmget [^`]+)`/.exec(page)![1]!.split(/\s+/);
  await redis.ask('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', ...rights);
  const login = { username: 'reader', password: 'secret' };
  await using reader = await Reader.open('hot', { ttlMs: 1, graceMs: 60_000, maxLocalRows: 1 }, true, login);
  const first = reader.table.get({ id: 7 });
  await until('the lookup', () => reader.lookups.length === 1);
  reader.lookups[0]!(rowOf('a'));
  await first;
  await until('the fill', () => reader.table.stats().fills === 1);
  const { '\0until': fresh } = await redis.hash(key);
  await until('its time to pass', () => Number(fresh) < systemClock.now());
  await reader.table.get({ id: 7 });
  await until('more time', async () => (await redis.hash(key))['\0until'] !== fresh);
  await reader.table.invalidate({ id: 7 });
  assert.equal(await redis.ask('EXISTS', key), 0);
  assert.equal(reader.table.stats().redisFailures, 0);
  await using mirror = await Reader.open('mirror', {}, false, login);
  await redis.ask('HSET', 'millrace:tables:shop', 'shop.items', 'complete');
  assert.equal(await mirror.table.get({ id: 7 }), null);
  await redis.ask('ACL', 'SETUSER', 'reader', '-script');
  await assert.rejects(Reader.open('hot', {}, false, login), (error) => isMillraceError(error, 'REDIS_NOT_PERMITTED'));
  await assert.rejects(Reader.open('hot', {}, false, { ...login, password: 'wrong' }), (error) =>
    isMillraceError(error, 'REDIS_AUTHENTICATION_FAILED'),
  );
});
