import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../pipeline/system-clock.ts';
import { openApiServer } from '../server/api-server.ts';
import { EventRing } from '../server/event-ring.ts';
import { LocalPipeline } from '../server/local-pipeline.ts';
import { LogRing } from '../server/log-ring.ts';
import { PipelineRunner } from '../server/pipeline-runner.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { MemoryLog, MemorySource } from '../testing/memory-source.ts';
import { MirroredShop } from '../testing/mirrored-shop.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

const millrace = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [main, 'verify', ...args], { timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
};

const [server] = testServers();
const skip = server === undefined;

test('verify prints a table of figures and the keys that differ, and repairs them', { skip }, async () => {
  await using shop = await MirroredShop.open(server!, [
    'CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20))',
    "INSERT INTO a VALUES (1, 'one'), (2, 'two'), (3, 'three')",
    'CREATE TABLE b (id INT PRIMARY KEY)',
  ]);
  const { database } = shop.rig;
  const file = `${shop.path}.yaml`;
  const fix = `${shop.path}.sql`;
  writeFileSync(
    file,
    `pipeline: {name: ${database}}
source: {type: mysql, hostname: ${server!.host}, port: ${server!.port}, username: ${server!.user}, password: "${server!.password}", tables: ${database}.\\.*}
sink: [{type: sqlite, path: ${shop.path}}, {type: blackhole}]
`,
  );
  try {
    const equal = await millrace(file);
    assert.equal(equal.code, 0, equal.stderr);
    assert.match(equal.stdout, new RegExp(`^${database}\\.a +3 +1 +3 +0 +0 +0 +0  equal$`, 'm'));
    assert.match(equal.stderr, /cannot be read back.*blackhole/);

    shop.tamper(`UPDATE "{db}.a" SET v = 'secret value' WHERE id = 2`, `DELETE FROM "{db}.a" WHERE id = 3`);
    const different = await millrace(file, '--export-fix', fix, '-o', 'json');
    assert.equal(different.code, 3, different.stderr);
    const { schema, data } = JSON.parse(different.stdout);
    assert.equal(schema, 'millrace.verify/v1');
    const [a] = data.comparisons[0].tables;
    assert.deepEqual([a.status, a.counts.match, a.counts.mismatched, a.counts.missing], ['different', 1, 1, 1]);
    assert.deepEqual(a.differences, [
      { key: { id: 2 }, verdict: 'mismatched', count: 1 },
      { key: { id: 3 }, verdict: 'missing', count: 1 },
    ]);
    assert.match(readFileSync(fix, 'utf8'), /^INSERT INTO .* VALUES \(2, 'two'\).*;$/m);
    assert.doesNotMatch(different.stderr, /two|secret value/);

    const urls = ['--from', `mysql://${server!.user}@${server!.host}:${server!.port}/`, '--to', `sqlite:${shop.path}`];
    const byUrl = await millrace(...urls, '--table', `${database}.a`);
    assert.equal(byUrl.code, 3, byUrl.stderr);
    assert.match(byUrl.stdout, /mismatched {2}id=2\n.*missing {2}id=3/);

    const repaired = await millrace(file, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.match(repaired.stdout, /equal, 2 repaired/);
    assert.equal((await millrace(file)).code, 0);
  } finally {
    rmSync(file);
    rmSync(fix, { force: true });
  }
});

test('verify compares two databases of MySQL by their pipeline file, and repairs the target', { skip }, async () => {
  await using shop = await MysqlRig.open(server!);
  const { database } = shop;
  const copy = `${database}_copy`;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-verify-'));
  const file = join(folder, 'copy.yaml');
  const end = `type: mysql, hostname: ${server!.host}, port: ${server!.port}, username: ${server!.user}, password: "${server!.password}"`;
  writeFileSync(
    file,
    `pipeline: {name: ${database}}
source: {${end}, tables: ${database}.\\.*, heartbeat.interval: 100ms}
sink: {${end}, position.database: ${copy}}
route: [{source-table: ${database}.\\.*, sink-table: ${copy}.<>, replace-symbol: <>}]
`,
  );
  await shop.run(
    'CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20))',
    "INSERT INTO a VALUES (1, 'one'), (2, 'two'), (3, 'three')",
  );
  const running = spawn(process.execPath, [main, 'run', file], { stdio: 'ignore', timeout: 180_000 });
  const ended = once(running, 'exit');
  const runs = (): boolean => running.exitCode === null && running.signalCode === null;
  try {
    while (runs() && (await shop.query(`SHOW TABLES FROM ${copy} LIKE 'a'`).catch(() => [])).length === 0)
      await sleep(50);
    while (runs() && (await shop.query(`SELECT * FROM ${copy}.a`)).length < 3) await sleep(50);
    const equal = await millrace(file);
    assert.equal(equal.code, 0, equal.stderr);
    await shop.run(`UPDATE ${copy}.a SET v = 'other' WHERE id = 2`, `DELETE FROM ${copy}.a WHERE id = 3`);
    const repaired = await millrace(file, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.match(repaired.stdout, /equal, 2 repaired/);
    assert.deepEqual(await shop.query(`SELECT * FROM ${copy}.a`), await shop.query('SELECT * FROM a'));
  } finally {
    running.kill();
    await ended;
    await shop.run(`DROP DATABASE IF EXISTS ${copy}`);
    rmSync(folder, { recursive: true });
  }
});

/** A millrace that has a pipeline of this name, and serves its figures. */
const openFigures = async (pipeline: string) => {
  const stop = new AbortController();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const runner = new PipelineRunner({
    pipeline: {
      name: pipeline,
      source: async () => new MemorySource(new MemoryLog(), { follow: true }),
      sinks: [{ name: 'memory', open: async () => new MemorySink(new MemoryStore()) }],
      clock: systemClock,
      log,
    },
    redact: String,
    tellsMemory: false,
    onHealth: () => {},
  });
  const local = new LocalPipeline({ runner, file: 'x', plan: {}, logs: new LogRing(), stop: () => stop.abort() });
  const fleet = { pipelines: new Map([[pipeline, local]]), events: new EventRing(), files: null };
  return await openApiServer({
    fleet,
    tls: null,
    allowTail: false,
    log,
    version: '0',
    listen: { host: '127.0.0.1', port: 0 },
    token: null,
  });
};

test('verify --report has its result in the figures of the millrace that has the pipeline', { skip }, async () => {
  await using shop = await MirroredShop.open(server!, [
    'CREATE TABLE a (id INT PRIMARY KEY)',
    'INSERT INTO a VALUES (1), (2)',
  ]);
  const { database } = shop.rig;
  const file = `${shop.path}.yaml`;
  writeFileSync(
    file,
    `pipeline: {name: ${database}}
source: {type: mysql, hostname: ${server!.host}, port: ${server!.port}, username: ${server!.user}, password: "${server!.password}", tables: ${database}.\\.*}
sink: {name: mirror, type: sqlite, path: ${shop.path}}
`,
  );
  await using api = await openFigures(database);
  const report = async (...args: readonly string[]): Promise<string> => {
    await millrace(file, '--report', '--api-url', api.url, ...args);
    return await (await fetch(`${api.url}/metrics`)).text();
  };
  const labels = `pipeline="${database}",sink="mirror"`;
  try {
    const equal = await report();
    assert.ok(equal.includes(`millrace_verify_result{${labels},result="equal"} 1\n`), equal);
    assert.ok(equal.includes(`millrace_verify_rows_total{${labels},result="match"} 2\n`), equal);
    assert.match(equal, /millrace_verify_last_success_timestamp_seconds\{/);
    shop.tamper('DELETE FROM "{db}.a" WHERE id = 2');
    const different = await report();
    assert.ok(different.includes(`millrace_verify_result{${labels},result="different"} 1\n`), different);
    assert.ok(different.includes(`millrace_verify_rows_total{${labels},result="missing"} 1\n`), different);
    assert.ok((await report('--repair')).includes(`millrace_verify_result{${labels},result="equal"} 1\n`));

    const nobody = await millrace(file, '--report', '--api-url', 'http://127.0.0.1:1');
    assert.deepEqual([nobody.code, /API_UNREACHABLE/.test(nobody.stderr), nobody.stdout], [1, true, '']);
    await using other = await openFigures(`${database}_other`);
    const unknown = await millrace(file, '--report', '--api-url', other.url);
    assert.deepEqual([unknown.code, /API_UNKNOWN_PIPELINE/.test(unknown.stderr)], [1, true]);
  } finally {
    rmSync(file);
  }
});

test('verify says what is wrong with its command line', async () => {
  assert.match((await millrace()).stderr, /name a pipeline file, or two systems/);
  const half = await millrace('--from', 'mysql://a/');
  assert.deepEqual([half.code, /with both --from and --to/.test(half.stderr)], [2, true]);
  assert.match((await millrace('--from', 'http://a/', '--to', 'mysql://b/')).stderr, /write mysql:\/\/user/);
  assert.match((await millrace('--from', 'mysql://a/', '--to', 'sqlite:/nowhere/x.db')).stderr, /no such file/);
});
