import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testServers } from '../testing/servers/test-servers.ts';
import { runShopUnderFaults } from './shop-under-faults.ts';

/** A sample of `npm run soak -- river`. */
const faultsOn: Readonly<Record<string, number>> = { 'mysql-9.7': 20, 'mariadb-11.8': 12 };

for (const server of testServers()) {
  const faults = faultsOn[server.name];
  if (faults === undefined) continue;
  test(`${server.name}: a mirror and a change log lose nothing and double nothing through ${faults} kills, cuts and stalls`, async () => {
    const result = await runShopUnderFaults({
      server,
      faults,
      seed: 7,
      ledgerRows: 2_000,
      transactionsPerSecond: 150,
      pauseMs: { least: 50, most: 400 },
    });
    assert.equal(result.kills + result.cuts + result.stalls + result.slow, faults);
    assert.ok(result.transactions > 0 && result.rows > 3_000 && result.lines > 0);
  });
}
