import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const [server] = testServers();

/** Starts `millrace sql`; `lines` resolves when that many lines have come. */
const start = (args: readonly string[]) => {
  const child = spawn(process.execPath, [main, 'sql', ...args], { timeout: 60_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const arrived = (): string[] => stdout.split('\n').slice(0, -1);
  return {
    child,
    ended,
    said: () => stderr,
    lines: async (count: number): Promise<string[]> => {
      while (arrived().length < count) {
        assert.equal(child.exitCode, null, stderr);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return arrived();
    },
    all: arrived,
  };
};

test('a query gives its result once the tables are read, and then each change of it', {
  skip: server === undefined,
  timeout: 90_000,
}, async () => {
  const { host, port, user, password } = server!;
  const database = `cli_sql_${process.pid}`;
  const connection = await createConnection({ host, port, user, password, multipleStatements: true });
  const url = `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  try {
    await connection.query(`CREATE DATABASE ${database}; USE ${database};
      CREATE TABLE orders (id BIGINT PRIMARY KEY, status VARCHAR(20), total DECIMAL(10,2), note TEXT);
      CREATE TABLE visits (page VARCHAR(20), n INT);
      INSERT INTO orders VALUES (1, 'new', 1.50, NULL), (2, 'paid', 2.25, 'a'), (3, 'paid', 3.00, 'b'), (4, 'lost', 9, 'c');
      INSERT INTO visits VALUES ('a', 1), ('a', 1), ('b', 2)`);
    const query =
      "SELECT status, COUNT(*) AS n, SUM(total) AS total FROM orders WHERE status <> 'lost' GROUP BY status";

    const once = start([
      '--source',
      url,
      '--bounded',
      '-e',
      `${query} ORDER BY status DESC; SELECT page, n FROM visits`,
    ]);
    assert.equal(await once.ended, 0, once.said());
    assert.deepEqual(once.all(), [
      'status  n  total',
      'paid    2   5.25',
      'new     1   1.50',
      '(2 rows)',
      'page  n',
      'a     1',
      'a     1',
      'b     2',
      '(3 rows)',
    ]);

    const live = start(['--source', url, '-e', query]);
    assert.deepEqual((await live.lines(2)).sort(), ['+I[new, 1, 1.50]', '+I[paid, 2, 5.25]']);
    await connection.query(`START TRANSACTION;
      UPDATE orders SET status = 'paid' WHERE id = 1;
      INSERT INTO orders VALUES (5, 'back', 4, NULL);
      COMMIT;
      UPDATE orders SET note = 'nothing that is asked for' WHERE id = 2`);
    assert.deepEqual((await live.lines(6)).slice(2).sort(), [
      '+I[back, 1, 4.00]',
      '+U[paid, 3, 6.75]',
      '-D[new, 1, 1.50]',
      '-U[paid, 2, 5.25]',
    ]);
    await connection.query('ALTER TABLE orders ADD COLUMN more INT');
    assert.equal(await live.ended, 1);
    assert.match(live.said(), /PIPELINE_SCHEMA_CHANGE_REFUSED/);

    const stopped = start(['--source', url, '-o', 'jsonl', '-e', 'SELECT id, total FROM orders WHERE id = 1']);
    assert.deepEqual(await stopped.lines(1), ['{"op":"+I","row":{"id":1,"total":"1.50"}}']);
    stopped.child.kill('SIGINT');
    assert.equal(await stopped.ended, 0, stopped.said());

    const wrong = start(['--source', url, '-e', 'SELECT id\nFROM ordrs']);
    assert.equal(await wrong.ended, 1);
    assert.match(
      wrong.said(),
      /-e:2:6 {2}error {2}SQL_UNKNOWN_NAME .*did you mean orders\?\n {2}2 \| FROM ordrs\n {4}\| {6}\^{5}\n/,
    );
  } finally {
    await connection.query(`DROP DATABASE ${database}`);
    await connection.end();
  }
});
