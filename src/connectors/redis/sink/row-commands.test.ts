import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { RowsChange } from '../../../core/change.ts';
import type { Row } from '../../../core/value.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { writtenCommands } from '../../../testing/written-commands.ts';
import { redisSinkConfig } from './config.ts';
import { RowCommands } from './row-commands.ts';
import { planTable } from './table-plan.ts';
import { tableSettings } from './table-settings.ts';

const creates = (...after: Row[]): RowsChange => ({
  kind: 'rows',
  op: 'create',
  table: ordersTable,
  rows: new ArrayRowImages(ordersTable, { before: null, after }),
  origin,
});

const plan = () => {
  const state = { vanished: null, complete: false };
  return planTable(ordersTable, tableSettings(redisSinkConfig.parse({ hostname: 'x' }))(ordersTable), state);
};

const written = (capacity: number, wipe: boolean, ...rows: Row[]): readonly (readonly string[])[] => {
  const encoder = new RowCommands(
    { sink: 'test', maxValueBytes: 1e9, maxStreamLength: null, nest: 'nest:', renames: true },
    capacity,
  );
  encoder.add(creates(...rows), plan(), wipe);
  const commands = writtenCommands(encoder.commands);
  assert.equal(encoder.commands.commands, commands.length);
  return commands;
};

const rows: Row[] = [1, 9, 10, 12_345, 7, 2_147_483_647, -1].flatMap((id): Row[] => [
  [id, 'x', 1],
  [id, null, null],
  [id, 'long '.repeat(400), 1234567890],
]);

test('rows of all lengths are the same commands, however much room there was in front of their fields', () => {
  const expected = rows.flatMap(([id, status, total]) => {
    const key = `shop:orders:${id}`;
    const fields = { id, status, total };
    const set = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [name, String(value)]));
    const nulls = Object.keys(fields).filter((name) => fields[name as keyof typeof fields] === null);
    return [['HSET', key, ...set], ...(nulls.length === 0 ? [] : [['HDEL', key, ...nulls]])];
  });
  for (const capacity of [16, 100, 64 * 1024]) assert.deepEqual(written(capacity, false, ...rows), expected);
});

test('rows that take the place of whatever is there remove it first', () => {
  assert.deepEqual(written(16, true, [1, 'a', null], [100, 'b', 2]), [
    ['UNLINK', 'shop:orders:1'],
    ['HSET', 'shop:orders:1', 'id', '1', 'status', 'a'],
    ['UNLINK', 'shop:orders:100'],
    ['HSET', 'shop:orders:100', 'id', '100', 'status', 'b', 'total', '2'],
  ]);
});
