import { runClusterUnderFaults } from '../../src/demo/redis-cluster-under-faults.ts';
import { runRedisUnderFaults } from '../../src/demo/redis-under-faults.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchRedisCluster } from '../../src/testing/servers/launch-redis-cluster.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/** What a server acknowledged survives its crash. */
const durable = ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1', '--innodb-buffer-pool-size=64M'];

/**
 * MySQL into Redis and Redis into MySQL while both processes and both servers are killed. `--everysec 1` lets Redis lose the last second
 * at a crash, as its defaults do: MySQL then follows what Redis came back with. `--cluster 1` is MySQL into a cluster of three primaries and
 * three replicas, whose slots move and whose primaries die; `--cluster 2` is hashes of that cluster into MySQL, too. `--two-way 1`: both pipelines read the keys of both sides, each of which has one
 * owner; what comes back is counted, and so are writes of the wrong side.
 */
export const soak: Soak = {
  options: { faults: 200, seed: 1, everysec: 0, cluster: 0, 'two-way': 0 },
  async run({ faults = 0, seed = 0, everysec = 0, cluster = 0, 'two-way': twoWay = 0 }, progress) {
    await using mysql = await launchServer({ flavor: 'mysql', options: durable });
    if (cluster > 0) {
      await using nodes = await launchRedisCluster({ replicas: 3 });
      const pauseMs = { least: 50, most: 900 };
      const bothWays = cluster === 2;
      const result = await runClusterUnderFaults({ mysql, cluster: nodes, faults, seed, pauseMs, bothWays, progress });
      return { faults, ...result, different: 0 };
    }
    await using redis = await launchRedis({
      settings: {
        appendonly: 'yes',
        appendfsync: everysec === 1 ? 'everysec' : 'always',
        'repl-diskless-sync-delay': '0',
      },
    });
    const { flavor, host, port, user, password } = mysql;
    const crash = async (server: typeof mysql | typeof redis): Promise<void> => {
      await server.kill();
      await server.start();
    };
    const { recoveriesMs, recoveriesAfterCrashMs, ...result } = await runRedisUnderFaults({
      mysql: { flavor, host, port, user, password, crash: () => crash(mysql) },
      redis: { host: redis.host, port: redis.port, crash: () => crash(redis) },
      twoWay: twoWay === 1,
      faults,
      seed,
      pauseMs: { least: 50, most: 900 },
      progress,
    });
    return {
      faults,
      ...result,
      different: 0,
      ...spread('from a kill to the first row', recoveriesMs),
      ...spread('the same just after a server was down', recoveriesAfterCrashMs),
    };
  },
};

/** How often it was measured, and how it was spread. */
const spread = (what: string, times: readonly number[]): Readonly<Record<string, number>> => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return {
    [`times measured ${what}`]: sorted.length,
    [`ms ${what} (p50)`]: at(0.5),
    [`ms ${what} (p99)`]: at(0.99),
    [`ms ${what} (at most)`]: at(1),
  };
};
