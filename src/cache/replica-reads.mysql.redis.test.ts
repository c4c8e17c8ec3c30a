/** Read and write splitting with a replica that really lags: a second server, whose applier is stopped and started. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { RedisMirror } from '../testing/redis-mirror.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { launchServer } from '../testing/servers/launch-server.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { createCache } from './cache.ts';
import type { WriteToken } from './cache-options.ts';

const server = testServers().find(({ flavor }) => flavor === 'mysql');
if (server !== undefined) {
  test('a replica that lags is passed over, and is read once it has applied what the pipeline has', async () => {
    await using redis = await launchRedis();
    await using mysql = await MysqlRig.open(server);
    const { database } = mysql;
    await using second = await launchServer({
      flavor: 'mysql',
      // Other tests work on the same server; what they do to accounts and databases that are not here must not end the applier.
      options: ['--server-id=4242', `--replicate-do-db=${database}`, '--replica-skip-errors=all'],
    });
    await using replica = await MysqlRig.open(second);
    // What the server did before is nothing to it.
    await replica.run(
      'RESET BINARY LOGS AND GTIDS',
      `SET GLOBAL gtid_purged = '${await mysql.executed()}'`,
      'SET sql_log_bin = 0',
      `CREATE DATABASE ${database}`,
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${server.host}', SOURCE_PORT = ${server.port}, SOURCE_USER = '${server.user}',
        SOURCE_PASSWORD = '${server.password}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
      'START REPLICA',
    );
    await mysql.run(
      'CREATE TABLE items (id INT PRIMARY KEY, note VARCHAR(20))',
      "INSERT INTO items WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 500) SELECT id, 'a' FROM n",
    );
    const hasApplied = async (gtids: string): Promise<void> => {
      const [row] = await replica.query(`SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtids}', 60)`);
      assert.equal(row![0], '0', 'the replica follows');
    };
    await hasApplied(await mysql.executed());
    await replica.run('STOP REPLICA SQL_THREAD');

    const pipeline = new RedisMirror(mysql, redis);
    await using cache = await createCache({
      redis: { hostname: redis.host, port: redis.port },
      mysql: { hostname: server.host, port: server.port, username: server.user, password: server.password },
      replicas: [{ hostname: second.host, port: second.port, username: second.user, password: second.password }],
      pipeline: pipeline.name,
    });
    // Keys of their own, as if the pipeline only refreshed what is there.
    const items = await cache.table(`${database}.items`, { mode: 'hot', key: 'hot:%{table}:%{key}' });
    const write = async (note: string): Promise<WriteToken> => {
      const { token } = await cache.write(async (tx) => {
        await tx.query(`UPDATE ${database}.items SET note = ? WHERE id = 1`, [note]);
      });
      return token;
    };
    try {
      // The pipeline has it and the replica has not: a miss that must show it is the primary's.
      const token = await write('b');
      const patient = { atLeast: token, timeoutMs: 60_000, onTimeout: 'throw' } as const;
      assert.deepEqual(await items.get({ id: 1 }, patient), { id: 1, note: 'b' });
      assert.equal(items.stats().replicaLoads, 0);
      assert.deepEqual(await replica.query(`SELECT note FROM ${database}.items WHERE id = 1`), [['a']], 'it does lag');

      await replica.run('START REPLICA SQL_THREAD');
      await hasApplied(token);
      // Others write to this server as well, so the replica may be behind by some of theirs at times.
      let id = 1;
      while (items.stats().replicaLoads === 0 && id < 500) {
        id += 1;
        assert.deepEqual(await items.get({ id }, patient), { id, note: 'a' });
        if (items.stats().replicaLoads === 0) await systemClock.sleep(50);
      }
      assert.ok(items.stats().replicaLoads > 0, 'misses go to the replica that has applied all');
    } finally {
      await pipeline[Symbol.asyncDispose]();
    }

    // Nobody applies it any more, neither the pipeline nor the replica: after its time the read is the primary's.
    await replica.run('STOP REPLICA SQL_THREAD');
    const loads = items.stats().replicaLoads;
    const token = await write('c');
    assert.deepEqual(await items.get({ id: 1 }, { atLeast: token, timeoutMs: 5 }), { id: 1, note: 'c' });
    const stats = items.stats();
    assert.deepEqual([stats.replicaLoads, stats.behind], [loads, 1]);
  });
}
