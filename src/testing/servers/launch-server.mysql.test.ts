import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { type LaunchedServer, launchServer } from './launch-server.ts';
import { identify, isRunning } from './process-identity.ts';
import { sweep } from './server-ledger.ts';
import { testServers } from './test-servers.ts';

const query = async (
  server: { host: string; port: number; user: string; password: string },
  ...statements: string[]
) => {
  const { host, port, user, password } = server;
  const connection = await mysql.createConnection({ host, port, user, password });
  try {
    let rows: unknown[] = [];
    for (const statement of statements) [rows] = (await connection.query(statement)) as unknown as [unknown[]];
    return rows as Record<string, unknown>[];
  } finally {
    await connection.end();
  }
};

for (const server of testServers()) {
  test(`${server.name} logs whole rows with their metadata`, async () => {
    const [row] = await query(
      server,
      'SELECT @@log_bin AS log_bin, @@binlog_format AS format, @@binlog_row_image AS image, @@binlog_row_metadata AS metadata, VERSION() AS version',
    );
    assert.deepEqual(
      { ...row, version: '' },
      { log_bin: 1, format: 'ROW', image: 'FULL', metadata: 'FULL', version: '' },
    );
    assert.ok(server.name.endsWith('9.7') || String(row!['version']).includes(server.name.split('-')[1]!));
  });

  test(`a private ${server.name} keeps what was committed over a crash, on the same port`, async () => {
    let folder: string;
    {
      await using own = await launchServer({ flavor: server.flavor, version: server.name.split('-')[1]! });
      folder = own.dataDir;
      await query(
        own,
        'CREATE DATABASE kept',
        'CREATE TABLE kept.t (id INT PRIMARY KEY)',
        'INSERT INTO kept.t VALUES (7)',
      );
      const { port } = own;
      await own.kill();
      await assert.rejects(query(own, 'SELECT 1'));
      await own.start();
      assert.equal(own.port, port);
      assert.deepEqual(await query(own, 'SELECT id FROM kept.t'), [{ id: 7 }]);
      assert.ok(readdirSync(own.binlogFolder).includes('binlog.000002'));
      await own.restart(['--server-id=77']);
      assert.deepEqual(await query(own, 'SELECT @@server_id AS id'), [{ id: 77 }]);
    }
    assert.ok(!existsSync(folder));
  });
}

test('two launches are two servers, each with a uuid of its own', async () => {
  const launched: LaunchedServer[] = await Promise.all([0, 1].map(async () => await launchServer({ flavor: 'mysql' })));
  const uuids = await Promise.all(launched.map(async (server) => await query(server, 'SELECT @@server_uuid AS uuid')));
  for (const server of launched) await server[Symbol.asyncDispose]();
  assert.notDeepEqual(uuids[0], uuids[1]);
});

test('a server that refuses its options says why', async () => {
  await assert.rejects(launchServer({ flavor: 'mariadb', options: ['--no-such-option'] }), {
    code: 'SERVER_START_FAILED',
    message: /no-such-option/,
  });
});

const owner = `
  const { launchServer } = await import(process.argv[1]);
  const server = await launchServer({ flavor: 'mariadb' });
  process.stdout.write(JSON.stringify({ pid: server.pid, folder: server.dataDir }));
  setInterval(() => {}, 1000);`;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`a server ends with its owner on ${signal}, and its data go`, async () => {
    const url = new URL('launch-server.ts', import.meta.url).href;
    const process_ = spawn(process.execPath, ['--input-type=module', '-e', owner, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(process_.stdout, 'data')) as [Buffer];
    const { pid, folder } = JSON.parse(output.toString()) as { pid: number; folder: string };
    const server = identify(pid)!;
    after(() => isRunning(server) && process.kill(pid, 'SIGKILL'));
    process_.kill(signal);
    await once(process_, 'exit');
    // Nobody outlives SIGKILL to clean up: the next launch does.
    if (signal === 'SIGKILL') {
      assert.ok(isRunning(server));
      sweep();
    }
    for (let i = 0; i < 100 && isRunning(server); i += 1) await sleep(20);
    assert.ok(!isRunning(server));
    assert.ok(!existsSync(folder));
  });
}
