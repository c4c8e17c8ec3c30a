/**
 * One of the processes of `npm run soak -- cache`: reads and writes rows through the cache, and checks that it sees what it wrote.
 *
 * usage: node cache-reader-process.ts JSON
 *
 * Each write takes the table's next number in its own transaction, so numbers grow in the order of commits: a row that is read after a
 * write must hold its number or a later one, or must have been removed later. Prints a line of figures now and then, and one with
 * `violation` where that does not hold. A line on stdin, the token of the last write, ends it: it prints every row as it is told of it.
 */
import { createInterface } from 'node:readline';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type CachedTable, createCache, type ReadOptions, type TableMode, type WriteToken } from '../cache.ts';
import { isMillraceError } from '../core/errors.ts';
import { SeededRandom } from '../testing/seeded-random.ts';

export interface CacheReaderOptions {
  readonly mysql: {
    readonly hostname: string;
    readonly port: number;
    readonly username: string;
    readonly password: string;
  };
  readonly database: string;
  readonly pipeline: string;
  /** That of the pipeline, and that of the table which the application invalidates itself. */
  readonly redis: number;
  readonly aside: number;
  readonly rows: number;
  readonly seed: number;
  /** It is never killed, so it may write the table that the application invalidates. */
  readonly lasts: boolean;
}

/** What it counts, since it was started. */
export interface CacheReaderFigures {
  readonly reads: number;
  readonly writes: number;
  /** Reads of what was written before. */
  readonly checked: number;
  /** Of these: answered by MySQL, because the pipeline was not there in time. */
  readonly behind: number;
  readonly rejectedFills: number;
  /** Reads and writes that failed with a code, as they may while servers are away. */
  readonly failed: number;
}

/** By table, by id: the number that was told; null: there is no such row. */
export type ToldRows = Readonly<Record<string, readonly (number | null)[]>>;

const options = JSON.parse(process.argv[2]!) as CacheReaderOptions;
const { database, pipeline, rows, seed, lasts } = options;
const random = new SeededRandom(seed);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const address = (port: number) => ({ hostname: '127.0.0.1', port, 'connect.timeout': '60s' }) as const;
await using piped = await createCache({ ...options, redis: address(options.redis), pipeline, redisTimeoutMs: 1_000 });
await using alone = await createCache({
  redis: address(options.aside),
  mysql: options.mysql,
  redisTimeoutMs: 1_000,
});
const times = { ttlMs: 20_000, graceMs: 500, negativeTtlMs: 20_000, leaseMs: 2_000, waitMs: 4_000 };
const local = seed % 2 === 0 ? { local: { maxRows: rows } } : {};
const modes: readonly TableMode[] = ['mirror', 'hot', 'invalidate', 'aside'];
const tables = new Map<TableMode, CachedTable>();
for (const mode of modes) {
  const cache = mode === 'aside' ? alone : piped;
  tables.set(mode, await cache.table(`${database}.${mode}`, { mode, ...times, ...local }));
}

const figures = { reads: 0, writes: 0, checked: 0, failed: 0 };
const told = (): CacheReaderFigures => {
  const stats = [...tables.values()].map((table) => table.stats());
  const sum = (name: 'behind' | 'rejectedFills'): number => stats.reduce((total, each) => total + each[name], 0);
  return { ...figures, behind: sum('behind'), rejectedFills: sum('rejectedFills') };
};

export const noteOf = (n: number): string | null => (n % 3 === 0 ? null : `note ${n}`);

const numberOf = (row: object | null, what: string): number | null => {
  if (row === null) return null;
  const { n, note } = row as { readonly n: number; readonly note: string | null };
  if (note !== noteOf(n)) violated(`${what} is of two versions: ${n} with ${note}`);
  return n;
};

const violated = (what: string): never => {
  say({ violation: what });
  process.exit(1);
};

const change = async (transaction: Connection, mode: TableMode, id: number, removes: boolean): Promise<number> => {
  await transaction.query(`UPDATE ${database}_own.numbers SET n = LAST_INSERT_ID(n + 1) WHERE t = '${mode}'`);
  const [[row]] = await transaction.query<RowDataPacket[]>('SELECT LAST_INSERT_ID() AS n');
  const n = Number(row!['n']);
  const table = `${database}.${mode}`;
  if (removes) {
    await transaction.query(`DELETE FROM ${table} WHERE id = ?`, [id]);
    await transaction.query(`REPLACE INTO ${database}_own.removed VALUES (?, ?, ?)`, [mode, id, n]);
  } else await transaction.query(`REPLACE INTO ${table} VALUES (?, ?, ?)`, [id, n, noteOf(n)]);
  return n;
};

const ownWrite = async (mode: TableMode, id: number): Promise<void> => {
  const removes = random.chance(0.2);
  const { result: n, token } = await piped.write((transaction) => change(transaction, mode, id, removes));
  figures.writes += 1;
  const table = tables.get(mode)!;
  while (mode === 'aside') {
    try {
      await table.invalidate({ id });
      break;
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const how: ReadOptions = { atLeast: token, timeoutMs: random.pick([0, 20, 2_000]) };
  const single = random.chance(0.5);
  const row = single ? await table.get({ id }, how) : (await table.getMany([{ id: 0 }, { id }], how))[1]!;
  figures.checked += 1;
  const seen = numberOf(row, `row ${id} of ${mode}`);
  const what = `row ${id} of ${mode} was ${removes ? 'removed' : 'written'} as ${n}, and then ${seen} was read, ${single ? 'alone' : 'with others'}${'local' in local ? ', rows being kept in the process' : ''}`;
  if (seen !== null && (seen < n || (removes && seen === n))) violated(what);
  if (seen !== null || removes) return;
  const { result: gone } = await piped.write(async (transaction) => {
    const sql = `SELECT n FROM ${database}_own.removed WHERE t = ? AND id = ?`;
    const [[last]] = await transaction.query<RowDataPacket[]>(sql, [mode, id]);
    return Number(last?.['n'] ?? 0);
  });
  if (gone < n) violated(what);
};

let ended = false;
const work = async (): Promise<void> => {
  while (!ended) {
    const mode = random.pick(modes);
    const id = random.integer(1, rows);
    try {
      if (random.chance(0.4) && (lasts || mode !== 'aside')) await ownWrite(mode, id);
      else if (random.chance(0.2)) {
        const ids = Array.from({ length: 5 }, () => ({ id: random.integer(1, rows) }));
        figures.reads += ids.length;
        for (const row of await tables.get(mode)!.getMany(ids)) numberOf(row, `a row of ${mode}`);
      } else {
        figures.reads += 1;
        numberOf(await tables.get(mode)!.get({ id }), `row ${id} of ${mode}`);
      }
    } catch (error) {
      // What a server that is away, or a connection that is killed, makes of it.
      if (!isMillraceError(error) && (error as { readonly errno?: number }).errno === undefined) throw error;
      figures.failed += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
};

const printing = setInterval(() => say(told()), 200);
const working = Promise.all(Array.from({ length: 4 }, work));
say({ ready: true });
const asked = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { value: token } = await asked.next();
ended = true;
await working;
clearInterval(printing);
const keys = Array.from({ length: rows }, (_, i) => ({ id: i + 1 }));
const rowsTold: Record<string, readonly (number | null)[]> = {};
for (const [mode, table] of tables) {
  const patient = { atLeast: token as WriteToken, timeoutMs: 120_000, onTimeout: 'throw' } as const;
  await table.getMany(keys, patient);
  // Once more, from the process where it keeps rows.
  const told = await Promise.all(keys.map((key) => table.get(key)));
  rowsTold[mode] = told.map((row, i) => numberOf(row, `row ${i + 1} of ${mode}`));
}
say(told());
say({ told: rowsTold satisfies ToldRows });
process.exit(0);
