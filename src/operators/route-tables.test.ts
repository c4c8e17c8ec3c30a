import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change, Origin } from '../core/change.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import { column, int, table, varchar } from '../testing/sample-tables.ts';
import { type Route, routeTables } from './route-tables.ts';

const origin = { kind: 'mysql' } as Origin;
const orders = (name: string, extra = false): Table =>
  table(name, [column('id', int), ...(extra ? [column('note', varchar)] : [])], [0]);
const rows = (target: Table): Change => ({
  kind: 'rows',
  op: 'create',
  table: target,
  rows: new ArrayRowImages(target, { before: null, after: [[1]] }),
  origin,
});
const batch = (...changes: Change[]): Batch => ({ changes, positions: new Map(), version: '1' });

const route = (pattern: RegExp, name: string, merges: boolean): Route => ({
  matches: (_, tableName) => pattern.test(tableName),
  rename: () => ({ database: 'ods', name }),
  merges,
});

test('a table gets the name of the first route that matches, and its rows as they are', () => {
  const operator = routeTables([route(/^orders$/, 'a', false), route(/^o/, 'b', false)]);
  const change = rows(orders('orders'));
  const [first] = operator(batch(change)).changes;
  assert(first?.kind === 'rows' && change.kind === 'rows');
  assert.equal(qualifiedName(first.table), 'ods.a');
  assert.notEqual(first.table.id, change.table.id);
  assert.equal(first.rows, change.rows);
  const [second] = operator(batch(rows(orders('other')))).changes;
  assert(second?.kind === 'rows');
  assert.equal(qualifiedName(second.table), 'ods.b');
});

test('a batch that no route concerns is handed on itself', () => {
  const untouched = batch(rows(orders('orders')));
  assert.equal(routeTables([route(/^x/, 'x', false)])(untouched), untouched);
});

test('both names of a schema change are routed, and a renamed table moves in or out of a route', () => {
  const operator = routeTables([route(/^orders$/, 'a', false)]);
  const [change] = operator(
    batch({ kind: 'schema', before: orders('orders'), after: orders('orders_old'), statement: '', origin }),
  ).changes;
  assert(change?.kind === 'schema');
  assert.equal(qualifiedName(change.before!), 'ods.a');
  assert.equal(qualifiedName(change.after!), 'shop.orders_old');
});

test('what concerns one of several merged tables does not reach the target', () => {
  const operator = routeTables([route(/^orders_\d$/, 'orders', true)]);
  const one = orders('orders_1');
  const result = operator(
    batch(
      { kind: 'schema', before: null, after: one, statement: '', origin },
      { kind: 'snapshot', at: 'begin', table: one, reason: '' },
      rows(one),
      rows(orders('orders_2')),
      { kind: 'snapshot', at: 'end', table: one, reason: '' },
      { kind: 'schema', before: one, after: null, statement: '', origin },
    ),
  );
  assert.deepEqual(
    result.changes.map((change) => change.kind === 'rows' && qualifiedName(change.table)),
    ['ods.orders', 'ods.orders'],
  );
});

test('merged tables with different columns are refused, and one truncated', () => {
  const operator = routeTables([route(/^orders_\d$/, 'orders', true)]);
  operator(batch(rows(orders('orders_1'))));
  assert.throws(() => operator(batch(rows(orders('orders_2', true)))), { code: 'ROUTE_DEFINITIONS_DIFFER' });
  assert.throws(() => operator(batch({ kind: 'truncate', table: orders('orders_1'), origin })), {
    code: 'ROUTE_TRUNCATE_MERGED',
  });
});

test('one table alone behind a merging route may change its columns', () => {
  const operator = routeTables([route(/^orders_\d$/, 'orders', true)]);
  operator(batch(rows(orders('orders_1'))));
  const altered = orders('orders_1', true);
  const [change] = operator(
    batch({ kind: 'schema', before: orders('orders_1'), after: altered, statement: '', origin }),
  ).changes;
  assert(change?.kind === 'schema');
  assert.equal(change.after?.columns.length, 2);
});

test('a table that several routes match goes under each name, or only under the first', () => {
  const routes = [route(/^orders$/, 'a', false), route(/^o/, 'b', false)];
  const change = rows(orders('orders'));
  const names = (firstOnly: boolean) =>
    routeTables(
      routes,
      firstOnly,
    )(batch(change)).changes.map((each) => each.kind === 'rows' && qualifiedName(each.table));
  assert.deepEqual(names(false), ['ods.a', 'ods.b']);
  assert.deepEqual(names(true), ['ods.a']);
});

test('a schema change of such a table reaches each of its names, creation and drop too', () => {
  const operator = routeTables([route(/^orders$/, 'a', false), route(/^o/, 'b', false)]);
  const changed = (before: Table | null, after: Table | null) =>
    operator(batch({ kind: 'schema', before, after, statement: '', origin })).changes.map((each) => {
      assert(each.kind === 'schema');
      return [each.before, each.after].map((end) => (end === null ? null : qualifiedName(end)));
    });
  assert.deepEqual(changed(null, orders('orders')), [
    [null, 'ods.a'],
    [null, 'ods.b'],
  ]);
  assert.deepEqual(changed(orders('orders'), orders('orders', true)), [
    ['ods.a', 'ods.a'],
    ['ods.b', 'ods.b'],
  ]);
  assert.deepEqual(changed(orders('orders'), orders('other')), [
    ['ods.a', null],
    ['ods.b', 'ods.b'],
  ]);
});
