import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { qualifiedName } from '../../core/table.ts';
import type { SqlRow } from '../../operators/incremental/delta.ts';
import { createPipeline } from '../../pipeline/pipeline.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { HistorySource, SqlHistory, tableOf } from '../../testing/sql-history.ts';
import { fileJob } from '../file-job.ts';
import { jobOptions } from '../job-options.ts';
import { serverColumns } from '../scanned-columns.ts';
import { ScannedTable } from '../scanned-table.ts';
import { SourceInput } from '../source-input.ts';
import { Lookups } from './open-lookups.ts';

const [seed, transactions] = [11, 400];

const declared = (folder: string): string => `
  SET 'execution.checkpointing.interval' = '1 h';
  CREATE TABLE t (id BIGINT, a BIGINT, b BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED)
    WITH ('connector' = 'mysql-cdc', 'hostname' = 'none', 'username' = 'none', 'database-name' = 'shop', 'table-name' = 't');
  CREATE TABLE dim (k BIGINT, v BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'jdbc', 'url' = 'jdbc:mysql://none/shop', 'table-name' = 'dim');
  CREATE TABLE kept (id BIGINT, a BIGINT, v BIGINT, PRIMARY KEY (id) NOT ENFORCED)
    WITH ('connector' = 'filesystem', 'path' = '${folder}/kept.ndjson', 'format' = 'debezium-json');
  INSERT INTO kept SELECT t.id, t.a, d.v FROM (SELECT *, PROCTIME() AS p FROM t) AS t
    LEFT JOIN dim FOR SYSTEM_TIME AS OF t.p AS d ON d.k = t.a;`;

let answers = 0;

/** Runs the job over the history; `most`: it is cut off when it has asked so often. */
const run = async (folder: string, most: number): Promise<{ readonly said: string; readonly asked: number }> => {
  const said: string[] = [];
  const say = (text: string): number => said.push(text);
  const abort = new AbortController();
  const before = answers;
  const { job } = await fileJob(declared(folder), { folder, expand: (text) => text, hide: () => {} });
  const pipeline = createPipeline({
    ...jobOptions(job, {
      log: { debug() {}, info: say, warn: say, error: say },
      clock: systemClock,
      print: async () => {},
      state: { folder: join(folder, 'state'), version: '1' },
      open: async (flow) => {
        const [[name, input] = []] = [...flow.inputs];
        const scanned = new ScannedTable(tableOf(name!), serverColumns(tableOf(name!)), input!, { name: name! });
        const source = new HistorySource(seed, transactions, Math.random, { tables: ['t'] });
        const tables = new Map([[qualifiedName(scanned.table), [scanned]]]);
        return [new SourceInput({ identity: 'history', source, tables, snapshots: true })];
      },
      // A table that never says the same again.
      openLookups: async () =>
        new Lookups([
          {
            answer: async (keys) => {
              answers += 1;
              if (answers - before === most) abort.abort();
              return keys.map(([key]): readonly SqlRow[] => [[key!, answers]]);
            },
            async [Symbol.asyncDispose]() {},
          },
        ]),
    }),
    grouping: { maxMs: 1, maxBytes: 4_096 },
  });
  await pipeline
    .run(new AbortController().signal, abort.signal)
    .catch((error) => assert.ok(isMillraceError(error, 'PIPELINE_ABORTED'), String(error)));
  return { said: said.join('\n'), asked: answers - before };
};

interface Kept {
  readonly id: number;
  readonly a: number | null;
  readonly v: number | null;
}

/** The rows that the change log leads to, each image of a row as it was being what a line before it left. */
const kept = (folder: string): readonly Kept[] => {
  const rows = new Map<number, Kept>();
  for (const line of readFileSync(`${folder}/kept.ndjson`, 'utf8').split('\n').slice(0, -1)) {
    const { before, after } = JSON.parse(line) as { before: Kept | null; after: Kept | null };
    if (before !== null) {
      assert.deepEqual(rows.get(before.id), before, 'a row goes that was otherwise');
      rows.delete(before.id);
    }
    if (after !== null) rows.set(after.id, after);
  }
  return [...rows.values()];
};

test('a job that is cut off runs its ticks again with the answers that it had, and asks for what is new alone', {
  timeout: 120_000,
}, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-lookup-job-'));
  await run(folder.path, 40);
  const again = await run(folder.path, 10);
  assert.match(again.said, /the job goes on from its checkpoint/);
  assert.equal(again.asked, 10);
  assert.match((await run(folder.path, Number.POSITIVE_INFINITY)).said, /the job goes on from its checkpoint/);
  const history = new SqlHistory(seed);
  for (let count = 0; count < transactions; count += 1) history.next();
  const found = kept(folder.path);
  assert.deepEqual(
    new Map(found.map(({ id, a }) => [id, a])),
    new Map([...history.rows.t.values()].map(([id, a]) => [id as number, a as number | null])),
  );
  for (const { a, v } of found) assert.equal(v === null, a === null);
});
