import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Op } from '../../../core/change.ts';
import { withOwnedColumns } from '../../../core/column-owners.ts';
import { isMillraceError } from '../../../core/errors.ts';
import type { Row } from '../../../core/value.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { writtenCommands } from '../../../testing/written-commands.ts';
import { redisSinkConfig } from './config.ts';
import { RowCommands } from './row-commands.ts';
import { planTable } from './table-plan.ts';
import { tableSettings } from './table-settings.ts';

/** Redis owns `total`. */
const table = withOwnedColumns(ordersTable, [2]);

interface Given {
  readonly op: Op;
  readonly before?: Row;
  readonly after?: Row;
  readonly complete?: boolean;
  readonly renames?: boolean;
  readonly vanished?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

const written = (given: Given) => {
  const { op, before, after, complete = true, renames = true, vanished = null, settings = {} } = given;
  const limits = { sink: 'test', maxValueBytes: 1e9, maxStreamLength: null, nest: 'nest:', renames };
  const encoder = new RowCommands(limits);
  const config = redisSinkConfig.parse({ hostname: 'x', key: 'o:%{id}', ...settings });
  const plan = planTable(table, tableSettings(config)(table), { vanished, complete });
  const images = { before: before ? [before] : null, after: after ? [after] : null };
  encoder.add({ kind: 'rows', op, table, rows: new ArrayRowImages(table, images), origin }, plan, false);
  encoder.finish();
  assert.ok(encoder.partial, 'nothing at the key can be replaced as a whole');
  return writtenCommands(encoder.commands);
};

test('a new row gives what Redis owns where Redis has none', () => {
  assert.deepEqual(written({ op: 'create', after: [1, 'new', 5] }), [
    ['HSET', 'o:1', 'id', '1', 'status', 'new'],
    ['HSETNX', 'o:1', 'total', '5'],
  ]);
  assert.deepEqual(written({ op: 'read', after: [1, null, null], vanished: 'gone' }), [
    ['HDEL', 'o:1', 'status'],
    ['HSET', 'o:1', 'id', '1'],
    ['SREM', 'gone', 'o:1'],
  ]);
  assert.deepEqual(written({ op: 'create', after: [1, null, null], settings: { 'sink.null.fields': 'empty' } }), [
    ['HSET', 'o:1', 'id', '1', 'status', ''],
    ['HSETNX', 'o:1', 'total', ''],
  ]);
});

test('an update writes what changed of the rest, or all of it where the hash may lack some', () => {
  const before: Row = [1, 'new', undefined];
  const after: Row = [1, 'paid', undefined];
  assert.deepEqual(written({ op: 'update', before, after }), [['HSET', 'o:1', 'status', 'paid']]);
  assert.deepEqual(written({ op: 'update', before, after: [1, null, undefined] }), [['HDEL', 'o:1', 'status']]);
  assert.deepEqual(written({ op: 'update', before, after, complete: false }), [
    ['HSET', 'o:1', 'id', '1', 'status', 'paid'],
  ]);
});

test('a row that gets another key takes what Redis owns with it, and one that goes takes it along', () => {
  const moved: Given = { op: 'update', before: [1, 'new', undefined], after: [2, 'new', undefined] };
  assert.deepEqual(written(moved), [
    ['RENAME', 'o:1', 'o:2'],
    ['HSET', 'o:2', 'id', '2'],
  ]);
  assert.throws(
    () => written({ ...moved, renames: false }),
    (error) => isMillraceError(error, 'SINK_ROW_REFUSED'),
  );
  assert.deepEqual(written({ op: 'delete', before: [1, 'new', 5] }), [['UNLINK', 'o:1']]);
});

test('what would replace the row as a whole, or be made of what Redis owns, is refused', () => {
  const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ value: 'json' }, /cannot be json/],
    [{ 'sink.tableId-to-value.mapping': 'shop.orders=string(status)' }, /cannot be string/],
    [{ mode: 'hot' }, /cannot be hot/],
    [{ mode: 'invalidate' }, /cannot be invalidate/],
    [{ 'sink.tableId-to-expiry.mapping': 'shop.orders=total' }, /live for a time/],
    [{ key: 'o:%{id}:%{total}' }, /made of total/],
    [{ 'sink.tableId-to-index.mapping': 'shop.orders=total' }, /made of total/],
  ];
  for (const [settings, reason] of wrong) {
    assert.throws(
      () => written({ op: 'create', after: [1, 'new', 5], settings }),
      (error) => isMillraceError(error, 'CONFIG_TEMPLATE') && reason.test(error.message),
      JSON.stringify(settings),
    );
  }
});
