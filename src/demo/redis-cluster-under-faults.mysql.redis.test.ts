import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchRedisCluster } from '../testing/servers/launch-redis-cluster.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { runClusterUnderFaults } from './redis-cluster-under-faults.ts';

/** A sample of `npm run soak -- redis --cluster 1`. */
test('MySQL in a Redis Cluster is the same in the end though processes and primaries were killed and slots moved', async () => {
  const server = testServers().find(({ flavor }) => flavor === 'mysql') ?? testServers()[0]!;
  await using cluster = await launchRedisCluster({ replicas: 3 });
  const pauseMs = { least: 50, most: 300 };
  const result = await runClusterUnderFaults({ mysql: server, cluster, faults: 3, seed: 7, pauseMs });
  assert.deepEqual([result.kills, result.failovers, result.slots], [1, 1, 3]);
  assert.ok(result.transactions > 0 && result.rows > 0);
});
