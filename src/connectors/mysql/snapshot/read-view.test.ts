import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../core/errors.ts';
import { FakeClock } from '../../../testing/fake-clock.ts';
import { settle } from '../../../testing/pipeline-rig.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { openReadView, type ViewContext } from './read-view.ts';

test('a table that a transaction keeps from being locked is tried ten times, and then told', async () => {
  const clock = new FakeClock();
  const asked: string[] = [];
  const query = async (sql: string): Promise<readonly (readonly string[])[]> => {
    asked.push(sql);
    if (sql.startsWith('LOCK'))
      throw new MillraceError('MYSQL_SERVER_BUSY', { address: 'db:3306', number: 1205, reason: 'waited' });
    return [];
  };
  const control = { query, run: query };
  const context = { control, reader: control, clock } as unknown as ViewContext;
  const refused = assert.rejects(openReadView('lock', ordersTable, context), {
    code: 'SNAPSHOT_LOCK_TIMEOUT',
    retryable: true,
    details: { table: 'shop.orders', attempts: 10 },
  });
  await settle();
  while (clock.advanceToNext()) await settle();
  await refused;
  assert.equal(asked.filter((sql) => sql === 'LOCK TABLES `shop`.`orders` READ').length, 10);
});

test('a server that does not show what it has logged is not read from', async () => {
  const asked: string[] = [];
  const query = async (sql: string): Promise<readonly (readonly string[])[]> => {
    asked.push(sql);
    return sql.includes('WAIT_FOR_EXECUTED_GTID_SET') ? [['1']] : [];
  };
  const context = {
    reader: { query },
    server: { address: 'db:3306' },
    watch: { place: { gtids: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5' } },
  } as unknown as ViewContext;
  await assert.rejects(openReadView('gtid', ordersTable, context), { code: 'SNAPSHOT_NOT_VISIBLE', retryable: true });
  assert.deepEqual(asked, ["SELECT WAIT_FOR_EXECUTED_GTID_SET('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5', 30)"]);
});
