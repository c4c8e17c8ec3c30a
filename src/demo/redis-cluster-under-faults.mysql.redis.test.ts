import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchRedisCluster } from '../testing/servers/launch-redis-cluster.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { runClusterUnderFaults } from './redis-cluster-under-faults.ts';

/** A sample of `npm run soak -- redis --cluster 2`. */
test('MySQL in a Redis Cluster, and hashes of it in MySQL, are the same in the end though processes and primaries were killed and slots moved', async () => {
  const server = testServers().find(({ flavor }) => flavor === 'mysql') ?? testServers()[0]!;
  await using cluster = await launchRedisCluster({ replicas: 3 });
  const pauseMs = { least: 50, most: 300 };
  const result = await runClusterUnderFaults({ mysql: server, cluster, faults: 4, seed: 7, pauseMs, bothWays: true });
  assert.deepEqual([result.kills, result.failovers, result.slots], [2, 1, 3]);
  assert.ok(result.transactions > 0 && result.writes > 0 && result.rows > 0);
});
