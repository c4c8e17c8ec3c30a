import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import type { Address } from '../testing/mysql-rig.ts';
import { RedisClusterRig } from '../testing/redis-cluster-rig.ts';
import type { LaunchedRedis } from '../testing/servers/launch-redis.ts';
import type { LaunchedCluster } from '../testing/servers/launch-redis-cluster.ts';
import { SeededRandom } from './seeded-random.ts';
import { clusterAddress, outOfCluster, untilUsersAreEqual, writeUsers } from './users-of-cluster.ts';
import { WorkerProcess } from './worker-process.ts';

export interface ClusterUnderFaultsOptions {
  readonly mysql: Address;
  /** With a replica of each primary. */
  readonly cluster: LaunchedCluster;
  readonly faults: number;
  readonly seed: number;
  readonly pauseMs: { readonly least: number; readonly most: number };
  /** Hashes that applications write to the cluster are kept in MySQL, too. Left out: MySQL in the cluster alone. */
  readonly bothWays?: boolean;
  readonly progress?: (line: string) => void;
}

export interface ClusterUnderFaultsResult {
  kills: number;
  failovers: number;
  /** Slots that were moved under load. */
  slots: number;
  transactions: number;
  /** What applications wrote to the cluster. */
  writes: number;
  /** Rows compared in the end. */
  rows: number;
}

const database = 'cluster_under_faults';
const ids = 400;
const perSecond = 150;
const patienceMs = 120_000;

/**
 * A table of MySQL kept in a Redis Cluster, and hashes of it in another table, while the processes that do it are killed, slots move between
 * nodes, and primaries are killed and their replicas take their places. Throws unless in the end both sides hold the same.
 */
export const runClusterUnderFaults = async (options: ClusterUnderFaultsOptions): Promise<ClusterUnderFaultsResult> => {
  const { cluster, seed, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-under-faults-'));
  const rig = await RedisClusterRig.open(cluster);
  const connection = await openDatabase(options.mysql);
  const file = join(folder, 'into-cluster.yaml');
  writeFileSync(file, pipelineFile(options));
  const worker = new WorkerProcess(file, process.env);
  const outFile = join(folder, 'out-of-cluster.yaml');
  writeFileSync(outFile, outOfCluster(options.mysql, cluster, database));
  const out = options.bothWays ? new WorkerProcess(outFile, process.env) : null;
  const workers = out === null ? [worker] : [worker, out];
  const stop = new AbortController();
  try {
    for (const each of workers) each.start();
    const writing = Promise.all([
      write(connection, new SeededRandom(seed), stop.signal),
      out === null ? 0 : writeUsers(cluster, new SeededRandom(seed + 1), stop.signal),
    ]);
    writing.catch(() => {});
    const counts = await makeFaults(options, rig, workers);
    stop.abort();
    const [transactions, writes] = await writing;
    progress?.('comparing');
    let rows = await untilEqual(connection, rig, worker);
    if (out !== null) rows += await untilUsersAreEqual(connection, database, rig, out);
    for (const each of workers) assert.ok(await each.stop(), `a worker did not end well:\n${each.output}`);
    return { ...counts, transactions, writes, rows };
  } finally {
    stop.abort();
    for (const each of workers) await each.kill();
    connection.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
};

const openDatabase = async ({ host, port, user, password }: Address): Promise<Connection> => {
  const connection = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
  await connection.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database};
    CREATE TABLE ${database}.stock (id INT PRIMARY KEY, n BIGINT, note VARCHAR(40));
    INSERT INTO ${database}.stock SELECT a.n * 20 + b.n, 0, 'from the snapshot' FROM
      (WITH RECURSIVE a AS (SELECT 0 n UNION ALL SELECT n + 1 FROM a WHERE n < 9) SELECT n FROM a) a,
      (WITH RECURSIVE b AS (SELECT 1 n UNION ALL SELECT n + 1 FROM b WHERE n < 20) SELECT n FROM b) b`);
  return connection;
};

const pipelineFile = ({ mysql: server, cluster }: ClusterUnderFaultsOptions): string => {
  return JSON.stringify({
    source: {
      type: 'mysql',
      hostname: server.host,
      port: server.port,
      username: server.user,
      password: server.password,
      tables: `${database}.stock`,
      'scan.incremental.snapshot.chunk.size': 50,
      'heartbeat.interval': '1s',
    },
    sink: {
      type: 'redis',
      ...clusterAddress(cluster),
      key: 'stock:%{id}',
    },
    pipeline: { name: 'into-cluster', 'retry.initial-delay': '50ms', 'retry.max-delay': '500ms' },
  });
};

/** Makes transactions until `signal` aborts, and counts. */
const write = async (connection: Connection, random: SeededRandom, signal: AbortSignal): Promise<number> => {
  const started = performance.now();
  let made = 0;
  while (!signal.aborted) {
    const statements = Array.from({ length: random.between(1, 4) }, () => {
      const id = random.between(1, ids);
      const kind = random.between(0, 9);
      const values = `(${id}, ${random.between(1, 1e9)}, ${random.chance(0.2) ? 'NULL' : `'note ${random.between(1, 1e6)}'`})`;
      if (kind < 5) return `REPLACE INTO ${database}.stock VALUES ${values}`;
      if (kind < 8) return `UPDATE ${database}.stock SET n = n + 1 WHERE id = ${id}`;
      return `DELETE FROM ${database}.stock WHERE id = ${id}`;
    });
    await connection.query(`START TRANSACTION; ${statements.join('; ')}; COMMIT`);
    made += 1;
    const aheadMs = (made / perSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 5) await sleep(aheadMs);
  }
  return made;
};

const makeFaults = async (
  { cluster, faults, seed, pauseMs, progress }: ClusterUnderFaultsOptions,
  rig: RedisClusterRig,
  workers: readonly WorkerProcess[],
): Promise<Pick<ClusterUnderFaultsResult, 'kills' | 'failovers' | 'slots'>> => {
  const random = new SeededRandom(seed);
  const counts = { kills: 0, failovers: 0, slots: 0 };
  const pairs = cluster.primaries.map((primary, at) => ({ primary, replica: cluster.replicas[at]! }));
  for (let i = 1; i <= faults; i += 1) {
    await sleep(random.between(pauseMs.least, pauseMs.most));
    for (const { failed, output } of workers) assert.ok(!failed, `a worker ended by itself:\n${output}`);
    if (i % 3 === 1) {
      const worker = workers[counts.kills % workers.length]!;
      counts.kills += 1;
      await worker.kill();
      worker.start();
    } else if (i % 3 === 2) {
      counts.slots += await moveSlots(rig, random);
    } else {
      counts.failovers += 1;
      const pair = random.pick(pairs);
      const { primary, replica } = pair;
      await cluster.failOver(primary, replica);
      Object.assign(pair, { primary: replica, replica: primary });
      rig.primaries = pairs.map((each) => each.primary);
      await primary.start();
      await cluster.follows(primary);
    }
    progress?.(`${i} of ${faults} faults: ${JSON.stringify(counts)}`);
  }
  return counts;
};

/** Moves the slots of some rows to another primary, key by key, while they are written. */
const moveSlots = async (rig: RedisClusterRig, random: SeededRandom): Promise<number> => {
  const keys = ['stock', 'stock', 'user'].map((name) => `${name}:${random.between(1, ids)}`);
  for (const key of keys) {
    const from = await rig.ownerOf(key);
    const to = random.pick(rig.primaries.filter((primary) => primary !== from)) as LaunchedRedis;
    const slot = await rig.beginMove(key, from, to);
    await sleep(random.between(0, 200));
    await rig.endMove(slot, from, to);
    // What Redis itself would lose with a node that took a slot over and dies before its replica knows is not what is looked for.
    await rig.on(to, (node) => node.command('WAIT', 1, 10_000));
  }
  return keys.length;
};

/** Resolves with the rows compared once both sides are equal. */
const untilEqual = async (connection: Connection, rig: RedisClusterRig, worker: WorkerProcess): Promise<number> => {
  for (const deadline = performance.now() + patienceMs; ; await sleep(200)) {
    const sql = `SELECT id, n, note FROM ${database}.stock`;
    const [found] = await connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() });
    const text = (row: readonly (string | null | undefined)[]): string => row.map((value) => value ?? '-').join(' ');
    const expected = (found as (string | null)[][]).map(text).toSorted();
    const hashes = Object.values(await rig.hashes('stock:*'));
    const held = hashes.map((hash) => text([hash['id'], hash['n'], hash['note']])).toSorted();
    if (expected.join('\n') === held.join('\n')) return expected.length;
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    if (performance.now() < deadline) continue;
    const missing = expected.filter((row) => !held.includes(row));
    const others = held.filter((row) => !expected.includes(row));
    assert.fail(`missing: ${missing.slice(0, 3)}; not in MySQL: ${others.slice(0, 3)}\n${worker.output}`);
  }
};
