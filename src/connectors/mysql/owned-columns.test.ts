import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, Op } from '../../core/change.ts';
import { ownedColumns } from '../../core/column-owners.ts';
import { isMillraceError } from '../../core/errors.ts';
import { defineTable, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { origin } from '../../testing/sample-origin.ts';
import { ordersTable } from '../../testing/sample-tables.ts';
import { ForeignRows } from './foreign-rows.ts';
import { OwnedColumns } from './owned-columns.ts';

const setup = (...columns: string[]) => {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const conflicts = new ForeignRows({ tables: [], pipeline: 'test', log, clock: systemClock });
  return { conflicts, owned: new OwnedColumns([{ database: 'shop', name: 'orders', columns }], conflicts) };
};

const rows = (op: Op, before: Row[] | null, after: Row[] | null, table = ordersTable): Change => ({
  kind: 'rows',
  op,
  table,
  rows: new ArrayRowImages(table, { before, after }),
  origin,
});

const through = async (owned: OwnedColumns, ...changes: Change[]): Promise<readonly Change[]> => {
  const read = async function* (): AsyncGenerator<Batch> {
    yield { changes, positions: new Map(), version: '1' };
  };
  for await (const batch of owned.over(read())) return batch.changes;
  return [];
};

const columnsOf = (change: Change | undefined): readonly Row[] =>
  change?.kind === 'rows' ? Array.from({ length: change.rows.length }, (_, i) => change.rows.after(i)!) : [];

test('of an update what the other side owns stays here and counts; the rest goes on', async () => {
  const { owned, conflicts } = setup('total');
  const [first, ...more] = await through(
    owned,
    rows(
      'update',
      [
        [1, 'new', 5],
        [2, 'new', 5],
        [3, 'new', 5],
        [4, 'new', null],
      ],
      [
        [1, 'paid', 5],
        [2, 'new', 6],
        [3, 'paid', 7],
        [4, 'new', 1],
      ],
    ),
  );
  assert.deepEqual(columnsOf(first), [
    [1, 'paid', undefined],
    [3, 'paid', undefined],
  ]);
  assert.deepEqual(more, []);
  assert.equal(conflicts.total, 3);
});

test('an update of nothing else is left out, and a column that was not logged has not changed', async () => {
  const { owned, conflicts } = setup('total');
  assert.deepEqual(await through(owned, rows('update', [[1, 'new', 5]], [[1, 'new', 6]])), []);
  assert.equal(conflicts.total, 1);
  const minimal = await through(owned, rows('update', [[1, undefined, undefined]], [[undefined, 'paid', undefined]]));
  assert.deepEqual(columnsOf(minimal[0]), [[undefined, 'paid', undefined]]);
  await through(owned, rows('update', [[1, undefined, undefined]], [[undefined, undefined, 6]]));
  assert.equal(conflicts.total, 2);
});

test('new rows, deletes and marks go on as they are, of a table that tells the sink whose the columns are', async () => {
  const { owned, conflicts } = setup('total');
  const given = [
    rows('create', null, [[1, 'new', 5]]),
    rows('read', null, [[2, 'new', 5]]),
    rows('delete', [[3, 'new', 5]], null),
    { kind: 'truncate', table: ordersTable, origin },
    { kind: 'snapshot', at: 'begin', table: ordersTable, reason: 'initial' },
  ] as const;
  const changes = await through(owned, ...given);
  for (const [i, change] of changes.entries()) {
    assert.ok(change.kind !== 'schema');
    assert.deepEqual(ownedColumns(change.table), [2]);
    assert.deepEqual(columnsOf(change), columnsOf(given[i]));
  }
  assert.equal(changes.length, given.length);
  assert.equal(conflicts.total, 0);
});

test('other tables pass untouched', async () => {
  const { owned } = setup('total');
  const { id: _, ...definition } = ordersTable;
  const other = defineTable({ ...definition, name: 'other' });
  const change = rows('update', [[1, 'new', 5]], [[1, 'new', 6]], other);
  assert.equal((await through(owned, change))[0], change);
});

const altered = (name: string, ...names: string[]): Table => {
  const { id: _, ...definition } = ordersTable;
  const columns = names.map((each, at) => ({ ...ordersTable.columns[at]!, name: each }));
  return defineTable({ ...definition, name, columns });
};

test('a column that there is not, one of the key, and one that a definition loses end it', async () => {
  const isWrong = (reason: RegExp) => (error: unknown) =>
    isMillraceError(error, 'CONFIG_WRONG_VALUE') && reason.test(error.message);
  assert.throws(() => setup('totl').owned.check([ordersTable]), isWrong(/no column totl/));
  assert.throws(() => setup('id').owned.check([ordersTable]), isWrong(/primary key/));
  const { id: _, ...definition } = ordersTable;
  assert.throws(
    () => setup('total').owned.check([defineTable({ ...definition, primaryKey: [] })]),
    isWrong(/primary key/),
  );
  const { owned } = setup('total');
  // It came by a change that has not been read yet.
  owned.check([altered('orders', 'id', 'status'), ordersTable]);
  const change = (before: Table | null, after: Table | null) =>
    through(owned, { kind: 'schema', before, after, statement: '', origin });
  const without = altered('orders', 'id', 'status');
  await assert.rejects(change(ordersTable, without), isWrong(/no column total any more/));
  await assert.rejects(change(null, without), isWrong(/no column total/));
  await assert.rejects(change(ordersTable, altered('bills', 'id', 'status', 'total')), isWrong(/became shop.bills/));
  const [added] = await change(without, ordersTable);
  assert.ok(added?.kind === 'schema');
  assert.deepEqual(ownedColumns(added.after!), [2]);
  assert.equal((await change(ordersTable, null)).length, 1);
});
