import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../core/errors.ts';
import type { Row } from '../../core/value.ts';
import type { SqlRow } from '../../operators/incremental/delta.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { tableOf } from '../../testing/sql-history.ts';
import { sqlTable } from '../../testing/sql-rig.ts';
import { OptionConflict } from '../connectors/sql-connector.ts';
import { serverColumns } from '../scanned-columns.ts';
import { AskedTable, type MatchingReader } from './asked-table.ts';
import { lookupSettings } from './lookup-options.ts';

const never = new AbortController().signal;

/** `u (id, v)` with `rows`, asked by `v`; `failures` questions fail first. */
const asking = (options: Readonly<Record<string, unknown>>, rows: readonly Row[], failures: MillraceError[] = []) => {
  const clock = new FakeClock();
  const asked: Row[][] = [];
  const reader: MatchingReader = {
    async *matching(_, columns, keys) {
      assert.deepEqual(
        columns.map(({ place }) => place),
        [1],
      );
      asked.push([...keys]);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      // As a collation that does not mind the case finds them.
      const wanted = new Set(keys.map(([text]) => String(text).toLowerCase()));
      for (const row of rows) if (wanted.has(String(row[1]).toLowerCase())) yield [row];
    },
    async [Symbol.asyncDispose]() {},
  };
  const table = tableOf('u');
  const lookup = { table: sqlTable('u', { id: 'BIGINT', v: 'STRING' }), by: [1], columns: new Set([0, 1]) };
  const columns = serverColumns(table);
  const evaluation = { timeZone: 'UTC', random: Math.random, now: () => 0 };
  const settings = lookupSettings(options);
  const of = new AskedTable({ reader, table, columns, lookup, settings, evaluation, clock });
  return {
    of,
    asked,
    clock,
    ask: (...keys: string[]) =>
      of.answer(
        keys.map((key): SqlRow => [key]),
        never,
      ),
  };
};

/** Lets time pass for as long as somebody waits for it. */
const patient = async <Result>(clock: FakeClock, of: Promise<Result>): Promise<Result> => {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  of.then(done, done);
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advanceToNext();
  }
  return await of;
};

const rows: Row[] = [
  [1, 'a'],
  [2, 'a'],
  [3, 'A'],
];

test('answers hold the rows with the very values that were asked for, and no others that the server takes for equal', async () => {
  const { ask } = asking({}, rows);
  assert.deepEqual(await ask('a', 'x', 'A'), [
    [
      [1, 'a'],
      [2, 'a'],
    ],
    [],
    [[3, 'A']],
  ]);
});

test('without a cache everything is asked for again; with one what is known, and that there is nothing, is not', async () => {
  const plain = asking({}, rows);
  await plain.ask('a');
  await plain.ask('a');
  assert.deepEqual(plain.asked, [[['a']], [['a']]]);
  const cached = asking({ 'lookup.cache': 'PARTIAL' }, rows);
  assert.deepEqual(await cached.ask('a', 'x'), await cached.ask('a', 'x'));
  await cached.ask('x', 'A', 'a');
  assert.deepEqual(cached.asked, [[['a'], ['x']], [['A']]]);
  const missing = asking({ 'lookup.cache': 'PARTIAL', 'lookup.partial-cache.cache-missing-key': false }, rows);
  await missing.ask('x');
  await missing.ask('x');
  assert.equal(missing.asked.length, 2);
});

test('what is kept ends after its time, counted from when it was read or used', async () => {
  const write = asking({ 'lookup.cache': 'PARTIAL', 'lookup.partial-cache.expire-after-write': '10 s' }, rows);
  const access = asking({ 'lookup.cache': 'PARTIAL', 'lookup.partial-cache.expire-after-access': '10 s' }, rows);
  for (const { ask, clock } of [write, access]) {
    for (let second = 0; second < 20; second += 5) {
      await ask('a');
      clock.advance(5_000);
    }
    clock.advance(10_000);
    await ask('a');
  }
  assert.deepEqual([write.asked.length, access.asked.length], [3, 2]);
});

test('the cache holds as many rows as it may, and lets go of those that were used the longest ago', async () => {
  const { ask, asked } = asking({ 'lookup.cache': 'PARTIAL', 'lookup.partial-cache.max-rows': 3 }, rows);
  await ask('a');
  await ask('x');
  await ask('a');
  await ask('y');
  asked.length = 0;
  await ask('a', 'x', 'y');
  assert.deepEqual(asked, [[['x']]]);
});

test('a question that fails is asked again, and then fails the job with a code; what is final fails at once', async () => {
  const lost = () => new MillraceError('NET_CLOSED', { address: 'db1:3306' });
  const twice = asking({}, rows, [lost(), lost()]);
  const [found] = await patient(twice.clock, twice.ask('a'));
  assert.equal(found!.length, 2);
  assert.equal(twice.asked.length, 3);
  const always = asking({ 'lookup.max-retries': 1 }, rows, [lost(), lost()]);
  await assert.rejects(patient(always.clock, always.ask('a')), {
    code: 'SQL_LOOKUP_FAILED',
    details: { table: 'shop.u', tries: 2 },
  });
  const final = asking({}, rows, [new MillraceError('MYSQL_NO_TABLES', { patterns: 'shop.u' })]);
  await assert.rejects(final.ask('a'), { code: 'MYSQL_NO_TABLES' });
});

test("Flink's older names mean the same, and a cache that is described has to be asked for", () => {
  const older = lookupSettings({ 'lookup.cache.max-rows': 5, 'lookup.cache.ttl': '1 min' });
  const newer = lookupSettings({
    'lookup.cache': 'PARTIAL',
    'lookup.partial-cache.max-rows': 5,
    'lookup.partial-cache.expire-after-write': 60_000,
  });
  assert.deepEqual(older, newer);
  assert.throws(() => lookupSettings({ 'lookup.partial-cache.max-rows': 5 }), OptionConflict);
});
