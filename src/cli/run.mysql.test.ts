import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-run-'));
after(() => rmSync(folder, { recursive: true }));

/** `millrace run`, until `ready` holds; then the signals are sent and its end is waited for. */
const run = async (
  args: readonly string[],
  ready: (stderr: string) => boolean,
  signals: readonly NodeJS.Signals[] = ['SIGTERM'],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  const child = spawn(process.execPath, [main, 'run', ...args], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const deadline = performance.now() + 15_000;
  while (child.exitCode === null && performance.now() < deadline && !ready(stderr)) await sleep(20);
  for (const signal of signals) child.kill(signal);
  return { code: await closed, stdout, stderr };
};

/** The mirror's rows, once it is there. */
const mirrored = (path: string, table: string): readonly unknown[] => {
  try {
    using db = new DatabaseSync(join(folder, path), { readOnly: true });
    return db
      .prepare(`SELECT * FROM "${table}" ORDER BY id`)
      .all()
      .map((row) => ({ ...row }));
  } catch {
    return [];
  }
};

for (const server of testServers()) {
  describe(`${server.name}: run`, async () => {
    const database = `cli_run_${process.pid}`;
    const { host, port, user, password } = server;
    const connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${database}; USE ${database};
      CREATE TABLE users_1 (id INT PRIMARY KEY, name VARCHAR(20), mail VARCHAR(40), secret VARCHAR(20)); CREATE TABLE users_2 LIKE users_1;
      INSERT INTO users_1 VALUES (1, 'Ada', 'ada@example.org', 'x'); INSERT INTO users_2 VALUES (2, 'Bob', 'bob@example.org', 'y');`);
    after(async () => {
      await connection.query(`DROP DATABASE ${database}`);
      await connection.end();
    });
    const name = `${server.name}.yaml`;
    writeFileSync(
      join(folder, name),
      `source:
  type: mysql
  hostname: ${host}
  port: ${port}
  username: ${user}
  password: "\${RUN_PASSWORD:-${password}}"
  tables: ${database}.users_\\d
  columns:
    exclude: ${database}.users_\\d.secret
    mask: ${database}.users_\\d.mail
    rename: {${database}.users_1.name: called, ${database}.users_2.name: called}
sink:
  - {type: sqlite, path: ${server.name}.db}
  - {type: file, path: ${server.name}.ndjson}
route:
  - {source-table: '${database}.users_\\d', sink-table: app.users}
`,
    );
    const rows = (): readonly unknown[] => mirrored(`${server.name}.db`, 'app.users');

    test('mirrors what the file asks for, columns and tables renamed, and ends at SIGTERM with 0', async () => {
      const { code, stdout, stderr } = await run([name, '-o', 'json'], () => rows().length === 2);
      assert.equal(code, 0, stderr);
      assert.deepEqual(rows(), [
        { id: 1, called: 'Ada', mail: '*'.repeat(15) },
        { id: 2, called: 'Bob', mail: '*'.repeat(15) },
      ]);
      const [pipeline] = JSON.parse(stdout).data.pipelines;
      assert.equal(pipeline.outcome, 'stopped');
      assert.equal(pipeline.error, null);
      assert.equal(pipeline.totals.sync.rows, 2);
      assert.doesNotMatch(stderr, /Ada|example\.org/);
    });

    test('goes on where it was when it is run again', async () => {
      await connection.query(
        `INSERT INTO ${database}.users_2 VALUES (3, 'Cid', 'c@d', 'z'); DELETE FROM ${database}.users_1`,
      );
      const { code, stderr } = await run([name], () => rows().length === 2 && JSON.stringify(rows()).includes('Cid'));
      assert.equal(code, 0, stderr);
      assert.deepEqual(rows(), [
        { id: 2, called: 'Bob', mail: '*'.repeat(15) },
        { id: 3, called: 'Cid', mail: '***' },
      ]);
      const lines = readFileSync(join(folder, `${server.name}.ndjson`), 'utf8')
        .trimEnd()
        .split('\n');
      assert.deepEqual(lines.map((line) => JSON.parse(line).op).sort(), ['c', 'd', 'r', 'r']);
    });

    test('answers 1 to a refused login, with the code and without the password', async () => {
      const { code, stdout, stderr } = await run(
        [name, '--set', 'source.username=nobody', '--set', 'source.password=geheim-42'],
        () => false,
      );
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /MYSQL_ACCESS_DENIED/);
      assert.doesNotMatch(stderr, /geheim/);
    });

    test('of two files says in each log line which pipeline it is', async () => {
      const other = `${server.name}-other.yaml`;
      writeFileSync(
        join(folder, other),
        readFileSync(join(folder, name), 'utf8').replaceAll(`${server.name}.`, `${server.name}-other.`),
      );
      const done = (): boolean => mirrored(`${server.name}-other.db`, 'app.users').length === 2;
      const { code, stderr } = await run([name, other], done);
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`\\[${server.name}\\] `));
      assert.match(stderr, new RegExp(`\\[${server.name}-other\\] `));
    });

    test('warns of what will hurt one day while the pipeline runs: a table without a key, named with what to do', async () => {
      await connection.query(`CREATE TABLE IF NOT EXISTS ${database}.nameless (a INT)`);
      const nameless = `${server.name}-nameless.yaml`;
      const source = { type: 'mysql', hostname: host, port, username: user, password, tables: `${database}.nameless` };
      writeFileSync(join(folder, nameless), JSON.stringify({ source, sink: { type: 'blackhole' } }));
      const { code, stderr } = await run([nameless], (said) => said.includes('MYSQL_NO_PRIMARY_KEY'));
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`warn .*${database}\\.nameless.*MYSQL_NO_PRIMARY_KEY`));
    });
  });
}
