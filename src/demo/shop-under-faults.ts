import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { FaultProxy } from '../testing/fault-proxy.ts';
import type { Address } from '../testing/mysql-rig.ts';
import { countChangeLog } from './change-log-count.ts';
import { checksumTables } from './checksum-tables.ts';
import { closingPage, closingStatement } from './demo-source.ts';
import { checksumMirror } from './mirror-checksum.ts';
import { SeededRandom } from './seeded-random.ts';
import { database, ShopWriter, truncatedTable } from './shop-writer.ts';
import { WorkerProcess } from './worker-process.ts';

export interface ShopUnderFaultsOptions {
  /** The shop is made on it, in a database of its own. */
  readonly server: Address & {
    /** Ends the server as a crash would, and starts it again; left out: it stays. */
    readonly crash?: () => Promise<void>;
  };
  readonly faults: number;
  readonly seed: number;
  /** Rows of the big table that is there before the snapshot begins; every twentieth one changes in one transaction now and then. */
  readonly ledgerRows: number;
  readonly transactionsPerSecond: number;
  /** Between two faults, in milliseconds. */
  readonly pauseMs: { readonly least: number; readonly most: number };
  readonly progress?: (line: string) => void;
}

export interface FaultCounts {
  kills: number;
  cuts: number;
  stalls: number;
  slow: number;
  crashes: number;
}

export interface ShopUnderFaultsResult extends FaultCounts {
  readonly transactions: number;
  readonly rows: number;
  /** Of the change log. */
  readonly lines: number;
}

const patienceMs = 90_000;
/** One fault in so many takes the server down, where it may be. */
const faultsPerCrash = 15;

/**
 * The main job under faults: a shop on a real server flows into a mirror and a change log, from a snapshot on, while the worker is
 * killed, its connections are cut, stalled and slowed, and the server crashes. Throws unless in the end every table of the mirror
 * equals the server's by the server's own count and checksum, and the change log has no line twice and comes to as many rows.
 */
export const runShopUnderFaults = async (options: ShopUnderFaultsOptions): Promise<ShopUnderFaultsResult> => {
  const { server, seed } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-shop-'));
  const stop = new AbortController();
  const shop = await ShopWriter.open(server, seed, options.ledgerRows);
  await using proxy = await FaultProxy.start(server);
  const mirror = join(folder, 'mirror.db');
  const changeLog = join(folder, 'changes.ndjson');
  const file = join(folder, 'shop.yaml');
  writeFileSync(file, pipelineFile(proxy, server, mirror, changeLog));
  const worker = new WorkerProcess(file, process.env);
  try {
    worker.start();
    const writing = shop.write(options.transactionsPerSecond, stop.signal);
    const counts = await Promise.race([makeFaults(options, worker, proxy, stop.signal), failureOf(writing)]);
    stop.abort();
    const transactions = await writing;
    await shop.run(closingStatement);
    await untilClosed(mirror, worker);
    await untilRead(server, mirror, worker);
    assert.ok(await worker.stop(), `the worker did not end well:\n${worker.output}`);
    return { ...counts, transactions, ...(await compare(server, mirror, changeLog)) };
  } finally {
    stop.abort();
    await worker.kill();
    shop.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Chunks and parts are small, so that faults meet many of each. */
const pipelineFile = (proxy: FaultProxy, server: Address, mirror: string, changeLog: string): string =>
  JSON.stringify({
    source: {
      type: 'mysql',
      hostname: proxy.host,
      port: proxy.port,
      username: server.user,
      password: server.password,
      tables: `${database}.\\.*`,
      'scan.startup.mode': 'initial',
      'scan.incremental.snapshot.chunk.size': 50,
      'scan.transaction.max.size': '64kb',
      'heartbeat.interval': '1s',
    },
    sink: [
      { type: 'sqlite', path: mirror },
      { type: 'file', path: changeLog },
    ],
    pipeline: { name: 'river', 'retry.initial-delay': '50ms', 'retry.max-delay': '500ms' },
  });

const makeFaults = async (
  { server, faults, seed, pauseMs, progress }: ShopUnderFaultsOptions,
  worker: WorkerProcess,
  proxy: FaultProxy,
  signal: AbortSignal,
): Promise<FaultCounts> => {
  const random = new SeededRandom(seed);
  const counts: FaultCounts = { kills: 0, cuts: 0, stalls: 0, slow: 0, crashes: 0 };
  for (let i = 1; i <= faults && !signal.aborted; i += 1) {
    await sleep(random.between(pauseMs.least, pauseMs.most));
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    const kind = random.between(0, 11);
    if (server.crash !== undefined && i % faultsPerCrash === 0) {
      counts.crashes += 1;
      await server.crash();
    } else if (kind < 6) {
      counts.kills += 1;
      await worker.kill();
      if (!signal.aborted) worker.start();
    } else if (kind < 10) {
      counts.cuts += 1;
      if (kind < 8) proxy.cut();
      else proxy.cutAfter(random.between(1, 20_000));
    } else if (kind === 10) {
      counts.stalls += 1;
      proxy.stall();
      await sleep(random.between(50, 500));
      proxy.resume();
    } else {
      counts.slow += 1;
      proxy.delay(random.between(1, 40));
      await sleep(random.between(50, 1_000));
      proxy.delay(0);
    }
    progress?.(`${i} of ${faults} faults: ${JSON.stringify(counts)}`);
  }
  return counts;
};

/** Rejects when the writer fails; else nothing. */
const failureOf = (writing: Promise<unknown>): Promise<never> =>
  new Promise((_, reject) => {
    writing.catch(reject);
  });

const untilClosed = async (mirror: string, worker: WorkerProcess): Promise<void> => {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    if (hasClosingRow(mirror)) return;
    await sleep(100);
  }
  assert.fail(`the last change did not arrive within ${patienceMs} ms:\n${worker.output}`);
};

const hasClosingRow = (mirror: string): boolean => {
  try {
    using db = new DatabaseSync(mirror, { readOnly: true, timeout: 1_000 });
    return db.prepare(`SELECT 1 FROM "${database}.visits" WHERE page = ?`).get(closingPage) !== undefined;
  } catch {
    // Not made yet.
    return false;
  }
};

/** Resolves when the snapshots are over, which may be after the last change came: the mirror has as many rows as the server. */
const untilRead = async (server: Address, mirror: string, worker: WorkerProcess): Promise<void> => {
  const tables = await tablesOf(server);
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    if (tables.every((table) => checksumMirror(mirror, table)?.rows === table.rows)) return;
    await sleep(500);
  }
};

const tablesOf = async ({ host, port, user, password }: Address): ReturnType<typeof checksumTables> => {
  const connection = await mysql.createConnection({ host, port, user, password });
  try {
    return await checksumTables(connection, database);
  } finally {
    connection.destroy();
  }
};

/** Every table of the mirror equals the server's, and so does the number of rows that the change log comes to. */
const compare = async (
  server: Address,
  mirror: string,
  changeLog: string,
): Promise<Pick<ShopUnderFaultsResult, 'rows' | 'lines'>> => {
  const tables = await tablesOf(server);
  const log = await countChangeLog(changeLog, new Map(tables.map(({ name, key }) => [`${database}.${name}`, key])));
  let rows = 0;
  for (const table of tables) {
    const expected = { rows: table.rows, checksum: table.checksum };
    assert.deepEqual(checksumMirror(mirror, table), expected, `${table.name} differs in the mirror`);
    const held = log.rows.get(`${database}.${table.name}`);
    // A change log has no lines for TRUNCATE unless it is asked for them.
    if (held !== undefined && table.name !== truncatedTable) {
      assert.equal(held, table.rows, `${table.name} differs in the change log`);
    }
    rows += table.rows;
  }
  assert.ok(rows > 0, 'nothing was compared');
  assert.equal(log.twice, 0, 'lines of the change log came twice');
  return { rows, lines: log.lines };
};
