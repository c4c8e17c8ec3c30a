import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { RedisCluster } from '../connectors/redis/cluster/redis-cluster.ts';
import { openPrimary } from '../connectors/redis/sentinel.ts';
import { redisSink } from '../connectors/redis/sink/connector.ts';
import { dialTcp } from '../net/dial.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { encodeCommand } from '../protocol/redis/command-writer.ts';
import type { Address } from '../testing/mysql-rig.ts';
import type { RedisClusterRig } from '../testing/redis-cluster-rig.ts';
import type { LaunchedCluster } from '../testing/servers/launch-redis-cluster.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { WorkerProcess } from './worker-process.ts';

const ids = 300;
const perSecond = 200;
const patienceMs = 120_000;

/** Where a cluster is, by any node. */
export const clusterAddress = (cluster: LaunchedCluster) => {
  const [first, ...others] = [...cluster.primaries, ...cluster.replicas];
  return {
    hostname: first!.host,
    port: first!.port,
    'cluster.others': others.map(({ host, port }) => `${host}:${port}`).join(),
  };
};

/** A pipeline that keeps the users of a cluster in MySQL. */
export const outOfCluster = (server: Address, cluster: LaunchedCluster, database: string): string =>
  JSON.stringify({
    source: {
      type: 'redis',
      ...clusterAddress(cluster),
      key: 'user:%{id}',
      schema: `CREATE TABLE ${database}.users (id INT PRIMARY KEY, n BIGINT, note VARCHAR(40))`,
      'deletes.policy': 'delete',
    },
    sink: {
      type: 'mysql',
      hostname: server.host,
      port: server.port,
      username: server.user,
      password: server.password,
      'position.database': database,
    },
    pipeline: { name: 'out-of-cluster', 'retry.initial-delay': '50ms', 'retry.max-delay': '500ms' },
  });

/**
 * Makes, changes and removes users in a cluster until `signal` aborts, and counts. A command that a dying node did not answer may have been
 * done or not; what the cluster has in the end is what counts.
 */
export const writeUsers = async (
  cluster: LaunchedCluster,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> => {
  const started = performance.now();
  let made = 0;
  while (!signal.aborted) {
    const stop = new AbortController();
    try {
      const config = redisSink.config.parse(clusterAddress(cluster));
      const options = { config, dial: dialTcp, clock: systemClock, signal: stop.signal };
      await using nodes = await RedisCluster.open(options, await openPrimary(options));
      while (!signal.aborted) {
        const key = `user:${random.between(1, ids)}`;
        const kind = random.between(0, 9);
        const note = `note ${random.between(1, 1e6)}`;
        const command =
          kind < 5
            ? ['HSET', key, 'n', String(made), 'note', note]
            : kind < 8
              ? ['HINCRBY', key, 'n', '1']
              : kind < 9
                ? ['HDEL', key, 'note']
                : ['DEL', key];
        await nodes.command(Buffer.from(key), encodeCommand(...command));
        made += 1;
        const aheadMs = (made / perSecond) * 1000 - (performance.now() - started);
        if (aheadMs > 5) await sleep(aheadMs);
      }
    } catch {
      // A node died, or is about to be replaced.
      await sleep(20);
    } finally {
      stop.abort();
    }
  }
  return made;
};

/** Resolves with the users compared once MySQL holds them as the cluster does. */
export const untilUsersAreEqual = async (
  connection: Connection,
  database: string,
  rig: RedisClusterRig,
  worker: WorkerProcess,
): Promise<number> => {
  for (const deadline = performance.now() + patienceMs; ; await sleep(200)) {
    const sql = `SELECT id, n, note FROM ${database}.users`;
    const [found] = await connection
      .query({ sql, rowsAsArray: true, typeCast: (field) => field.string() })
      .catch(() => [[]]);
    const text = (row: readonly (string | null | undefined)[]): string => row.map((value) => value ?? '-').join(' ');
    const held = (found as (string | null)[][]).map(text).toSorted();
    const hashes = Object.entries(await rig.hashes('user:*'));
    const expected = hashes.map(([key, hash]) => text([key.slice('user:'.length), hash['n'], hash['note']])).toSorted();
    if (expected.join('\n') === held.join('\n')) return expected.length;
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    if (performance.now() < deadline) continue;
    const missing = expected.filter((row) => !held.includes(row));
    const others = held.filter((row) => !expected.includes(row));
    assert.fail(`missing: ${missing.slice(0, 3)}; not in Redis: ${others.slice(0, 3)}\n${worker.output}`);
  }
};
