import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { RedisClusterRig } from '../../../testing/redis-cluster-rig.ts';
import { launchRedisCluster } from '../../../testing/servers/launch-redis-cluster.ts';
import { sinkContract } from '../../../testing/sink-contract.ts';
import { redisSink } from './connector.ts';

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

const context = { pipeline: 'test', clock: systemClock, log: { debug() {}, info() {}, warn() {}, error() {} } };

test('any node that answers leads to the cluster, and a doctor looks at each', async () => {
  const rig = await RedisClusterRig.open(await launched);
  const [first, second] = rig.primaries;
  const { hostname, port } = rig.address;
  // Port 1 answers nobody.
  const config = redisSink.config.parse({ hostname, port: 1, 'cluster.others': `${hostname}:${port}` });
  await using sink = await redisSink.openSink!(config, context);
  assert.equal(await sink.claim('log'), null);
  await rig.on(first!, async (node) => {
    await node.command('CONFIG', 'SET', 'maxmemory', '100mb');
    await node.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  });
  const passed: string[] = [];
  const found = await redisSink.check(config, { ...context, passed: (what) => passed.push(what) });
  const problems = found.filter(({ code }) => code !== 'REDIS_SINK_UNSAVED');
  const alone = 'REDIS_CLUSTER_ALONE';
  assert.deepEqual(problems.map(({ code }) => code).toSorted(), [alone, alone, alone, 'REDIS_SINK_EVICTS']);
  assert.ok(problems.some(({ message }) => message.includes(`${second!.host}:${second!.port}`)));
  assert.equal(passed.at(-1), '3 primaries have all slots of the cluster');
  await rig.on(first!, (node) => node.command('CONFIG', 'SET', 'maxmemory', '0'));
});

test('a cluster has one database, and another is refused by the setting', async () => {
  const { hostname, port } = (await RedisClusterRig.open(await launched)).address;
  for (const more of [{}, { 'cluster.others': `${hostname}:${port}` }]) {
    const config = redisSink.config.parse({ hostname, port, database: 1, ...more });
    const refusal = { code: 'CONFIG_WRONG_VALUE', message: 'database: a cluster has database 0 alone' };
    await assert.rejects(async () => await redisSink.openSink!(config, context), refusal);
    const [{ code, message } = { code: null, message: null }] = await redisSink.check(config, context);
    assert.deepEqual({ code, message }, refusal);
  }
});

test('an account that may not ask INFO sees the cluster all the same, and a doctor names what it lacks on which node', async () => {
  const rig = await RedisClusterRig.open(await launched);
  for (const primary of rig.primaries) {
    const rules = ['on', '>secret', '~*', '+@all', '-info', ...(primary === rig.primaries[1] ? ['-eval'] : [])];
    await rig.on(primary, (node) => node.command('ACL', 'SETUSER', 'app', 'reset', ...rules));
  }
  const { hostname, port } = rig.address;
  const config = redisSink.config.parse({ hostname, port, username: 'app', password: 'secret' });
  const found = await redisSink.check(config, context);
  assert.deepEqual(
    found.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    [`${rig.primaries[1]!.host}:${rig.primaries[1]!.port} does not let app run eval`],
  );
  await rig.on(rig.primaries[1]!, (node) => node.command('ACL', 'SETUSER', 'app', '+eval'));
  await using sink = await redisSink.openSink!(config, context);
  assert.equal(await sink.claim('log'), null);
});
