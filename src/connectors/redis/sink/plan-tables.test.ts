import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { eventsTable, ordersTable } from '../../../testing/sample-tables.ts';
import { redisSinkConfig } from './config.ts';
import { planRedisTables } from './plan-tables.ts';

const config = (settings: Readonly<Record<string, unknown>>) =>
  redisSinkConfig.parse({ hostname: 'cache1', ...settings });

const refusal = (settings: Readonly<Record<string, unknown>>, tables = [ordersTable]): string => {
  try {
    planRedisTables(config(settings), tables);
  } catch (error) {
    if (isMillraceError(error, 'CONFIG_TEMPLATE')) return error.message;
    throw error;
  }
  return assert.fail('nothing was refused');
};

test('tables that the settings fit need nothing before their rows come', () => {
  const settings = {
    'sink.tableId-to-index.mapping': 'shop.orders=status',
    'sink.tableId-to-key.mapping': 'crm.users=u:%{id}',
  };
  assert.deepEqual(planRedisTables(config(settings), [ordersTable]), [[]]);
});

test('what does not fit a table is refused before anything is written, and so is a table that is not there', () => {
  assert.match(refusal({ key: 'order:%{status}' }), /rows of shop.orders would share keys: it leaves out id/);
  assert.match(refusal({ 'sink.tableId-to-index.mapping': 'shop.orders=state' }), /orders has no column state/);
  assert.match(
    refusal({ 'sink.tableId-to-expiry.mapping': 'shop.orders=status' }),
    /"shop.orders=status": only a date/,
  );
  assert.match(refusal({}, [eventsTable]), /has no primary key/);
  const mistyped = refusal({ 'sink.tableId-to-value.mapping': 'shop.order=json' });
  assert.match(mistyped, /"shop.order": sink.tableId-to-value.mapping names it, and no such table is captured/);
});
