import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectsTable } from './table-selection.ts';

test('a pattern that means every table means neither the server’s own nor those that a sink keeps its places in', () => {
  const selects = selectsTable({ tables: ['\\.*.\\.*'], 'tables.exclude': ['shop.scratch'] });
  assert.ok(selects('shop', 'orders'));
  assert.ok(selects('millrace', 'orders'), 'a database may have the name, only the tables are ours');
  assert.ok(selects('shop', 'millrace_sweep_of_the_floor'));
  assert.ok(!selects('shop', 'scratch'));
  for (const table of ['millrace_position', 'millrace_schema_change', 'millrace_sweep_0123abcd']) {
    assert.ok(!selects('millrace', table));
    assert.ok(!selects('positions_elsewhere', table));
  }
  for (const database of ['mysql', 'sys', 'performance_schema', 'information_schema'])
    assert.ok(!selects(database, 'user'));
});

test('a table that a sink keeps its places in is not selected by its name either', () => {
  assert.ok(!selectsTable({ tables: ['millrace.millrace_position'] })('millrace', 'millrace_position'));
});
