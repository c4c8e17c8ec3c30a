import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../testing/fake-clock.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { TableScan } from './table-scan.ts';

test('a table that is not there when its snapshot begins is told, not read as empty', async () => {
  const scan = new TableScan({
    table: ordersTable,
    from: { settled: false, scan: null, contains: null, sequence: 0, attempts: [] },
    begin: { reason: 'initial', where: null },
    server: { version: { flavor: 'mysql', major: 8, minor: 0, patch: 36 } },
    clock: new FakeClock(),
    chunkRows: 10,
    chunkBytes: 1_000,
    pushed: () => {},
  } as unknown as ConstructorParameters<typeof TableScan>[0]);
  // What information_schema says of it.
  const control = { query: async () => [] };
  await assert.rejects(scan.run({ control } as unknown as Parameters<TableScan['run']>[0]), {
    code: 'SNAPSHOT_TABLE_GONE',
    details: { table: 'shop.orders', number: 1146 },
  });
  assert.equal(scan.finished, false);
});
