import { runMysqlMirrorUnderFaults } from '../../src/demo/mysql-mirror-under-faults.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/** What a server acknowledged survives its crash. */
const durable = ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1'];

/**
 * A shop on MySQL kept in another server while the process, its connections and the target fail. `--mariadb 1` makes the target
 * MariaDB, `--writers` is `sink.parallelism`.
 */
export const soak: Soak = {
  options: { faults: 200, seed: 1, mariadb: 0, writers: 1, ledger: 5_000 },
  async run({ faults = 0, seed = 0, mariadb = 0, writers = 1, ledger = 0 }, progress) {
    await using source = await launchServer({ flavor: mariadb === 1 ? 'mariadb' : 'mysql', options: durable });
    await using target = await launchServer({ flavor: mariadb === 1 ? 'mariadb' : 'mysql', options: durable });
    const address = ({ flavor, host, port, user, password }: typeof source) => ({ flavor, host, port, user, password });
    const crash = async (): Promise<void> => {
      await target.kill();
      await target.start();
    };
    const result = await runMysqlMirrorUnderFaults({
      source: address(source),
      target: { ...address(target), crash },
      faults,
      seed,
      writers,
      ledgerRows: ledger,
      transactionsPerSecond: 150,
      pauseMs: { least: 50, most: 900 },
      progress,
    });
    return { faults, ...result, different: 0 };
  },
};
