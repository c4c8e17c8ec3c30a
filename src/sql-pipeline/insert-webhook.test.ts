import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { parseScript } from '../sql/parse/script.ts';
import { fileJob } from './file-job.ts';
import { jobOptions } from './job-options.ts';
import { SqlProgram } from './sql-program.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

test('INSERT INTO a webhook posts the rows of its query', async () => {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    for await (const chunk of request) received.push(String(chunk));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'millrace-alerts-'));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sql = `
      CREATE TABLE clicks (id BIGINT) WITH ('connector' = 'datagen', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '4');
      CREATE TABLE chat (\`text\` STRING) WITH ('connector' = 'webhook', 'url' = '${url}', 'format' = 'json', 'position.path' = '${folder}/a');
      CREATE TABLE sums (odd BIGINT, n BIGINT, PRIMARY KEY (odd) NOT ENFORCED)
        WITH ('connector' = 'webhook', 'url' = '${url}', 'format' = 'change-json', 'position.path' = '${folder}/b');
      INSERT INTO chat SELECT CONCAT('click ', CAST(id AS STRING)) FROM clicks WHERE id > 3;
      INSERT INTO sums SELECT MOD(id, 2), COUNT(*) FROM clicks GROUP BY MOD(id, 2);
      SET 'execution.runtime-mode' = 'batch';`;
    const { job } = await fileJob(sql, { folder: '.', expand: (text) => text, hide: () => {} });
    const pipeline = createPipeline(jobOptions(job, { log, clock: systemClock, print: async () => {}, state: null }));
    await pipeline.run(new AbortController().signal);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
  const bodies = received.map((text) => JSON.parse(text) as { text?: string; op?: string; after?: unknown });
  assert.deepEqual(
    bodies.filter(({ op }) => op === undefined),
    [{ text: 'click 4' }],
  );
  assert.deepEqual(
    bodies
      .filter(({ op }) => op === 'read')
      .map(({ after }) => after)
      .toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    [
      { odd: 0, n: 2 },
      { odd: 1, n: 2 },
    ],
  );
});

test('the guide to alerts settles as it is written', () => {
  const page = readFileSync(new URL('../../docs/guides/alerts.md', import.meta.url), 'utf8');
  const blocks = Array.from(page.matchAll(/```sql\n(.*?)```/gs), ([, sql]) => sql!);
  assert.equal(blocks.length, 2);
  for (const sql of blocks) {
    const program = new SqlProgram({
      bounded: false,
      server: null,
      expand: (text) => text.replace(/\$\{\w+_URL\}/, 'https://hooks.example.org/t0ken'),
      hide: () => {},
    });
    assert.equal(
      parseScript(sql)
        .map((statement) => program.take(statement).kind)
        .at(-1),
      'job',
    );
  }
});
