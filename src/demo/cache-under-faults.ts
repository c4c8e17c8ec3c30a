import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCache } from '../cache.ts';
import type { RedisConnection } from '../connectors/redis/connection.ts';
import { isMillraceError } from '../core/errors.ts';
import { type Address, MysqlRig } from '../testing/mysql-rig.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import type { LaunchedRedis } from '../testing/servers/launch-redis.ts';
import { connectRedis } from '../testing/servers/redis-rig.ts';
import type { CacheReaderFigures, CacheReaderOptions, ToldRows } from './cache-reader-process.ts';
import { WorkerProcess } from './worker-process.ts';

export interface CacheUnderFaultsOptions {
  readonly mysql: Address;
  /** The pipeline's, which comes back from a crash as it was when it was saved last. */
  readonly redis: LaunchedRedis;
  /** Of the table that no pipeline keeps true: `appendfsync always`, so that what was removed there stays so. */
  readonly aside: LaunchedRedis;
  /** Goes on until there were so many faults, and so many reads of what was written before. */
  readonly faults: number;
  readonly checked: number;
  readonly seed: number;
  /** Of each of the four tables. */
  readonly rows: number;
  readonly pauseMs: { readonly least: number; readonly most: number };
  readonly progress?: (line: string) => void;
}

export interface CacheUnderFaultsResult extends CacheReaderFigures {
  readerKills: number;
  pipelineKills: number;
  redisCrashes: number;
  flushes: number;
  stalls: number;
  /** Keys in Redis that were compared with MySQL in the end, and rows as processes are told of them. */
  keys: number;
  told: number;
}

/** The first of them are never killed. */
const readers = 5;
const lasting = 2;
const patienceMs = 240_000;
const tables = ['mirror', 'hot', 'invalidate', 'aside'];

/**
 * Processes read and write rows through caches of every mode, while they, the pipeline and both Redis are killed, flushed and stopped.
 * Throws where a read did not show what the same process had written before, and unless in the end whatever is cached, in Redis and in
 * the processes, is what MySQL has.
 */
export const runCacheUnderFaults = async (options: CacheUnderFaultsOptions): Promise<CacheUnderFaultsResult> => {
  const { mysql, redis, seed } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cache-under-faults-'));
  await using rig = await MysqlRig.open(mysql);
  const { database } = rig;
  await rig.run(
    ...tables.map((table) => `CREATE TABLE ${table} (id INT PRIMARY KEY, n BIGINT NOT NULL, note VARCHAR(40))`),
    `CREATE DATABASE ${database}_own`,
    `CREATE TABLE ${database}_own.numbers (t VARCHAR(10) PRIMARY KEY, n BIGINT NOT NULL)`,
    `INSERT INTO ${database}_own.numbers VALUES ${tables.map((table) => `('${table}', 0)`).join()}`,
    `CREATE TABLE ${database}_own.removed (t VARCHAR(10), id INT, n BIGINT NOT NULL, PRIMARY KEY (t, id))`,
  );
  const file = join(folder, 'cache.yaml');
  writeFileSync(file, pipelineOf(options, database));
  const pipeline = new WorkerProcess(file, process.env);
  const herd = new Readers(options, database);
  try {
    pipeline.start();
    await herd.start();
    const result = await makeFaults(options, pipeline, herd);
    options.progress?.('comparing');
    await using cache = await createCache({
      ...{ redis: `redis://127.0.0.1:${redis.port}`, pipeline: 'cache' },
      mysql: { hostname: mysql.host, port: mysql.port, username: mysql.user, password: mysql.password },
    });
    const { token } = await cache.write(async (transaction) => {
      for (const table of tables.slice(0, 3))
        await transaction.query(`REPLACE INTO ${database}.${table} VALUES (0, 0, NULL)`);
    });
    const told = await herd.end(token);
    assert.equal(pipeline.failed, false, pipeline.output);
    const expected = await numbersIn(rig, options.rows);
    for (const each of told) assert.deepEqual(each, expected, 'what a process is told is what MySQL has');
    const keys = await compareKeys(options, database, expected);
    return { ...result, ...herd.figures, keys, told: told.length * tables.length * options.rows };
  } catch (error) {
    throw new Error(`with seed ${seed}: ${(error as Error).message}`, { cause: error });
  } finally {
    await herd.kill();
    await pipeline.kill();
    await rig.run(`DROP DATABASE ${database}_own`);
    rmSync(folder, { recursive: true });
  }
};

const pipelineOf = ({ mysql, redis }: CacheUnderFaultsOptions, database: string): string =>
  JSON.stringify({
    source: {
      ...{ type: 'mysql', hostname: mysql.host, port: mysql.port, username: mysql.user, password: mysql.password },
      ...{ tables: `${database}.mirror,${database}.hot,${database}.invalidate`, 'heartbeat.interval': '1s' },
      'scan.incremental.snapshot.chunk.size': 50,
    },
    sink: {
      ...{ type: 'redis', hostname: redis.host, port: redis.port },
      'sink.tableId-to-mode.mapping': `${database}.hot=hot;${database}.invalidate=invalidate`,
    },
    pipeline: { name: 'cache', retry: { 'max-delay': '200ms' } },
  });

/** The processes that read and write. */
class Readers {
  readonly #options: CacheUnderFaultsOptions;
  readonly #database: string;
  readonly #running: Reader[] = [];
  readonly #ended: Reader[] = [];
  #started = 0;

  constructor(options: CacheUnderFaultsOptions, database: string) {
    this.#options = options;
    this.#database = database;
  }

  /** Of all processes so far. */
  get figures(): CacheReaderFigures {
    const all = [...this.#running, ...this.#ended].map((reader) => reader.figures);
    const sum = (name: keyof CacheReaderFigures): number => all.reduce((total, each) => total + each[name], 0);
    const names = ['reads', 'writes', 'checked', 'behind', 'rejectedFills', 'failed'] as const;
    return Object.fromEntries(names.map((name) => [name, sum(name)])) as unknown as CacheReaderFigures;
  }

  async start(): Promise<void> {
    while (this.#running.length < readers) await this.#open(this.#running.length);
  }

  /** Throws what a process found wrong. */
  check(): void {
    for (const reader of this.#running) reader.check();
  }

  /** Kills one that may be killed, and starts another in its place. */
  async replace(random: SeededRandom): Promise<void> {
    const at = random.integer(lasting, readers - 1);
    const reader = this.#running[at]!;
    await reader.kill();
    this.#ended.push(reader);
    await this.#open(at);
  }

  /** Lets all come to an end, and gives what each is told of every row then. */
  async end(token: string): Promise<readonly ToldRows[]> {
    return await Promise.all(this.#running.map((reader) => reader.end(token)));
  }

  async kill(): Promise<void> {
    await Promise.all(this.#running.map((reader) => reader.kill()));
  }

  async #open(at: number): Promise<void> {
    const { mysql, redis, aside, rows, seed } = this.#options;
    this.#started += 1;
    const reader = new Reader({
      mysql: { hostname: mysql.host, port: mysql.port, username: mysql.user, password: mysql.password },
      database: this.#database,
      pipeline: 'cache',
      redis: redis.port,
      aside: aside.port,
      rows,
      seed: seed * 1_000 + this.#started,
      lasts: at < lasting,
    });
    this.#running[at] = reader;
    await reader.ready;
  }
}

class Reader {
  figures: CacheReaderFigures = { reads: 0, writes: 0, checked: 0, behind: 0, rejectedFills: 0, failed: 0 };
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #told = Promise.withResolvers<ToldRows>();
  #violation: string | null = null;
  #isKilled = false;

  constructor(options: CacheReaderOptions) {
    const script = fileURLToPath(new URL('cache-reader-process.ts', import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#told.promise.catch(() => {});
    const started = Promise.withResolvers<void>();
    this.ready = started.promise;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as { ready?: true; violation?: string; told?: ToldRows } & CacheReaderFigures;
      if (said.ready) started.resolve();
      else if (said.violation !== undefined) this.#violation = said.violation;
      else if (said.told !== undefined) this.#told.resolve(said.told);
      else this.figures = said;
    });
    child.on('close', () => {
      const reason = new Error(this.#violation ?? 'a process ended by itself');
      if (!this.#isKilled) this.#violation ??= reason.message;
      started.reject(reason);
      this.#told.reject(reason);
    });
  }

  check(): void {
    if (this.#violation !== null) throw new Error(this.#violation);
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
    this.check();
  }

  async end(token: string): Promise<ToldRows> {
    this.#child.stdin!.write(`${token}\n`);
    const late = sleep(patienceMs).then(() => {
      throw new Error('a process does not come to its end');
    });
    this.#isKilled = true;
    return await Promise.race([this.#told.promise, late]);
  }
}

const makeFaults = async (
  options: CacheUnderFaultsOptions,
  pipeline: WorkerProcess,
  herd: Readers,
): Promise<Omit<CacheUnderFaultsResult, keyof CacheReaderFigures | 'keys' | 'told'>> => {
  const { redis, aside, faults, checked, seed, pauseMs, progress } = options;
  const random = new SeededRandom(seed);
  const result = { readerKills: 0, pipelineKills: 0, redisCrashes: 0, flushes: 0, stalls: 0 };
  /** What was done, with how long ago the run began. */
  const trail: string[] = [];
  const did = (what: string): void => void trail.push(`${what} at ${Math.round(performance.now())} ms`);
  const made = (): number => Object.values(result).reduce((sum, each) => sum + each, 0);
  const until = performance.now() + patienceMs * 10;
  while (made() < faults || herd.figures.checked < checked) {
    assert.ok(performance.now() < until, 'as many reads as asked for');
    await sleep(random.integer(pauseMs.least, pauseMs.most));
    try {
      herd.check();
    } catch (error) {
      throw new Error(`${(error as Error).message}, after ${trail.slice(-5).join(', ')}`, { cause: error });
    }
    assert.equal(pipeline.failed, false, pipeline.output);
    progress?.(`${made()} of ${faults} faults, ${herd.figures.checked} of ${checked} reads of own writes`);
    if (made() >= faults) continue;
    const server = random.chance(0.6) ? redis : aside;
    const kind = random.next();
    const which = server === redis ? 'the Redis of the pipeline' : 'the other Redis';
    if (kind < 0.3) {
      did('a reader was killed');
      await herd.replace(random);
      result.readerKills += 1;
    } else if (kind < 0.5) {
      did('the pipeline was killed');
      await pipeline.kill();
      pipeline.start();
      result.pipelineKills += 1;
    } else if (kind < 0.65) {
      did(`${which} was killed`);
      await server.kill();
      await server.start();
      result.redisCrashes += 1;
    } else if (kind < 0.75) {
      did(`${which} was flushed`);
      await asking(server, 'FLUSHALL');
      result.flushes += 1;
    } else if (kind < 0.9) {
      did(`${which} stood still`);
      server.pause();
      await sleep(random.integer(100, 2_500));
      server.resume();
      result.stalls += 1;
    } else await asking(redis, 'SAVE');
  }
  return result;
};

/** Asks until the server answers: it may be loading. */
const asking = async (server: LaunchedRedis, command: string): Promise<void> => {
  for (;;) {
    try {
      await using connection = await connectRedis(server);
      await connection.command(command);
      return;
    } catch (error) {
      if (!isMillraceError(error) || !error.retryable) throw error;
      await sleep(20);
    }
  }
};

const numbersIn = async (rig: MysqlRig, rows: number): Promise<ToldRows> => {
  const told: Record<string, readonly (number | null)[]> = {};
  for (const table of tables) {
    const found = new Map((await rig.query(`SELECT id, n FROM ${table}`)).map(([id, n]) => [Number(id), Number(n)]));
    told[table] = Array.from({ length: rows }, (_, i) => found.get(i + 1) ?? null);
  }
  return told;
};

/** Compares what stands in both Redis. The mirror must be whole. */
const compareKeys = async (
  { redis, aside, rows }: CacheUnderFaultsOptions,
  database: string,
  expected: ToldRows,
): Promise<number> => {
  let keys = 0;
  for (const table of tables) {
    await using connection = await connectRedis(table === 'aside' ? aside : redis);
    let held = 0;
    for (let id = 1; id <= rows; id += 1) {
      const found = await hash(connection, `${database}:${table}:${id}`);
      const number = expected[table]![id - 1]!;
      if (found.has('n')) {
        held += 1;
        assert.equal(Number(found.get('n')), number, `${table} ${id} in Redis`);
      } else if (found.has('\0none')) assert.equal(number, null, `${table} ${id}, which Redis says is none`);
      else if (table === 'mirror') assert.equal(number, null, `${table} ${id} is not in Redis`);
      else continue;
      keys += 1;
    }
    assert.ok(held > 0, `Redis holds nothing of ${table}`);
  }
  return keys;
};

const hash = async (connection: RedisConnection, key: string): Promise<ReadonlyMap<string, string>> => {
  const flat = (await connection.command('HGETALL', key)) as readonly Buffer[];
  return new Map(Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), String(flat[2 * i + 1])]));
};
