import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../testing/mysql-rig.ts';
import { RedisAndMysqlWriters } from './redis-and-mysql-writers.ts';
import { SeededRandom } from './seeded-random.ts';
import { WorkerProcess } from './worker-process.ts';

export interface RedisUnderFaultsOptions {
  /** Its tables `stock` are kept in Redis, and Redis's visits in its tables `visits`. */
  readonly mysql: Address & {
    /** Ends the server as a crash would, and starts it again; left out: it stays up. */
    readonly crash?: () => Promise<void>;
  };
  readonly redis: { readonly host: string; readonly port: number; readonly crash: () => Promise<void> };
  /**
   * Both pipelines read both tables, each of which has one owner, and one whose columns have two: nothing comes back, and writes of the wrong
   * side are counted. Left out: each reads its own.
   */
  readonly twoWay?: boolean;
  readonly faults: number;
  readonly seed: number;
  readonly pauseMs: { readonly least: number; readonly most: number };
  readonly progress?: (line: string) => void;
}

export interface RedisUnderFaultsResult {
  kills: number;
  redisCrashes: number;
  mysqlCrashes: number;
  /** Transactions of the writer on MySQL, and of the one on Redis. */
  intoRedis: number;
  intoMysql: number;
  /** Rows compared in the end, of both ways together. */
  rows: number;
  /** Writes of a sink that came back as changes of the other side; 0 where each pipeline reads one table. */
  echoes: number;
  /** Writes of the wrong side, which both pipelines counted and neither carried: those made for that once the faults were over. */
  conflicts: number;
  /** From the kill of a process to the first row that the next one has made durable, with the process's start; both servers were up. */
  recoveriesMs: number[];
  /** The same after the fault before had taken a server down: it may still have to come to itself. */
  recoveriesAfterCrashMs: number[];
}

const patienceMs = 120_000;
/** One fault in so many takes a server down, every third time MySQL. */
const faultsPerCrash = 8;
/** After one kill in so many it is waited for the first row; the others may meet a process that is still starting. */
const killsPerMeasure = 2;
/** Made on each side in the end. */
const conflictsEach = 25;

/**
 * One MySQL and one Redis, each kept in step with the other for keys that the other owns, while both processes that do it, and both
 * servers, are killed under load. Throws unless in the end both sides hold the same.
 */
export const runRedisUnderFaults = async (options: RedisUnderFaultsOptions): Promise<RedisUnderFaultsResult> => {
  const { mysql, redis, seed, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-under-faults-'));
  const writers = await RedisAndMysqlWriters.open(mysql, redis, seed, options.twoWay ?? false);
  const files = [join(folder, 'into-redis.yaml'), join(folder, 'into-mysql.yaml')] as const;
  writeFileSync(files[0], intoRedis(options));
  writeFileSync(files[1], intoMysql(options));
  const workers = files.map((file) => new WorkerProcess(file, process.env));
  try {
    for (const worker of workers) worker.start();
    const stop = new AbortController();
    const writing = writers.write(stop.signal);
    // Without what they write no row comes, and a worker would be waited for in vain.
    const broken = writing.then(() => new Promise<never>(() => {}));
    broken.catch(() => {});
    const counts = await Promise.race([makeFaults(options, workers), broken]);
    stop.abort();
    const made = await writing;
    progress?.('comparing');
    let rows = await untilEqual(writers, workers);
    // Nobody has written to the wrong side so far: what a source counted had come from the other pipeline's sink.
    const echoes = workers.reduce((sum, { conflicts }) => sum + conflicts, 0);
    assert.equal(echoes, 0, 'what a sink wrote came back');
    let conflicts = 0;
    if (options.twoWay) {
      conflicts = await untilCounted(writers, workers);
      rows = await untilEqual(writers, workers);
    }
    for (const worker of workers) assert.ok(await worker.stop(), `a worker did not end well:\n${worker.output}`);
    return { ...counts, ...made, rows, echoes, conflicts };
  } finally {
    for (const worker of workers) await worker.kill();
    await writers.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const retries = { 'retry.initial-delay': '50ms', 'retry.max-delay': '500ms' };

const intoRedis = ({ mysql, redis, twoWay }: RedisUnderFaultsOptions): string =>
  JSON.stringify({
    source: {
      type: 'mysql',
      hostname: mysql.host,
      port: mysql.port,
      username: mysql.user,
      password: mysql.password,
      ...(twoWay
        ? {
            tables: 'redis_under_faults.\\.*',
            'owned.elsewhere': 'redis_under_faults.visits; redis_under_faults.users(n)',
            'skip.own.writes': true,
          }
        : { tables: 'redis_under_faults.stock' }),
      'scan.incremental.snapshot.chunk.size': 50,
      'heartbeat.interval': '1s',
    },
    sink: {
      type: 'redis',
      hostname: redis.host,
      port: redis.port,
      key: 'stock:%{id}',
      'sink.tableId-to-key.mapping': 'redis_under_faults.users=user:%{id}',
    },
    pipeline: { name: 'into-redis', ...retries },
  });

const intoMysql = ({ mysql, redis, twoWay }: RedisUnderFaultsOptions): string =>
  JSON.stringify({
    source: {
      type: 'redis',
      hostname: redis.host,
      port: redis.port,
      schema: (twoWay ? ['visits', 'stock', 'users'] : ['visits'])
        .map((table) => `CREATE TABLE redis_under_faults.${table} (id INT PRIMARY KEY, n BIGINT, note VARCHAR(40))`)
        .join(';'),
      key: 'visit:%{id}',
      ...(twoWay
        ? {
            'source.tableId-to-key.mapping': 'redis_under_faults.stock=stock:%{id};redis_under_faults.users=user:%{id}',
            'owned.elsewhere': 'redis_under_faults.stock; redis_under_faults.users(note)',
            'skip.own.writes': true,
          }
        : {}),
      'deletes.policy': 'delete',
    },
    sink: {
      type: 'mysql',
      hostname: mysql.host,
      port: mysql.port,
      username: mysql.user,
      password: mysql.password,
      'position.database': 'redis_under_faults',
    },
    pipeline: { name: 'into-mysql', ...retries },
  });

type Faults = Pick<
  RedisUnderFaultsResult,
  'kills' | 'redisCrashes' | 'mysqlCrashes' | 'recoveriesMs' | 'recoveriesAfterCrashMs'
>;

const makeFaults = async (
  { mysql, redis, faults, seed, pauseMs, progress }: RedisUnderFaultsOptions,
  workers: readonly WorkerProcess[],
): Promise<Faults> => {
  const random = new SeededRandom(seed);
  const counts = { kills: 0, redisCrashes: 0, mysqlCrashes: 0 };
  const recoveriesMs: number[] = [];
  const recoveriesAfterCrashMs: number[] = [];
  let crashed = false;
  for (let i = 1; i <= faults; i += 1) {
    await sleep(random.between(pauseMs.least, pauseMs.most));
    for (const worker of workers) assert.ok(!worker.failed, `a worker ended by itself:\n${worker.output}`);
    if (i % (faultsPerCrash * 3) === 0 && mysql.crash !== undefined) {
      counts.mysqlCrashes += 1;
      await mysql.crash();
      crashed = true;
    } else if (i % faultsPerCrash === 0) {
      counts.redisCrashes += 1;
      await redis.crash();
      crashed = true;
    } else {
      counts.kills += 1;
      const worker = random.pick(workers);
      const killed = performance.now();
      await worker.kill();
      worker.start();
      if (counts.kills % killsPerMeasure === 0) {
        await firstRow(worker);
        (crashed ? recoveriesAfterCrashMs : recoveriesMs).push(Math.round(performance.now() - killed));
      }
      crashed = false;
    }
    const slowest = Math.max(0, ...recoveriesMs);
    progress?.(`${i} of ${faults} faults: ${JSON.stringify(counts)}, a first row within ${slowest} ms`);
  }
  return { ...counts, recoveriesMs, recoveriesAfterCrashMs };
};

const firstRow = async (worker: WorkerProcess): Promise<void> => {
  const deadline = performance.now() + patienceMs;
  while ((worker.report?.totals.sync.rows ?? 0) === 0) {
    assert.ok(!worker.failed, `a worker ended by itself:\n${worker.output}`);
    assert.ok(performance.now() < deadline, `no row within ${patienceMs} ms of a kill:\n${worker.output}`);
    await sleep(10);
  }
};

/** Makes conflicts both ways, and has their owners write over them once each is counted and none was carried. Resolves with their number. */
const untilCounted = async (writers: RedisAndMysqlWriters, workers: readonly WorkerProcess[]): Promise<number> => {
  await writers.prepare(conflictsEach);
  await untilEqual(writers, workers);
  const before = await writers.owned();
  await writers.provoke(conflictsEach);
  // Of a table that each side owns, and of the one that has two owners.
  const made = 2 * conflictsEach;
  const deadline = performance.now() + patienceMs;
  while (workers.some(({ conflicts }) => conflicts < made)) {
    for (const worker of workers) assert.ok(!worker.failed, `a worker ended by itself:\n${worker.output}`);
    assert.ok(performance.now() < deadline, `counted ${workers.map(({ conflicts }) => conflicts)} of ${made}`);
    await sleep(20);
  }
  assert.deepEqual(await writers.owned(), before, 'a write of the wrong side was carried');
  await writers.heal(conflictsEach);
  await untilEqual(writers, workers);
  const counted = workers.map(({ conflicts }) => conflicts);
  assert.deepEqual(counted, [made, made], 'conflicts counted, into Redis and into MySQL');
  return 2 * made;
};

/** Resolves with the rows compared once both ways are equal. */
const untilEqual = async (writers: RedisAndMysqlWriters, workers: readonly WorkerProcess[]): Promise<number> => {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { rows, different } = await writers.compare();
    if (different.length === 0) return rows;
    for (const worker of workers) assert.ok(!worker.failed, `a worker ended by itself:\n${worker.output}`);
    const output = workers.map((worker) => worker.output).join('\n');
    assert.ok(performance.now() < deadline, `${different.length} differ, as ${different[0]}:\n${output}`);
    await sleep(200);
  }
};
