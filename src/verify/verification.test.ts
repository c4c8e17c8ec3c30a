import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../core/batch.ts';
import { position } from '../core/position.ts';
import type { Reader } from '../core/reader.ts';
import type { Row } from '../core/value.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { never, silent } from '../testing/pipeline-rig.ts';
import { column, int, ordersTable, table } from '../testing/sample-tables.ts';
import { Covering } from './covering.ts';
import { ExpectedRows } from './expected-rows.ts';
import { Verification, type VerificationOptions } from './verification.ts';

/** An end without tables. */
const reader = (more: Partial<Reader> = {}): Reader => ({
  name: 'end',
  tables: async () => [],
  describe: async () => null,
  order: async () => ['integer'],
  page: async () => ({ rows: [], last: true }),
  async *scan() {},
  lookup: async () => [],
  held: async () => [],
  [Symbol.asyncDispose]: async () => {},
  ...more,
});

const verify = (source: Reader, target: Reader) =>
  new Verification({ source, target, steps: [], clock: new FakeClock(), log: silent }).run(never);

test('a comparison of no table is refused, not equal', async () => {
  const source = reader({ name: 'db:3306', tables: async () => [{ database: 'shop', name: 'orders' }] });
  const only = () => false;
  const options = { source, target: reader(), steps: [], clock: new FakeClock(), log: silent, only };
  await assert.rejects(new Verification(options).run(never), {
    code: 'VERIFY_NOTHING',
    details: { reason: 'no table of db:3306 matches' },
  });
});

test('a table that is changed by statements again and again is given up', async () => {
  let columns = 0;
  let reads = 0;
  const source = reader({
    tables: async () => [{ database: 'shop', name: 'changing' }],
    describe: async () => {
      columns += 1;
      return table('changing', [column('id', int), column(`c${columns}`, int)], [0]);
    },
    page: async () => {
      reads += 1;
      throw new Error('no such column');
    },
  });
  const target = reader({
    describe: async () =>
      table('changing', [column('id', int), ...Array.from({ length: 50 }, (_, i) => column(`c${i}`, int))], [0]),
  });
  await assert.rejects(verify(source, target), { code: 'VERIFY_TABLE_CHANGES', details: { table: 'shop.changing' } });
  assert.equal(reads, 4);
});

test('a sink that does not get to the end of the log is waited for, and not for ever', async () => {
  const clock = new FakeClock();
  const source = reader({
    log: {
      lane: 'log',
      end: async () => position('9'),
      covers: (held, at) => Number(held) >= Number(at),
      snapshotLane: () => 'snapshot',
      snapshotUnfinished: () => false,
      snapshotsAll: true,
    },
  });
  let at = '3';
  const target = reader({ name: 'mirror.db', held: async () => [position(at)] });
  const covering = new Covering({ source, target, clock, waitMs: 1_000, pauseMs: 10 });
  const waited = async (): Promise<boolean> => {
    let settled = false;
    const reached = covering.reached(never).finally(() => {
      settled = true;
    });
    reached.catch(() => {});
    while (!settled) {
      clock.advanceToNext();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return await reached;
  };
  await assert.rejects(waited(), (error: Error & { code?: string; details?: unknown }) => {
    assert.equal(error.code, 'VERIFY_SINK_BEHIND');
    assert.match(error.message, /^mirror\.db /);
    return true;
  });
  at = '9';
  assert.equal(await waited(), true);
});

/** A table of two rows at the source, and a sink that has some of them and stands at the end of the log. */
const shop = (sink: {
  readonly rows: readonly Row[] | null;
  readonly lane?: string;
  readonly snapshotsAll?: boolean;
}) => {
  const items = table('items', [column('id', int)], [0]);
  const side = (rows: readonly Row[], more: Partial<Reader>) =>
    reader({
      tables: async () => [items],
      describe: async () => items,
      page: async (_, { after }) => ({ rows: after === null ? rows : [], last: true }),
      lookup: async (_, keys) => keys.map(([id]) => rows.find((row) => row[0] === id) ?? null),
      count: async () => rows.length,
      ...more,
    });
  const source = side([[1], [2]], {
    log: {
      lane: 'log',
      end: async () => position('9'),
      covers: () => true,
      snapshotLane: () => 'snapshot',
      snapshotUnfinished: (held) => held === 'under way',
      snapshotsAll: sink.snapshotsAll ?? true,
    },
  });
  const target = side(sink.rows ?? [], {
    ...(sink.rows === null ? { describe: async () => null } : {}),
    held: async (lane) => (lane === 'log' ? [position('9')] : sink.lane === undefined ? [] : [position(sink.lane)]),
    repairs: {
      statements: async () => assert.fail('nothing is to be repaired'),
      apply: async () => assert.fail('nothing is to be repaired'),
    },
  });
  return { source, target };
};

/** The result of its only table, and how many differences are told. */
const toldOf = async (sides: ReturnType<typeof shop>, more: Partial<VerificationOptions> = {}): Promise<string> => {
  const clock = new FakeClock();
  let settled = false;
  const running = new Verification({ ...sides, steps: [], clock, log: silent, ...more }).run(never).finally(() => {
    settled = true;
  });
  running.catch(() => {});
  while (!settled) {
    clock.advanceToNext();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await running).map(({ status, differences }) => `${status} ${differences.length}`).join();
};

test('a table that the source will read by itself, and has not begun to, is not called different', async () => {
  assert.equal(await toldOf(shop({ rows: [] }), { repair: true, onFix: () => assert.fail() }), 'snapshotting 0');
  assert.equal(await toldOf(shop({ rows: [[1]] })), 'snapshotting 0');
  assert.equal(await toldOf(shop({ rows: [[1]] }), { counts: true }), 'snapshotting 0');
  assert.equal(await toldOf(shop({ rows: null })), 'snapshotting 0', 'not made yet');
  assert.equal(await toldOf(shop({ rows: [[1], [2]] })), 'equal 0', 'there by other ways');
});

test('a table that is read already, or that nobody will read by itself, is different where it differs', async () => {
  assert.equal(await toldOf(shop({ rows: [[1]], lane: 'done' })), 'different 1');
  assert.equal(await toldOf(shop({ rows: null, lane: 'done' })), 'absent 0');
  assert.equal(await toldOf(shop({ rows: [[1]], lane: 'under way' })), 'snapshotting 0');
  assert.equal(await toldOf(shop({ rows: null, lane: 'under way' })), 'snapshotting 0');
  assert.equal(await toldOf(shop({ rows: [], snapshotsAll: false })), 'different 2');
  assert.equal(await toldOf(shop({ rows: null, snapshotsAll: false })), 'absent 0');
});

test('rows that a step makes several of cannot be compared', async () => {
  const twice = (batch: Batch): Batch => ({ ...batch, changes: [...batch.changes, ...batch.changes] });
  const [expected] = await ExpectedRows.of(ordersTable, [twice]);
  await assert.rejects(expected!.from([[1, 'new', 10]]), {
    code: 'VERIFY_ROWS_MULTIPLY',
    details: { table: 'shop.orders' },
  });
});
