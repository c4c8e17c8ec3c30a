/** New rows that are written as the server keeps them, and what becomes of those that find something at their keys. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Change, Op } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { bigint, column, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

const names = ['redis-7.0', 'redis-8.0', 'valkey-8.1'] as const;
const launched = new Map(names.map((name) => [name, launchRedis({ server: name })] as const));
after(async () => {
  for (const each of launched.values()) await (await each)[Symbol.asyncDispose]();
});

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
const rows = (target: Table, op: Op, ...after: readonly Row[]): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before: null, after: [...after] }),
  origin,
});
const mark = (target: Table, at: 'begin' | 'end'): Change => ({ kind: 'snapshot', at, table: target, reason: 'test' });
const orders = (from: number, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, i) => [from + i, 'new', i]);

const restored = async (rig: RedisSinkRig): Promise<number> =>
  Number(/cmdstat_restore:calls=(\d+)/.exec(String(await rig.ask('INFO', 'commandstats')))?.[1] ?? 0);

const wide = table(
  'wide',
  [
    column('id', bigint, { nullable: false }),
    column('name', varchar),
    column('2024', varchar),
    column('amount', { kind: 'decimal', precision: 12, scale: 2, unsigned: false }),
    column('at', { kind: 'datetime', fsp: 6 }),
    column('kind', { kind: 'enum', values: ['a', '7', 'größer'], charset: 'utf8mb4' } satisfies ColumnType),
    ...Array.from({ length: 30 }, (_, i) => column(`more_${i}`, int)),
  ],
  [0],
);

/** Rows of every form that a listpack has, and some that it does not take. */
const wideRows = (): readonly Row[] => {
  const texts = [
    '',
    '0',
    '007',
    '-1',
    '4096',
    'ä€',
    'x'.repeat(63),
    'x'.repeat(64),
    'x'.repeat(65),
    '9'.repeat(19),
    null,
  ];
  const numbers = [0, 127, 128, -4096, 4096, -32_769, 8_388_608, 2_147_483_647, null];
  return Array.from({ length: 400 }, (_, i) => [
    i % 2 === 0 ? i : -(2 ** 40) - i,
    texts[i % texts.length]!,
    texts[(i * 3) % texts.length]!,
    '-12.50',
    i % 5 === 0 ? null : '2026-11-29 10:00:00.000001',
    ['a', '7', 'größer', null][i % 4]!,
    ...Array.from({ length: 30 }, (_, more) => (i < 20 ? null : numbers[(i + more) % numbers.length]!)),
  ]);
};

for (const name of names) {
  test(`${name} keeps rows that came as a whole just as those it was told field by field`, async () => {
    await using rig = await RedisSinkRig.open(await launched.get(name)!);
    const all = wideRows();
    const dumped = async (): Promise<ReadonlyMap<string, string>> => {
      const keys = ((await rig.ask('KEYS', 'shop:wide:*')) as readonly Buffer[]).map(String).sort();
      const found = new Map<string, string>();
      for (const key of keys) found.set(key, ((await rig.ask('DUMP', key)) as Buffer).toString('latin1'));
      return found;
    };
    const before = await restored(rig);
    {
      await using sink = await rig.sink();
      await sink.claim('log');
      await sink.write(batch(), never);
      for (let at = 0; at < all.length; at += 50) {
        await sink.write(batch(rows(wide, 'create', ...all.slice(at, at + 50))), never);
      }
    }
    const told = await dumped();
    assert.equal(told.size, all.length);
    // Asking whether it may be run counts as a call, though it is refused.
    assert.ok((await restored(rig)) - before <= 1);
    await rig.ask('FLUSHALL');
    await using sink = await rig.sink();
    await sink.claim('log');
    await sink.write(batch(), never);
    await sink.write(batch(rows(wide, 'create', ...all)), never);
    assert.deepEqual(await dumped(), told);
    assert.ok((await restored(rig)) - before > 200);
  });
}

test('a hash that an application has put at the key of a new row keeps its fields, and the row comes into it', async () => {
  await using rig = await RedisSinkRig.open(await launched.get('redis-7.0')!);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(batch(), never);
  await rig.ask('HSET', 'shop:orders:150', 'views', 7, 'status', 'stale');
  await rig.ask('SET', 'shop:orders:350', 'of another type');
  const before = await restored(rig);
  await sink.write(batch(rows(ordersTable, 'create', ...orders(0, 100))), never);
  await sink.write(batch(rows(ordersTable, 'create', ...orders(100, 100))), never);
  assert.ok((await restored(rig)) - before >= 200);
  assert.deepEqual(await rig.hash('shop:orders:150'), { id: '150', status: 'new', total: '50', views: '7' });
  // Where one key was there, others may be: the next rows are told field by field.
  const tried = await restored(rig);
  await sink.write(batch(rows(ordersTable, 'create', ...orders(200, 100))), never);
  assert.equal(await restored(rig), tried);
  for (let from = 1_000; from < 2_000; from += 500) {
    await sink.write(batch(rows(ordersTable, 'create', ...orders(from, 500))), never);
  }
  await sink.write(batch(rows(ordersTable, 'create', ...orders(300, 100))), never);
  assert.deepEqual(await rig.hash('shop:orders:350'), { id: '350', status: 'new', total: '50' });
  assert.equal((await rig.rows(ordersTable)).length, 1_400);
  assert.equal(String(await rig.ask('HGET', 'millrace:position:test', 'log')), `place-${number}`);
});

test('a new snapshot over older rows leaves of a hash what the row has', async () => {
  await using rig = await RedisSinkRig.open(await launched.get('redis-7.0')!);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(batch(), never);
  await rig.ask('HSET', 'shop:orders:5', 'id', 5, 'status', 'old', 'of nobody', 1);
  await rig.ask('HSET', 'shop:orders:900', 'id', 900, 'status', 'gone');
  const before = await restored(rig);
  await sink.write(batch(mark(ordersTable, 'begin')), never);
  await sink.write(batch(rows(ordersTable, 'read', ...orders(0, 100))), never);
  await sink.write(batch(rows(ordersTable, 'create', ...orders(5, 100))), never);
  await sink.write(batch(mark(ordersTable, 'end')), never);
  assert.equal((await restored(rig)) - before, 100);
  assert.deepEqual(await rig.hash('shop:orders:5'), { id: '5', status: 'new', total: '0' });
  assert.equal((await rig.rows(ordersTable)).length, 105);
});

test('an account that may not run RESTORE, or a server that tells of its keys, is told rows field by field', async () => {
  await using rig = await RedisSinkRig.open(await launched.get('redis-7.0')!);
  const write = async (settings: Readonly<Record<string, unknown>>): Promise<void> => {
    await rig.ask('FLUSHALL');
    const before = await restored(rig);
    await using sink = await rig.sink(settings);
    await sink.claim('log');
    await sink.write(batch(), never);
    await sink.write(batch(rows(ordersTable, 'create', ...orders(0, 100))), never);
    assert.equal((await rig.rows(ordersTable)).length, 100);
    assert.ok((await restored(rig)) - before <= 1);
  };
  await rig.ask('ACL', 'SETUSER', 'teller', 'on', '>secret', '~*', '+@all', '-restore');
  await write({ username: 'teller', password: 'secret' });
  assert.deepEqual(rig.said.at(-1)?.fields, { reason: 'the account may not run RESTORE' });
  await rig.ask('CONFIG', 'SET', 'maxmemory', 1);
  {
    await using _ = await rig.sink({});
    assert.deepEqual(rig.said.at(-1)?.fields, { reason: 'RESTORE is refused: OOM' });
  }
  await rig.ask('CONFIG', 'SET', 'maxmemory', 0);
  await rig.ask('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
  await write({});
  await rig.ask('CONFIG', 'SET', 'notify-keyspace-events', '');
  assert.deepEqual(rig.said.at(-1)?.fields, { reason: 'notify-keyspace-events is set' });
});
