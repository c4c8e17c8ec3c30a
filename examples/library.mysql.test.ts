/** The programs of this folder run as they stand, one after the other as a reader would try them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { launchServer } from '../src/testing/servers/launch-server.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'millrace-library-'));
const server = await launchServer({ flavor: 'mysql' });
const connection = await mysql.createConnection({
  host: server.host,
  port: server.port,
  user: server.user,
  multipleStatements: true,
});
await connection.query(`
  CREATE DATABASE shop; USE shop;
  CREATE TABLE orders (id INT PRIMARY KEY, total DECIMAL(10,2) NOT NULL);
  CREATE TABLE order_items (order_id INT, line INT, PRIMARY KEY (order_id, line));
  INSERT INTO orders VALUES (1, 9.50), (2, 0.05); INSERT INTO order_items VALUES (1, 1)`);
after(async () => {
  connection.destroy();
  await server[Symbol.asyncDispose]();
  rmSync(data, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program until it ends, or until its output has `wanted`: then it is told to stop. */
const runProgram = async (
  name: string,
  wanted: RegExp | null,
  meanwhile = async (): Promise<void> => {},
): Promise<Ended> => {
  const args = ['--import', './scripts/use-sources.mjs', join(folder, name)];
  const env = { ...process.env, MYSQL_PORT: String(server.port), MIRROR: join(data, 'shop.db') };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  try {
    let acted = false;
    for (let i = 0; wanted !== null && i < 600 && child.exitCode === null && !wanted.test(output); i += 1) {
      if (!acted && output !== '') await meanwhile();
      acted ||= output !== '';
      await sleep(100);
    }
    if (wanted !== null) child.kill('SIGTERM');
    const [status] = await Promise.race([ended, sleep(60_000, [null] as [null], { ref: false })]);
    return { status, output };
  } finally {
    child.kill('SIGKILL');
  }
};

const programs: Readonly<Record<string, () => Promise<void>>> = {
  'read-changes.ts': async () => {
    const insert = async (): Promise<void> => void (await connection.query('INSERT INTO orders VALUES (3, 7.00)'));
    const { status, output } = await runProgram('read-changes.ts', /create shop.orders id,total 3,7.00/, insert);
    assert.equal(status, 0, output);
    assert.match(output, /^read shop.orders id,total 1,9.50$/m);
    assert.match(output, /^create shop.orders id,total 3,7.00$/m);
  },
  'mirror.ts': async () => {
    const { status, output } = await runProgram('mirror.ts', /running lag \d+ ms [4-9] rows durable/);
    assert.equal(status, 0, output);
    assert.match(output, /^stopped$/m);
  },
  'compare.ts': async () => {
    const equal = await runProgram('compare.ts', null);
    assert.equal(equal.status, 0, equal.output);
    assert.deepEqual(equal.output.trim().split('\n').sort(), [
      'shop.order_items equal 1 rows',
      'shop.orders equal 3 rows',
    ]);
  },
};

for (const [name, run] of Object.entries(programs)) test(`the program ${name} runs as it stands`, run);

test('every program has its test, here or in a file of its own, or is one step of a pipeline file', () => {
  const steps = globSync('*.yaml', { cwd: folder }).flatMap((file) =>
    Array.from(readFileSync(join(folder, file), 'utf8').matchAll(/module: \.\/(\S+)/g), (match) => match[1]!),
  );
  const files = globSync('*.ts', { cwd: folder });
  const untested = files.filter(
    (file) => !file.endsWith('.test.ts') && !steps.includes(file) && programs[file] === undefined,
  );
  assert.deepEqual(
    untested.filter((file) => !files.some((test) => test.startsWith(`${file.slice(0, -3)}.`) && test !== file)),
    [],
  );
});
