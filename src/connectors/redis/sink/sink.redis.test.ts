import { after } from 'node:test';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { sinkContract } from '../../../testing/sink-contract.ts';

/** Tables without a key have no hash each, and are refused. */
const promises = { keyless: false };

for (const name of ['redis-7.0', 'valkey-8.1'] as const) {
  const launched = launchRedis({ server: name });
  after(async () => await (await launched)[Symbol.asyncDispose]());
  sinkContract(
    name,
    async () => {
      const rig = await RedisSinkRig.open(await launched);
      return {
        open: async () => await rig.sink(),
        rows: (table) => rig.rows(table),
        // Its socket closes, which is all that the server sees of a kill.
        kill: async (sink) => await sink[Symbol.asyncDispose](),
        [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
      };
    },
    promises,
  );
}
