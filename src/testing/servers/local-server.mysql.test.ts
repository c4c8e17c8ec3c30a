import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import mysql from 'mysql2/promise';
import { findLocalMysqld } from './local-server.ts';
import { catalogueEntry, debianProgram } from './server-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-path-'));
const path = process.env['PATH'];
after(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

/** Puts a program called mysqld in front of the PATH. */
const install = (script: string): void => {
  writeFileSync(join(folder, 'mysqld'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'mysqld'), 0o755);
  process.env['PATH'] = [folder, path].join(delimiter);
};

test('a mysqld on the PATH serves on private data', async () => {
  const { daemon, options } = await debianProgram(catalogueEntry('mysql'));
  install(`exec ${daemon.join(' ')} "$@" ${options.join(' ')}`);
  await using server = await findLocalMysqld({ withinMs: 60_000 });
  assert.ok(server !== null);
  const { host, port, user } = server;
  const connection = await mysql.createConnection({ host, port, user });
  const [rows] = await connection.query('SELECT @@log_bin AS log_bin, @@binlog_format AS format');
  await connection.end();
  assert.deepEqual(rows, [{ log_bin: 1, format: 'ROW' }]);
});

test('a mysqld that does not serve in time, refuses, or is none at all, is not used', async () => {
  const { daemon } = await debianProgram(catalogueEntry('mysql'));
  const version = `case "$*" in *--version*) exec ${daemon.join(' ')} --no-defaults --version;; esac`;
  install(`${version}; exec sleep 8`);
  const started = performance.now();
  assert.equal(await findLocalMysqld({ withinMs: 500 }), null);
  assert.ok(performance.now() - started < 7_000);
  install(`${version}; echo 'apparmor says no' >&2; exit 1`);
  assert.equal(await findLocalMysqld({ withinMs: 10_000 }), null);
  install('echo nonsense');
  assert.equal(await findLocalMysqld({ withinMs: 10_000 }), null);
});
