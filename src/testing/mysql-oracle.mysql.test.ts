import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWithMysql } from './mysql-oracle.ts';
import { SeededRandom } from './seeded-random.ts';
import { testServers } from './servers/test-servers.ts';
import { smallTables } from './small-tables.ts';
import { tpch } from './tpch.ts';

const server = testServers().find(({ flavor }) => flavor === 'mysql');

test('random transactions on MySQL leave every query with the result that MySQL gives at the same place', async () => {
  const figures = await compareWithMysql(server!, smallTables(), new SeededRandom(1), { ticks: 25, perTick: 4 });
  assert.ok(figures.shapes >= 60, `${figures.shapes} shapes`);
  assert.equal(figures.comparisons, 25 * 4 + figures.shapes);
});

test("TPC-H's 22 queries follow changes of its tables as MySQL answers them", async () => {
  const random = new SeededRandom(1);
  const figures = await compareWithMysql(server!, tpch(random), random, { ticks: 15, perTick: 2 });
  assert.deepEqual([figures.shapes, figures.answered >= 18], [22, true], `${figures.answered} of 22 had rows`);
});
