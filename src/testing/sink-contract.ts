import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch, Lane, Part, Position } from '../core/batch.ts';
import type { Change, Op, SchemaChange } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import { position } from '../core/position.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { origin } from './sample-origin.ts';
import { column, eventsTable, int, ordersTable, table, varchar } from './sample-tables.ts';

/** One target to write to, opened as often as a case needs, with a way to look at what it holds. */
export interface SinkHarness extends AsyncDisposable {
  /** A new writer on the same target, as after a restart or on another machine. */
  open(): Promise<Sink>;
  /** What a reader of the target finds now, by whatever order; columns as in `table`. */
  rows(table: Table): Promise<readonly Row[]>;
  /** Ends a writer as `kill -9` would: nothing is flushed and nothing is closed in order. Left out, it is only forgotten. */
  kill?(sink: Sink): Promise<void>;
}

/** What a target can promise. Everything is expected unless it is said to be out of reach. */
export interface SinkPromises {
  /** Rows of tables without a primary key are kept one by one (default true). */
  readonly keyless?: boolean;
  /** It holds tables that follow their definitions, merge updates and lose vanished rows (default true). A change log has only lines. */
  readonly mirror?: boolean;
  /** A transaction in parts becomes visible only with its last one (default true). */
  readonly atomicParts?: boolean;
  /** A writer that was replaced leaves no row (default true). Without transactions it only learns that it was replaced. */
  readonly fencedRows?: boolean;
}

export interface ContractCase {
  readonly name: string;
  /** The promises without which it makes no sense. */
  readonly needs?: readonly (keyof SinkPromises)[];
  run(harness: SinkHarness): Promise<void>;
}

/** Registers every rule of the sink's contract as a test against a fresh target each. */
export const sinkContract = (
  name: string,
  makeHarness: () => Promise<SinkHarness>,
  promises: SinkPromises = {},
): void => {
  for (const { name: rule, needs, run } of sinkCases) {
    if (needs?.some((promise) => promises[promise] === false)) continue;
    test(`${name}: ${rule}`, async () => {
      await using harness = await makeHarness();
      await run(harness);
    });
  }
};

const lane: Lane = 'log';
const never = new AbortController().signal;

const place = (number: number): Position => position(`place-${String(number).padStart(6, '0')}`);

const batch = (number: number, changes: readonly Change[], part?: Part): Batch => ({
  changes,
  positions: new Map([[lane, place(number)]]),
  version: `${String(number).padStart(10, '0')}.${String(part?.index ?? 0).padStart(10, '0')}`,
  ...(part && { part }),
});

const rows = (
  target: Table,
  op: Op,
  images: { readonly before?: readonly Row[]; readonly after?: readonly Row[] },
): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before: images.before ?? null, after: images.after ?? null }),
  origin,
});

const create = (target: Table, ...after: Row[]): Change => rows(target, 'create', { after });
const read = (target: Table, ...after: Row[]): Change => rows(target, 'read', { after });
const remove = (target: Table, ...before: Row[]): Change => rows(target, 'delete', { before });
const update = (target: Table, before: Row, after: Row): Change =>
  rows(target, 'update', { before: [before], after: [after] });
const truncate = (target: Table): Change => ({ kind: 'truncate', table: target, origin });
const mark = (at: 'begin' | 'end', target: Table): Change => ({
  kind: 'snapshot',
  at,
  table: target,
  reason: 'contract',
});
const schema = (
  before: Table | null,
  after: Table | null,
  renamedColumns?: ReadonlyMap<string, string>,
): SchemaChange => ({
  kind: 'schema',
  before,
  after,
  statement: 'as the contract says',
  origin,
  ...(renamedColumns && { renamedColumns }),
});

const opened = async (harness: SinkHarness): Promise<Sink> => {
  const sink = await harness.open();
  await sink.claim(lane);
  return sink;
};

const writeAll = async (sink: Sink, ...batches: readonly Batch[]): Promise<void> => {
  for (const each of batches) await sink.write(each, never);
};

const kill = async (harness: SinkHarness, sink: Sink): Promise<void> => harness.kill?.(sink);

const heldBy = async (harness: SinkHarness): Promise<Position | null> => {
  await using sink = await harness.open();
  return await sink.claim(lane);
};

const holds = async (harness: SinkHarness, target: Table, ...expected: Row[]): Promise<void> => {
  const text = (all: readonly Row[]): string[] =>
    all.map((row) => JSON.stringify(row.map((value) => (value === null ? null : String(value))))).sort();
  assert.deepEqual(text(await harness.rows(target)), text(expected));
};

const failsWith = async (promise: Promise<unknown>, code: string): Promise<void> => {
  await assert.rejects(promise, (error) => {
    assert.ok(isMillraceError(error), `expected ${code}, got ${error}`);
    assert.equal(error.code, code);
    return true;
  });
};

const ordersWithNote = table('orders', [...ordersTable.columns, column('note', varchar)], [0]);
const ordersWithoutTotal = table('orders', ordersTable.columns.slice(0, 2), [0]);
const pairs = table(
  'pairs',
  [column('left', varchar, { nullable: false }), column('right', int, { nullable: false }), column('value', varchar)],
  [0, 1],
);
const oddlyNamed = table(
  'select "x"; drop table `y`',
  [column('a "quoted" name', int, { nullable: false }), column('order', varchar), column("it's", int)],
  [0],
);
const withUniqueKey = table('accounts', [column('id', int, { nullable: false }), column('email', varchar)], [0], {
  uniqueKeys: [[1]],
});

const eventsTableWithKey = table(
  'events_with_key',
  [column('kind', varchar, { nullable: false }), column('amount', int)],
  [0],
);

const one: Row = [1, 'new', 100];
const two: Row = [2, 'new', 200];
const three: Row = [3, 'paid', 300];

export const sinkCases: readonly ContractCase[] = [
  {
    name: 'holds nothing before the first write',
    async run(harness) {
      assert.equal(await heldBy(harness), null);
    },
  },
  {
    name: 'makes creates, updates and deletes visible when write resolves',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one, two, three)]), never);
      await holds(harness, ordersTable, one, two, three);
      await sink.write(batch(2, [update(ordersTable, one, [1, 'paid', 100]), remove(ordersTable, two)]), never);
      await holds(harness, ordersTable, [1, 'paid', 100], three);
    },
  },
  {
    name: 'applies the changes of a batch in their order',
    async run(harness) {
      await using sink = await opened(harness);
      const steps = [
        create(ordersTable, one),
        remove(ordersTable, one),
        create(ordersTable, [1, 'again', 1]),
        update(ordersTable, [1, 'again', 1], [1, 'last', 2]),
      ];
      await sink.write(batch(1, steps), never);
      await holds(harness, ordersTable, [1, 'last', 2]);
      await sink.write(batch(2, [remove(ordersTable, [1, 'last', 2]), create(ordersTable, one)]), never);
      await holds(harness, ordersTable, one);
    },
  },
  {
    name: 'answers a claim with the last position written',
    async run(harness) {
      {
        await using sink = await opened(harness);
        await writeAll(sink, batch(1, [create(ordersTable, one)]), batch(2, [create(ordersTable, two)]));
        assert.equal(await sink.claim(lane), place(2));
      }
      assert.equal(await heldBy(harness), place(2));
    },
  },
  {
    name: 'keeps the position of each lane apart',
    async run(harness) {
      await using sink = await opened(harness);
      assert.equal(await sink.claim('chunk'), null);
      await sink.write(batch(7, [create(ordersTable, one)]), never);
      const both = new Map([
        [lane, place(8)],
        ['chunk', place(1)],
      ]);
      await sink.write({ ...batch(8, [read(ordersTable, two)]), positions: both }, never);
      await sink.write(batch(9, []), never);
      await using next = await harness.open();
      assert.equal(await next.claim(lane), place(9));
      assert.equal(await next.claim('chunk'), place(1));
    },
  },
  {
    name: 'holds rows and position of a resolved write after a kill',
    async run(harness) {
      const sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      await sink.write(batch(2, [update(ordersTable, one, [1, 'paid', 100])]), never);
      await kill(harness, sink);
      assert.equal(await heldBy(harness), place(2));
      await holds(harness, ordersTable, [1, 'paid', 100]);
    },
  },
  {
    name: 'leaves the same rows when a batch is written twice',
    async run(harness) {
      await using sink = await opened(harness);
      const first = batch(1, [create(ordersTable, one, two)]);
      const second = batch(2, [
        update(ordersTable, one, [1, 'paid', 100]),
        remove(ordersTable, two),
        create(ordersTable, three),
      ]);
      await writeAll(sink, first, first, second, second);
      await holds(harness, ordersTable, [1, 'paid', 100], three);
      assert.equal(await sink.claim(lane), place(2));
    },
  },
  {
    name: 'leaves the same rows when a batch is written again by the next writer',
    async run(harness) {
      const repeated = batch(2, [update(ordersTable, one, [9, 'moved', 100]), create(ordersTable, two)]);
      const killed = await opened(harness);
      await writeAll(killed, batch(1, [create(ordersTable, one)]), repeated);
      await kill(harness, killed);
      await using sink = await opened(harness);
      await sink.write(repeated, never);
      await holds(harness, ordersTable, [9, 'moved', 100], two);
    },
  },
  {
    name: 'counts equal rows of a table without a primary key',
    needs: ['keyless'],
    async run(harness) {
      await using sink = await opened(harness);
      const click: Row = ['click', 1];
      await sink.write(batch(1, [create(eventsTable, click, click, click, ['view', null])]), never);
      await holds(harness, eventsTable, click, click, click, ['view', null]);
      await sink.write(batch(2, [remove(eventsTable, click), update(eventsTable, click, ['click', 2])]), never);
      await holds(harness, eventsTable, click, ['click', 2], ['view', null]);
      await sink.write(batch(3, [remove(eventsTable, ['view', null])]), never);
      await holds(harness, eventsTable, click, ['click', 2]);
    },
  },
  {
    name: 'writes a batch twice without doubling rows that have no primary key',
    needs: ['keyless'],
    async run(harness) {
      const click: Row = ['click', 1];
      const repeated = batch(1, [create(eventsTable, click, click)]);
      const killed = await opened(harness);
      await writeAll(killed, repeated, repeated);
      await kill(harness, killed);
      await using sink = await opened(harness);
      await sink.write(repeated, never);
      await holds(harness, eventsTable, click, click);
    },
  },
  {
    name: 'follows a row whose primary key changes',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one, two)]), never);
      await sink.write(batch(2, [update(ordersTable, one, [10, 'new', 100])]), never);
      await holds(harness, ordersTable, [10, 'new', 100], two);
    },
  },
  {
    name: 'lets two rows swap their primary keys by way of a third',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, [1, 'a', 1], [2, 'b', 2])]), never);
      const swap = [
        update(ordersTable, [1, 'a', 1], [99, 'a', 1]),
        update(ordersTable, [2, 'b', 2], [1, 'b', 2]),
        update(ordersTable, [99, 'a', 1], [2, 'a', 1]),
      ];
      await sink.write(batch(2, swap), never);
      await holds(harness, ordersTable, [1, 'b', 2], [2, 'a', 1]);
    },
  },
  {
    name: 'names rows by all columns of their primary key',
    async run(harness) {
      await using sink = await opened(harness);
      const all: Row[] = [
        ['a', 1, 'x'],
        ['a', 2, 'y'],
        ['b', 1, 'z'],
      ];
      await sink.write(batch(1, [create(pairs, ...all)]), never);
      await sink.write(batch(2, [remove(pairs, all[1]!), update(pairs, all[2]!, ['b', 1, null])]), never);
      await holds(harness, pairs, all[0]!, ['b', 1, null]);
    },
  },
  {
    name: 'leaves columns alone that an update did not log',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one, two)]), never);
      const partial = update(ordersTable, [1, undefined, undefined], [undefined, 'paid', undefined]);
      await sink.write(batch(2, [partial]), never);
      await holds(harness, ordersTable, [1, 'paid', 100], two);
      await sink.write(batch(3, [remove(ordersTable, [1, undefined, undefined])]), never);
      await holds(harness, ordersTable, two);
    },
  },
  {
    name: 'takes values of a secondary unique key in the order the source changed them',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(withUniqueKey, [1, 'a@x'], [2, 'b@x'])]), never);
      const swap = [
        update(withUniqueKey, [1, 'a@x'], [1, null]),
        update(withUniqueKey, [2, 'b@x'], [2, 'a@x']),
        update(withUniqueKey, [1, null], [1, 'b@x']),
      ];
      await sink.write(batch(2, swap), never);
      await holds(harness, withUniqueKey, [1, 'b@x'], [2, 'a@x']);
      await sink.write(batch(3, [read(withUniqueKey, [3, 'a@x'])]), never);
      await holds(harness, withUniqueKey, [1, 'b@x'], [2, 'a@x'], [3, 'a@x']);
    },
  },
  {
    name: 'takes any name of a table or column',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(oddlyNamed, [1, "it's", null], [2, 'b', 2])]), never);
      await sink.write(
        batch(2, [remove(oddlyNamed, [2, 'b', 2]), update(oddlyNamed, [1, "it's", null], [1, '"', 5])]),
        never,
      );
      await holds(harness, oddlyNamed, [1, '"', 5]);
    },
  },
  {
    name: 'moves the position for a heartbeat and touches no row',
    async run(harness) {
      await using sink = await opened(harness);
      await writeAll(sink, batch(1, [create(ordersTable, one)]), batch(2, []));
      assert.equal(await sink.claim(lane), place(2));
      await holds(harness, ordersTable, one);
    },
  },
  {
    name: 'fences an older writer once a newer one has claimed the lane',
    needs: ['fencedRows'],
    async run(harness) {
      await using older = await opened(harness);
      await older.write(batch(1, [create(ordersTable, one)]), never);
      await using newer = await harness.open();
      assert.equal(await newer.claim(lane), place(1));
      await failsWith(older.write(batch(2, [create(ordersTable, two)]), never), 'SINK_FENCED');
      await newer.write(batch(2, [create(ordersTable, three)]), never);
      await failsWith(older.write(batch(3, [create(ordersTable, two)]), never), 'SINK_FENCED');
      assert.equal(await newer.claim(lane), place(2));
      await holds(harness, ordersTable, one, three);
    },
  },
  {
    name: 'fences an older writer that sends parts or heartbeats',
    needs: ['fencedRows'],
    async run(harness) {
      await using older = await opened(harness);
      await using newer = await opened(harness);
      await failsWith(older.write(batch(1, []), never), 'SINK_FENCED');
      const parts = async (): Promise<void> => {
        await older.write(batch(0, [create(ordersTable, one)], { transaction: 't', index: 0, last: false }), never);
        await older.write(batch(1, [create(ordersTable, two)], { transaction: 't', index: 1, last: true }), never);
      };
      await failsWith(parts(), 'SINK_FENCED');
      await holds(harness, ordersTable);
      assert.equal(await newer.claim(lane), null);
    },
  },
  {
    name: 'makes the parts of a transaction durable with the last one',
    async run(harness) {
      const sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      await sink.write(batch(1, [create(ordersTable, two)], { transaction: 't', index: 0, last: false }), never);
      await sink.write(batch(1, [create(ordersTable, three)], { transaction: 't', index: 1, last: false }), never);
      await sink.write(batch(2, [remove(ordersTable, one)], { transaction: 't', index: 2, last: true }), never);
      await kill(harness, sink);
      await holds(harness, ordersTable, two, three);
      assert.equal(await heldBy(harness), place(2));
    },
  },
  {
    name: 'shows nothing of a transaction before its last part',
    needs: ['atomicParts'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      await sink.write(batch(1, [create(ordersTable, two)], { transaction: 't', index: 0, last: false }), never);
      await holds(harness, ordersTable, one);
    },
  },
  {
    name: 'keeps the position from before a transaction until its last part',
    async run(harness) {
      const sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      await sink.write(batch(1, [create(ordersTable, two)], { transaction: 't', index: 0, last: false }), never);
      await kill(harness, sink);
      assert.equal(await heldBy(harness), place(1));
    },
  },
  {
    name: 'forgets unfinished parts after a kill',
    needs: ['atomicParts'],
    async run(harness) {
      const sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      await sink.write(batch(1, [remove(ordersTable, one)], { transaction: 't', index: 0, last: false }), never);
      await kill(harness, sink);
      await using next = await opened(harness);
      await next.write(batch(2, [create(ordersTable, three)]), never);
      await holds(harness, ordersTable, one, three);
    },
  },
  {
    name: 'discards an open attempt when a transaction starts again at index 0',
    needs: ['atomicParts'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(
        batch(0, [create(eventsTableWithKey, ['wrong', 1])], { transaction: 't', index: 0, last: false }),
        never,
      );
      await sink.write(
        batch(0, [create(eventsTableWithKey, ['right', 2])], { transaction: 't', index: 0, last: false }),
        never,
      );
      await sink.write(
        batch(1, [create(eventsTableWithKey, ['right too', 3])], { transaction: 't', index: 1, last: true }),
        never,
      );
      await holds(harness, eventsTableWithKey, ['right', 2], ['right too', 3]);
      assert.equal(await sink.claim(lane), place(1));
    },
  },
  {
    name: 'discards an open attempt when another batch comes instead',
    needs: ['atomicParts'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(0, [create(ordersTable, one)], { transaction: 't', index: 0, last: false }), never);
      assert.equal(await sink.claim(lane), null);
      await sink.write(batch(1, [create(ordersTable, two)]), never);
      await holds(harness, ordersTable, two);
    },
  },
  {
    name: 'empties a table that is truncated',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one, two), create(pairs, ['a', 1, 'x'])]), never);
      await writeAll(sink, batch(2, [truncate(ordersTable)]), batch(2, [truncate(ordersTable)]));
      await holds(harness, ordersTable);
      await holds(harness, pairs, ['a', 1, 'x']);
      await sink.write(batch(3, [create(ordersTable, three)]), never);
      await holds(harness, ordersTable, three);
    },
  },
  {
    name: 'follows added and dropped columns, and written twice they change nothing',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      const added = batch(2, [schema(ordersTable, ordersWithNote)]);
      await writeAll(sink, added, added);
      await holds(harness, ordersWithNote, [...one, null]);
      await sink.write(batch(3, [create(ordersWithNote, [2, 'new', 200, 'hello'])]), never);
      await holds(harness, ordersWithNote, [...one, null], [2, 'new', 200, 'hello']);
      const dropped = batch(4, [schema(ordersWithNote, ordersWithoutTotal)]);
      await writeAll(sink, dropped, dropped);
      await holds(harness, ordersWithoutTotal, [1, 'new'], [2, 'new']);
    },
  },
  {
    name: 'keeps the values of a renamed column',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      const renamed = table('orders', ordersTable.columns.with(1, column('state', varchar)), [0]);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      const change = batch(2, [schema(ordersTable, renamed, new Map([['status', 'state']]))]);
      await writeAll(sink, change, change);
      await holds(harness, renamed, one);
    },
  },
  {
    name: 'follows a renamed and a dropped table',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      const renamed = table('orders_2025', ordersTable.columns, [0]);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      const change = batch(2, [schema(ordersTable, renamed)]);
      await writeAll(sink, change, change);
      await holds(harness, renamed, one);
      await sink.write(batch(3, [create(ordersTable, two)]), never);
      await holds(harness, ordersTable, two);
      const drop = batch(4, [schema(renamed, null)]);
      await writeAll(sink, drop, drop);
      await sink.write(batch(5, [create(renamed, three)]), never);
      await holds(harness, renamed, three);
    },
  },
  {
    name: 'follows tables that swap their names, as gh-ost and pt-osc do',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      const named = (name: string, columns = ordersTable.columns): Table => table(name, columns, [0]);
      const ghost = named('_orders_gho', ordersWithNote.columns);
      await sink.write(batch(1, [create(ordersTable, one), create(ghost, [1, 'new', 100, 'copied'])]), never);
      await sink.write(batch(2, [schema(ordersTable, named('_orders_del')), schema(ghost, ordersWithNote)]), never);
      await holds(harness, ordersWithNote, [1, 'new', 100, 'copied']);
      await holds(harness, named('_orders_del'), one);
    },
  },
  {
    name: 'sweeps rows that vanished before a new snapshot, and no row that was written since it began',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one, two, three, [4, 'old', 4])]), never);
      await sink.write(batch(2, [mark('begin', ordersTable)]), never);
      await sink.write(batch(3, [read(ordersTable, [1, 'seen', 100])]), never);
      await sink.write(
        batch(4, [create(ordersTable, [5, 'new', 5]), update(ordersTable, three, [3, 'sent', 300])]),
        never,
      );
      await holds(harness, ordersTable, [1, 'seen', 100], two, [3, 'sent', 300], [4, 'old', 4], [5, 'new', 5]);
      await sink.write(batch(5, [mark('end', ordersTable)]), never);
      await holds(harness, ordersTable, [1, 'seen', 100], [3, 'sent', 300], [5, 'new', 5]);
    },
  },
  {
    name: 'sweeps a table that has nothing but its key, and keeps the rows that were read or created again',
    needs: ['mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      const members = table('members', ordersTable.columns.slice(0, 1), [0]);
      await sink.write(batch(1, [create(members, [1], [2], [3])]), never);
      await sink.write(batch(2, [mark('begin', members), read(members, [1]), create(members, [2])]), never);
      await sink.write(batch(3, [mark('end', members)]), never);
      await holds(harness, members, [1], [2]);
    },
  },
  {
    name: 'sweeps after a kill between the marks, and not twice',
    needs: ['mirror'],
    async run(harness) {
      const killed = await opened(harness);
      await killed.write(batch(1, [create(pairs, ['a', 1, 'x'], ['b', 2, 'y'])]), never);
      await killed.write(batch(2, [mark('begin', pairs), read(pairs, ['a', 1, 'seen'])]), never);
      await kill(harness, killed);
      await using sink = await opened(harness);
      const end = batch(3, [mark('end', pairs)]);
      await writeAll(sink, end, end, batch(4, [create(pairs, ['c', 3, 'z'])]), end);
      await holds(harness, pairs, ['a', 1, 'seen'], ['c', 3, 'z']);
    },
  },
  {
    name: 'replaces the rows of a table without a primary key in a new snapshot',
    needs: ['keyless', 'mirror'],
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(eventsTable, ['gone', 1], ['stays', 2])]), never);
      await sink.write(batch(2, [mark('begin', eventsTable)]), never);
      await sink.write(batch(3, [read(eventsTable, ['stays', 2], ['stays', 2])]), never);
      await sink.write(batch(4, [mark('end', eventsTable)]), never);
      await holds(harness, eventsTable, ['stays', 2], ['stays', 2]);
    },
  },
  {
    name: 'takes a batch of many thousand rows',
    async run(harness) {
      await using sink = await opened(harness);
      const many = Array.from({ length: 20_000 }, (_, id): Row => [id, `status ${id}`, id]);
      await sink.write(batch(1, [create(ordersTable, ...many)]), never);
      const changed = many.filter(([id]) => Number(id) % 2 === 0);
      await sink.write(batch(2, [remove(ordersTable, ...changed)]), never);
      assert.equal((await harness.rows(ordersTable)).length, 10_000);
    },
  },
  {
    name: 'leaves rows and position alone when the write was aborted before it began',
    async run(harness) {
      await using sink = await opened(harness);
      await sink.write(batch(1, [create(ordersTable, one)]), never);
      await assert.rejects(sink.write(batch(2, [create(ordersTable, two)]), AbortSignal.abort()));
      await holds(harness, ordersTable, one);
      assert.equal(await sink.claim(lane), place(1));
      await sink.write(batch(2, [create(ordersTable, two)]), never);
      await holds(harness, ordersTable, one, two);
    },
  },
  {
    name: 'makes writes that are under way together durable in their order',
    async run(harness) {
      await using sink = await opened(harness);
      const width = sink.inFlight ?? 1;
      for (let first = 1; first <= 12; first += width) {
        const numbers = Array.from({ length: width }, (_, i) => first + i);
        await Promise.all(
          numbers.map((number) =>
            sink.write(batch(number, [create(ordersTable, [1, `step ${number}`, number])]), never),
          ),
        );
        const last = first + width - 1;
        await holds(harness, ordersTable, [1, `step ${last}`, last]);
        assert.equal(await sink.claim(lane), place(last));
      }
    },
  },
];
