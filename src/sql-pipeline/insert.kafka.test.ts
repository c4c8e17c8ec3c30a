import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { parseScript } from '../sql/parse/script.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { jobOptions } from './job-options.ts';
import { SqlProgram } from './sql-program.ts';

const bootstrapServers = await testKafka();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const prefix = `sql-${process.pid}`;

const kafka = (topic: string, more: string): string =>
  `'topic' = '${prefix}-${topic}', 'properties.bootstrap.servers' = '${bootstrapServers}', ${more}`;

const declarations = `
  SET 'execution.runtime-mode' = 'batch';
  CREATE TABLE made (id BIGINT, cost DECIMAL(10, 2), page AS CAST(MOD(id, 3) AS STRING))
    WITH ('connector' = 'datagen', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '40', 'fields.cost.min' = '1.5', 'fields.cost.max' = '1.5');
  CREATE TABLE clicks (id BIGINT, page STRING, cost DECIMAL(10, 2), seen TIMESTAMP(3), kept BOOLEAN, place BIGINT METADATA FROM 'offset' VIRTUAL)
    WITH ('connector' = 'kafka', ${kafka('clicks', "'format' = 'json'")});
  CREATE TABLE pages (page STRING, n BIGINT, cost DECIMAL(38, 2), PRIMARY KEY (page) NOT ENFORCED)
    WITH ('connector' = 'upsert-kafka', ${kafka('pages', "'key.format' = 'json', 'value.format' = 'json'")});
  CREATE TABLE log (page STRING, n BIGINT, PRIMARY KEY (page) NOT ENFORCED)
    WITH ('connector' = 'kafka', ${kafka('log.of.all.pages', "'format' = 'debezium-json'")});
  CREATE TABLE out_rows (name STRING, a STRING, b STRING) WITH ('connector' = 'print');`;

/** Runs the job to its end. Gives the rows that stand at the end of what it printed, however many steps it took to them. */
const run = async (sql: string): Promise<readonly string[]> => {
  const program = new SqlProgram({ bounded: false, server: null, expand: (text) => text, hide: () => {} });
  const outcome = parseScript(declarations + sql)
    .map((statement) => program.take(statement))
    .at(-1)!;
  assert.ok(outcome.kind === 'job');
  let printed = '';
  const print = async (text: string): Promise<void> => {
    printed += text;
  };
  const options = jobOptions(
    { ...outcome.job, name: `${prefix}-${outcome.job.name}` },
    { log: silent, clock: systemClock, print, state: null },
  );
  await createPipeline(options).run(new AbortController().signal);
  const rows = new Map<string, number>();
  for (const line of printed.split('\n').slice(0, -1)) {
    const [op, row] = [line.slice(0, 2), line.slice(2)];
    rows.set(row, (rows.get(row) ?? 0) + (op === '+I' || op === '+U' ? 1 : -1));
  }
  return [...rows]
    .flatMap(([row, count]) => (count === 0 ? [] : [`${row}${count === 1 ? '' : ` ${count} times`}`]))
    .toSorted();
};

test('rows go into topics and come back as they were: added, replaced by their key, and as a changelog', {
  timeout: 120_000,
}, async () => {
  await run("INSERT INTO clicks SELECT id, page, cost, TIMESTAMP '2024-02-29 12:00:00.125', id < 3 FROM made");
  assert.deepEqual(
    await run(`INSERT INTO out_rows SELECT CAST(seen AS STRING), CAST(SUM(cost) AS STRING), CAST(COUNT(*) FILTER (WHERE kept) AS STRING)
      FROM clicks WHERE place >= 0 GROUP BY seen`),
    ['[2024-02-29 12:00:00.125, 60.00, 2]'],
  );
  await run(`EXECUTE STATEMENT SET BEGIN
    INSERT INTO pages SELECT page, COUNT(*), SUM(cost) FROM clicks GROUP BY page;
    INSERT INTO log SELECT page, COUNT(*) FROM clicks GROUP BY page;
  END`);
  assert.deepEqual(
    await run(`INSERT INTO out_rows
      SELECT 'upserted ' || page, CAST(n AS STRING), CAST(cost AS STRING) FROM pages
      UNION ALL SELECT 'logged ' || page, CAST(n AS STRING), '' FROM log`),
    [
      '[logged 0, 13, ]',
      '[logged 1, 14, ]',
      '[logged 2, 13, ]',
      '[upserted 0, 13, 19.50]',
      '[upserted 1, 14, 21.00]',
      '[upserted 2, 13, 19.50]',
    ],
  );
});
