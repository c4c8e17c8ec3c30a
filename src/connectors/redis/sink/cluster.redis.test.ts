import { after } from 'node:test';
import { RedisClusterRig } from '../../../testing/redis-cluster-rig.ts';
import { launchRedisCluster } from '../../../testing/servers/launch-redis-cluster.ts';
import { sinkContract } from '../../../testing/sink-contract.ts';

/** Parts of a transaction are visible as they come; rows need a key. */
const promises = { keyless: false, atomicParts: false };

const launched = launchRedisCluster({ server: 'redis-8.0' });
after(async () => await (await launched)[Symbol.asyncDispose]());
sinkContract(
  'cluster',
  async () => {
    const rig = await RedisClusterRig.open(await launched);
    return {
      open: async () => await rig.sink(),
      rows: (table) => rig.rows(table),
      kill: async (sink) => await sink[Symbol.asyncDispose](),
      async [Symbol.asyncDispose]() {},
    };
  },
  promises,
);
