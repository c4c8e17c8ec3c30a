import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { FaultProxy } from '../testing/fault-proxy.ts';
import type { Address } from '../testing/mysql-rig.ts';
import { checksumTables } from './checksum-tables.ts';
import { closingStatement } from './demo-source.ts';
import { SeededRandom } from './seeded-random.ts';
import { database, ShopWriter } from './shop-writer.ts';
import { WorkerProcess } from './worker-process.ts';

export interface MysqlMirrorOptions {
  readonly source: Address;
  readonly target: Address & {
    /** Ends the server as a crash would, and starts it again. */
    readonly crash: () => Promise<void>;
  };
  readonly faults: number;
  readonly seed: number;
  readonly writers: number;
  readonly ledgerRows: number;
  readonly transactionsPerSecond: number;
  readonly pauseMs: { readonly least: number; readonly most: number };
  readonly progress?: (line: string) => void;
}

export interface MysqlMirrorResult {
  kills: number;
  cuts: number;
  stalls: number;
  crashes: number;
  transactions: number;
  rows: number;
}

const patienceMs = 120_000;
/** One fault in so many takes the target down. */
const faultsPerCrash = 15;

/**
 * A shop on one server, kept in another one while the process that does it is killed, its connections to the target are cut and
 * stalled, and the target crashes. Throws unless in the end every table of both has the same count and checksum.
 */
export const runMysqlMirrorUnderFaults = async (options: MysqlMirrorOptions): Promise<MysqlMirrorResult> => {
  const { source, target, seed } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-mysql-mirror-'));
  const stop = new AbortController();
  const shop = await ShopWriter.open(source, seed, options.ledgerRows);
  await using proxy = await FaultProxy.start(target);
  const file = join(folder, 'mirror.yaml');
  writeFileSync(file, pipelineFile(options, proxy));
  const worker = new WorkerProcess(file, process.env);
  try {
    worker.start();
    const writing = shop.write(options.transactionsPerSecond, stop.signal);
    writing.catch(() => {});
    const counts = await makeFaults(options, worker, proxy);
    stop.abort();
    const transactions = await writing;
    await shop.run(closingStatement);
    const rows = await untilEqual(source, target, worker);
    assert.ok(await worker.stop(), `the worker did not end well:\n${worker.output}`);
    return { ...counts, transactions, rows };
  } finally {
    stop.abort();
    await worker.kill();
    shop.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Chunks and parts are small, so that faults meet many of each. */
const pipelineFile = ({ source, target, writers }: MysqlMirrorOptions, proxy: FaultProxy): string =>
  JSON.stringify({
    source: {
      type: 'mysql',
      hostname: source.host,
      port: source.port,
      username: source.user,
      password: source.password,
      tables: `${database}.\\.*`,
      'scan.startup.mode': 'initial',
      'scan.incremental.snapshot.chunk.size': 50,
      'scan.transaction.max.size': '64kb',
      'heartbeat.interval': '1s',
    },
    sink: {
      type: 'mysql',
      hostname: proxy.host,
      port: proxy.port,
      username: target.user,
      password: target.password,
      'sink.parallelism': writers,
    },
    pipeline: { name: 'mirror', 'retry.initial-delay': '50ms', 'retry.max-delay': '500ms' },
  });

const makeFaults = async (
  { target, faults, seed, pauseMs, progress }: MysqlMirrorOptions,
  worker: WorkerProcess,
  proxy: FaultProxy,
): Promise<Omit<MysqlMirrorResult, 'transactions' | 'rows'>> => {
  const random = new SeededRandom(seed);
  const counts = { kills: 0, cuts: 0, stalls: 0, crashes: 0 };
  for (let i = 1; i <= faults; i += 1) {
    await sleep(random.between(pauseMs.least, pauseMs.most));
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    const kind = random.between(0, 9);
    if (i % faultsPerCrash === 0) {
      counts.crashes += 1;
      await target.crash();
    } else if (kind < 6) {
      counts.kills += 1;
      await worker.kill();
      worker.start();
    } else if (kind < 9) {
      counts.cuts += 1;
      if (kind < 7) proxy.cut();
      else proxy.cutAfter(random.between(1, 20_000));
    } else {
      counts.stalls += 1;
      proxy.stall();
      await sleep(random.between(50, 500));
      proxy.resume();
    }
    progress?.(`${i} of ${faults} faults: ${JSON.stringify(counts)}`);
  }
  return counts;
};

/** Resolves with the rows compared once both sides are equal. */
const untilEqual = async (source: Address, target: Address, worker: WorkerProcess): Promise<number> => {
  const deadline = performance.now() + patienceMs;
  const wanted = await tablesOf(source);
  assert.ok(wanted.length > 3, 'the shop has tables');
  for (;;) {
    const held = await tablesOf(target);
    const different = wanted.filter(({ name, rows, checksum }) => {
      const other = held.find((table) => table.name === name);
      return other?.rows !== rows || other.checksum !== checksum;
    });
    if (different.length === 0) return wanted.reduce((sum, { rows }) => sum + rows, 0);
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    if (performance.now() > deadline) {
      const names = different.map(
        ({ name, rows }) => `${name} (${rows} rows, ${held.find((table) => table.name === name)?.rows ?? 0} there)`,
      );
      assert.fail(`different after ${patienceMs} ms: ${names.join(', ')}\n${worker.output}`);
    }
    await sleep(300);
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
