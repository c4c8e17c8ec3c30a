import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { fileJob } from '../sql-pipeline/file-job.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { Supervisor } from './supervisor.ts';
import { toldPipeline } from './told-pipeline.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-supervisor-'));
after(() => rmSync(root, { recursive: true }));

/** Keeps what it was told, a line for each start, and says that it is up. */
const program = join(root, 'told.mjs');
const told = join(root, 'told.jsonl');
writeFileSync(
  program,
  `import { appendFileSync } from 'node:fs';
process.on('message', (message) => {
  if (message.kind === 'stop') process.exit();
  if (message.kind === 'begin') appendFileSync(${JSON.stringify(told)}, JSON.stringify(message) + '\\n');
  process.send(message.kind === 'begin' ? { kind: 'ready' } : { kind: 'answer', id: message.id, answer: null });
});
process.once('disconnect', () => process.exit());\n`,
);

const opened = (stateFolder: string): Promise<Supervisor> =>
  Supervisor.open({
    files: [],
    folder: null,
    stateFolder,
    program: { path: program, execArgv: [], env: {} },
    load: (path, text) => {
      const readText = (asked: string): string =>
        asked === path && text !== undefined ? text : readFileSync(asked, 'utf8');
      return loadPipelineFile(path, { env: {}, readText, connectors, overrides: [], version: '0' });
    },
    plan: () => ({}),
    log: silent,
    onLine: () => {},
  });

/** What the `count`-th process was told, once it was. */
const start = async (count: number) => {
  for (;;) {
    const lines = readFileSync(told, 'utf8').split('\n').slice(0, -1);
    if (lines.length >= count)
      return JSON.parse(lines[count - 1]!) as { paused: boolean; told: { pipeline: unknown; secrets: string[] } };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const password = join(root, 'password');
const file = (
  filter: string,
): string => `source: {type: mysql, hostname: h, username: u, password: "\${file:${password}}", tables: a.b}
transform: [{source-table: a.b, filter: ${filter}}]
sink: {type: blackhole}
pipeline: {name: orders}\n`;

test('a process is told its pipeline with the secrets of the moment, and goes on with what it had when the file is wrong', {
  timeout: 60_000,
}, async () => {
  writeFileSync(told, '');
  writeFileSync(password, 'first-password');
  const stateFolder = join(root, 'told');
  await using supervisor = await opened(stateFolder);
  await supervisor.put('orders', file('id > 1'), 'paused');
  const first = await start(1);
  assert.equal(first.paused, true);
  assert.deepEqual(first.told.secrets, ['first-password']);
  const { name, sources, sinks } = first.told.pipeline as {
    name: string;
    sources: [{ connector: string; config: { password: string } }];
    sinks: [{ connector: string }];
  };
  assert.deepEqual(
    [name, sources[0].connector, sources[0].config.password, sinks[0].connector],
    ['orders', 'mysql', 'first-password', 'blackhole'],
  );
  writeFileSync(password, 'second-password');
  const { restart } = supervisor.pipelines.get('orders')!;
  await restart();
  assert.deepEqual((await start(2)).told.secrets, ['second-password']);
  appendFileSync(join(stateFolder, 'pipelines', 'orders.yaml'), 'nonsense: {}\n');
  await restart();
  assert.deepEqual((await start(3)).told, (await start(2)).told);
});

test('a filter that was changed makes another pipeline', { timeout: 60_000 }, async () => {
  writeFileSync(told, '');
  writeFileSync(password, 'first-password');
  await using supervisor = await opened(join(root, 'changed'));
  const put = async (filter: string) => (await supervisor.put('orders', file(filter), 'running')).change;
  assert.deepEqual([await put('id > 1'), await put('id > 1'), await put('id > 2')], ['added', 'unchanged', 'changed']);
});

test('queries are told as they are written, with what their variables were', async () => {
  const text = `sql: |
  CREATE TABLE clicks (page STRING) WITH ('connector' = 'datagen');
  CREATE TABLE pages (page STRING, n BIGINT, PRIMARY KEY (page) NOT ENFORCED)
    WITH ('connector' = 'mysql', 'hostname' = 'db', 'username' = 'u', 'password' = '\${file:${password}}', 'database-name' = 'd', 'table-name' = 'pages');
  INSERT INTO pages SELECT page, COUNT(*) FROM clicks GROUP BY page;\n`;
  writeFileSync(password, "it's a secret");
  const readText = (path: string): string => (path === 'pages.yaml' ? text : readFileSync(path, 'utf8'));
  const loaded = await loadPipelineFile('pages.yaml', { env: {}, readText, connectors, overrides: [], version: '0' });
  const { pipeline, secrets } = structuredClone(toldPipeline(loaded.pipelines[0]!, loaded.secrets));
  assert.deepEqual(secrets, ["it's a secret"]);
  const { job } = await fileJob(pipeline.sql!.text, {
    folder: pipeline.sql!.folder,
    expand: (each) => pipeline.sql!.expanded.get(each) ?? each,
    hide: () => {},
  });
  assert.equal(job.inserts[0]!.target.binding.sink?.settings['password'], "it's a secret");
});
