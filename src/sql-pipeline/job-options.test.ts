import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { QueryFigures } from '../core/operating.ts';
import { qualifiedName } from '../core/table.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { HistorySource, tableOf } from '../testing/sql-history.ts';
import { fileJob } from './file-job.ts';
import { jobOptions } from './job-options.ts';
import { serverColumns } from './scanned-columns.ts';
import { ScannedTable } from './scanned-table.ts';
import { SourceInput } from './source-input.ts';

/** Runs `INSERT INTO kept` over a history. Gives what the job said of its state, and the rows that were read. */
const run = async (folder: string, query: string, options: string, transactions: number) => {
  const sql = `
    CREATE TABLE t (id BIGINT, a BIGINT, b BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED)
      WITH ('connector' = 'mysql-cdc', 'hostname' = 'none', 'username' = 'none', 'database-name' = 'shop', 'table-name' = 't');
    CREATE TABLE kept (k BIGINT, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (${options});
    INSERT INTO kept ${query}`;
  const { job } = await fileJob(sql, { folder: '.', expand: (text) => text, hide: () => {} });
  const said: string[] = [];
  const say = (text: string, details: object = {}): number => said.push(`${text} ${JSON.stringify(details)}`);
  let read = 0;
  const pipeline = createPipeline(
    jobOptions(job, {
      log: { debug() {}, info: say, warn: say, error: say },
      clock: systemClock,
      print: async () => {},
      state: { folder: join(folder, 'state'), version: '1' },
      open: async (flow) => {
        const [[name, input] = []] = [...flow.inputs];
        const table = tableOf(name!);
        const scanned = new ScannedTable(table, serverColumns(table), input!, { name: name! });
        const rows = scanned.rows.bind(scanned);
        scanned.rows = (change) => {
          if (change.op === 'read') read += change.rows.length;
          rows(change);
        };
        const source = new HistorySource(5, transactions, Math.random, { tables: [table.name] });
        const tables = new Map([[qualifiedName(table), [scanned]]]);
        return [new SourceInput({ identity: 'history', source, tables, snapshots: true })];
      },
    }),
  );
  await pipeline.run(new AbortController().signal);
  return { said: said.join('\n'), read };
};

const query = 'SELECT COALESCE(a, -9), COUNT(*) FROM t GROUP BY COALESCE(a, -9)';

test('a changed query is computed anew from stored rows, and its table is read no second time', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-job-options-'));
  const sqlite = `'connector' = 'sqlite', 'path' = '${folder.path}/mirror.db', 'table-name' = 'kept'`;
  const first = await run(folder.path, query, sqlite, 30);
  assert.match(first.said, /computed anew .*"from":"sources"/);
  assert.equal(first.read, 40);
  const second = await run(folder.path, query.replace('COUNT(*)', 'COUNT(*) + 1'), sqlite, 40);
  assert.match(second.said, /the statements changed .*"kept":1,"filled":"","read":"","written":"kept"/);
  assert.equal(second.read, 0);
  const third = await run(folder.path, query.replace('COUNT(*)', 'COUNT(*) + 1'), sqlite, 50);
  assert.match(third.said, /goes on from its checkpoint/);
  assert.equal(third.read, 0);
  const other = await run(folder.path, query.replaceAll('a,', 'b,'), sqlite, 50);
  assert.match(other.said, /computed anew .*"from":"sources"/);
  assert.equal(other.read, 40);
});

test('a job that only prints keeps nothing', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-job-options-'));
  await run(folder.path, query, "'connector' = 'print'", 10);
  assert.deepEqual(readdirSync(folder.path), []);
});

test('a job with windows that close tells in its status how far event time has come, and how many rows came late', async () => {
  const sql = `
    CREATE TABLE t (id BIGINT, a BIGINT, b BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED,
      ts AS TO_TIMESTAMP_LTZ(id * 1000, 3), WATERMARK FOR ts AS ts)
      WITH ('connector' = 'mysql-cdc', 'hostname' = 'none', 'username' = 'none', 'database-name' = 'shop', 'table-name' = 't');
    CREATE TABLE kept (w TIMESTAMP(3), n BIGINT) WITH ('connector' = 'print');
    INSERT INTO kept SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
      GROUP BY window_start, window_end`;
  const told: QueryFigures[] = [];
  const warned: string[] = [];
  const { job } = await fileJob(sql, { expand: (text) => text, hide: () => {}, folder: '.' });
  const pipeline = createPipeline(
    jobOptions(job, {
      log: { debug() {}, info() {}, warn: (text) => warned.push(text), error() {} },
      clock: systemClock,
      print: async () => {},
      state: null,
      open: async (flow) => {
        const [[name, input] = []] = [...flow.inputs];
        const scanned = new ScannedTable(tableOf(name!), serverColumns(tableOf(name!)), input!, { name: name! });
        const source = new HistorySource(5, 60, Math.random);
        const read = source.read.bind(source);
        source.read = async function* (held, signal) {
          yield* read(held, signal);
          told.push(pipeline.status().query!);
        };
        const tables = new Map([[qualifiedName(scanned.table), [scanned]]]);
        return [new SourceInput({ identity: 'history', source, tables, snapshots: true })];
      },
    }),
  );
  assert.equal(pipeline.status().query, null);
  await pipeline.run(new AbortController().signal);
  const [{ watermark, lateRows } = assert.fail()] = told;
  assert.ok(watermark !== null && watermark.heldBy === null && watermark.stillMs >= 0);
  assert.ok(watermark.reachedMs! > 40_000, `${watermark.reachedMs}`);
  // Rows of windows that have closed were deleted.
  assert.ok(lateRows > 0);
  assert.deepEqual(warned, ['rows came too late for their windows, and are left out']);
});
