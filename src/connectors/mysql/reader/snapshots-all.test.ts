import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../testing/fake-clock.ts';
import { mysqlConfig } from '../config.ts';
import { MysqlReader } from './reader.ts';

test('a reader says that tables are read by themselves where a pipeline asks for that, and not of a bare address', async () => {
  const clock = new FakeClock();
  const said = async (pipeline: string | null, mode?: string): Promise<boolean> => {
    const startup = mode === undefined ? {} : { 'scan.startup.mode': mode };
    const config = mysqlConfig.parse({ hostname: 'db', username: 'u', tables: 'shop.\\.*', ...startup });
    await using reader = new MysqlReader({ config, context: { pipeline, clock } });
    return reader.log.snapshotsAll;
  };
  assert.deepEqual(
    [await said('shop'), await said('shop', 'initial'), await said('shop', 'snapshot')],
    [true, true, true],
  );
  assert.deepEqual([await said('shop', 'latest-offset'), await said('shop', 'earliest-offset')], [false, false]);
  assert.equal(await said(null), false);
});
