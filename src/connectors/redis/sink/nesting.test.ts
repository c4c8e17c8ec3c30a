import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import type { Table } from '../../../core/table.ts';
import { bigint, column, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
import { redisSinkConfig } from './config.ts';
import { tableSettings } from './table-settings.ts';

const lines = table(
  'lines',
  [column('id', int, { nullable: false }), column('order_id', int), column('big', bigint), column('word', varchar)],
  [0],
);
const keyless = table('keyless', lines.columns, []);

const settle = (settings: Readonly<Record<string, unknown>>, ...tables: Table[]) => {
  const settingsOf = tableSettings(redisSinkConfig.parse({ hostname: 'x', ...settings }));
  return tables.map(settingsOf);
};

const refuses = (reason: RegExp, nest: string, more: Readonly<Record<string, unknown>>, ...tables: Table[]): void => {
  assert.throws(
    () => settle({ 'sink.tableId-to-nest.mapping': nest, ...more }, ...tables),
    (error) => isMillraceError(error, 'CONFIG_TEMPLATE') && reason.test(error.message),
  );
};

test('a row within another is called after its table and its own key, and leaves out what joins it to its parent', () => {
  const [parent, child] = settle(
    { 'sink.tableId-to-nest.mapping': 'shop.lines = shop.orders (order_id)' },
    ordersTable,
    lines,
  );
  assert.deepEqual(
    parent?.nests.map(({ name, cascades }) => [name, cascades]),
    [['lines', false]],
  );
  assert.ok(child?.shape.kind === 'nested');
  assert.deepEqual(child.shape.place.columns, [0, 2, 3]);
  assert.equal(child.keys.text, parent?.keys.text);
  assert.equal(child.shape.place.fields.text, JSON.stringify(['lines:', '']));
});

test('a key template that names columns needs the column of the parent beside that of the child', () => {
  const key = { 'sink.tableId-to-key.mapping': 'shop.orders=order:{%{id}}' };
  const [child] = settle({ 'sink.tableId-to-nest.mapping': 'shop.lines=shop.orders(id=order_id)', ...key }, lines);
  assert.equal(child?.keys.text, JSON.stringify(['order:{', '}']));
  refuses(/there is no %\{id\}/, 'shop.lines=shop.orders(order_id)', key, lines);
});

test('what cannot be kept within rows of another table is refused', () => {
  const usual = 'shop.lines=shop.orders(order_id)';
  refuses(/it is not parent\(column/, 'shop.lines=shop.orders', {});
  refuses(/is no name/, 'shop.lines=shop.orders(order_id) as a:b', {});
  refuses(/something else called x/, 'shop.a=shop.o(i) as x; shop.b=shop.o(i) as x', {});
  refuses(/stands within rows itself/, `${usual}; shop.orders=shop.customers(id)`, {});
  refuses(/no such column/, 'shop.lines=shop.orders(nothing)', {}, lines);
  refuses(/twice in what joins/, 'shop.lines=shop.orders(order_id,order_id)', {}, lines);
  refuses(/no primary key/, 'shop.keyless=shop.orders(order_id)', {}, keyless);
  refuses(/nothing else besides/, usual, { 'sink.tableId-to-value.mapping': 'shop.lines=json' }, lines);
  refuses(/not within stream/, usual, { 'sink.tableId-to-value.mapping': 'shop.orders=stream' }, lines);
  refuses(/it cannot be hot/, usual, { mode: 'hot' }, ordersTable);
  refuses(/cannot be invalidate/, usual, { 'sink.tableId-to-mode.mapping': 'shop.lines=invalidate' }, lines);
  refuses(/cannot live for a time/, usual, { 'sink.tableId-to-expiry.mapping': 'shop.orders=total' }, ordersTable);
  refuses(/lives as long as they do/, usual, { 'sink.tableId-to-expiry.mapping': 'shop.lines=id' }, lines);
  refuses(/they have none/, usual, { 'sink.tableId-to-index.mapping': 'shop.lines=word' }, lines);
  refuses(/it has a column status/, 'shop.lines=shop.orders(order_id) as status', {}, ordersTable);
});

test('both tables tell whether what joins them gives the same keys, whichever is met first', () => {
  const usual = 'shop.lines=shop.orders(order_id)';
  refuses(/of unlike types/, 'shop.lines=shop.orders(word)', {}, ordersTable, lines);
  refuses(/of unlike types/, 'shop.lines=shop.orders(word)', {}, lines, ordersTable);
  refuses(/name a column for each/, 'shop.lines=shop.orders(order_id,big)', {}, lines, ordersTable);
  refuses(/name them in this order/, 'shop.lines=shop.orders(total=order_id)', {}, lines, ordersTable);
  // A number of 32 bits and one of 64 have the same text.
  settle({ 'sink.tableId-to-nest.mapping': 'shop.lines=shop.orders(big)' }, lines, ordersTable);
  settle({ 'sink.tableId-to-nest.mapping': usual }, lines, ordersTable);
});
