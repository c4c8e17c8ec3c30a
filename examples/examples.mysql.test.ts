import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { checksumTables } from '../src/demo/checksum-tables.ts';
import { checksumMirror } from '../src/demo/mirror-checksum.ts';
import { launchServer } from '../src/testing/servers/launch-server.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

const server = await launchServer({ flavor: 'mysql' });
const connection = await mysql.createConnection({
  host: server.host,
  port: server.port,
  user: server.user,
  multipleStatements: true,
});
await connection.query(`
  CREATE DATABASE shop; USE shop;
  CREATE TABLE orders (id INT PRIMARY KEY, total DECIMAL(10,2) NOT NULL, note VARCHAR(30));
  CREATE TABLE order_items (order_id INT, line INT, sku VARCHAR(20), PRIMARY KEY (order_id, line));
  CREATE TABLE visits (page VARCHAR(20));
  INSERT INTO orders VALUES (1, 9.50, 'before'), (2, 0.05, NULL)`);
after(async () => {
  connection.destroy();
  await server[Symbol.asyncDispose]();
});

/** Runs an example as a user does, changes the shop meanwhile with rows from `marker` on, and stops it once `done` says so. */
const runExample = async (
  name: string,
  marker: number,
  done: (files: { readonly mirror: string; readonly changeLog: string }) => boolean | Promise<boolean>,
): Promise<void> => {
  const data = mkdtempSync(join(tmpdir(), 'millrace-example-'));
  const files = { mirror: join(data, 'shop.db'), changeLog: join(data, 'changes.ndjson') };
  const child = spawn(process.execPath, [main, 'run', join(folder, name)], {
    env: {
      ...process.env,
      MYSQL_PORT: String(server.port),
      MIRROR: files.mirror,
      CHANGE_LOG: files.changeLog,
      TARGET_PORT: String(server.port),
      TARGET_DATABASE: 'shop_copy',
      MILLRACE_STATE: join(data, 'state'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  try {
    for (let i = 0; i < 100 && !/pipeline reads/.test(errors) && child.exitCode === null; i += 1) await sleep(50);
    // `latest-offset` begins where the log ends once the source has looked: go on until it has.
    let finished = false;
    for (let i = 0; i < 300 && !finished && child.exitCode === null; i += 1) {
      await connection.query(`
        INSERT INTO orders VALUES (${marker + i}, ${i}.25, 'while it runs');
        INSERT INTO order_items VALUES (${marker + i}, 1, 'SKU-${i}'); DELETE FROM orders WHERE id = ${marker + i - 2}`);
      await sleep(100);
      finished = await done(files);
    }
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [status] = (await ended) as [number | null];
    assert.equal(status, 0, errors);
    assert.ok(finished || (await done(files)), `${name} did not bring the changes:\n${errors}`);
  } finally {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true });
  }
};

const mirrorEquals = async (mirror: string, tables: readonly string[]): Promise<boolean> => {
  try {
    for (const table of await checksumTables(connection, 'shop')) {
      if (!tables.includes(table.name)) continue;
      const held = checksumMirror(mirror, table);
      if (held?.checksum !== table.checksum || held.rows !== table.rows) return false;
    }
    return true;
  } catch {
    // The mirror is not made yet.
    return false;
  }
};

const linesOf = (path: string): readonly { op: string; after: { id?: number } | null; source: { table: string } }[] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  } catch {
    // Not made yet.
    return [];
  }
};

const rowsOf = (path: string, query: string): readonly Readonly<Record<string, unknown>>[] => {
  try {
    using db = new DatabaseSync(path, { readOnly: true });
    return db.prepare(query).all();
  } catch {
    // Not made yet.
    return [];
  }
};

const examples: Readonly<Record<string, () => Promise<void>>> = {
  'mirror.yaml': async () =>
    await runExample(
      'mirror.yaml',
      1_000,
      async ({ mirror }) => await mirrorEquals(mirror, ['orders', 'order_items', 'visits']),
    ),
  'process-rows.yaml': async () =>
    await runExample('process-rows.yaml', 4_000, ({ mirror }) => {
      try {
        using db = new DatabaseSync(mirror, { readOnly: true });
        const rows = db.prepare('SELECT id, total, country, cents FROM "shop.orders" WHERE id IN (1, 2, 4005)').all();
        assert.ok(rows.every(({ total, cents }) => Math.round(Number(total) * 100) === cents));
        assert.ok(rows.every(({ id, country }) => country === (Number(id) % 2 === 0 ? 'AT' : 'DE')));
        return rows.length >= 2;
      } catch (error) {
        // Not made yet.
        if (error instanceof assert.AssertionError) throw error;
        return false;
      }
    }),
  'change-log.yaml': async () =>
    await runExample('change-log.yaml', 2_000, ({ changeLog }) => {
      const lines = linesOf(changeLog);
      assert.ok(lines.every(({ source, after }) => source.table !== 'visits' && after?.id !== 1));
      return ['c', 'd'].every((op) => lines.some((line) => line.op === op && line.source.table === 'orders'));
    }),
  'mysql-to-mysql.yaml': async () =>
    await runExample('mysql-to-mysql.yaml', 5_000, async () => {
      const [wanted, held] = await Promise.all(
        ['shop', 'shop_copy'].map(async (database) => await checksumTables(connection, database)),
      );
      const sums = (tables: typeof wanted) => tables?.map(({ name, rows, checksum }) => `${name} ${rows} ${checksum}`);
      return JSON.stringify(sums(held)) === JSON.stringify(sums(wanted));
    }),
  'mirror-and-change-log.yaml': async () =>
    await runExample('mirror-and-change-log.yaml', 3_000, async ({ mirror, changeLog }) => {
      const first = linesOf(changeLog).find(({ after }) => after?.id === 1);
      return first?.op === 'c' && (await mirrorEquals(mirror, ['orders', 'order_items']));
    }),
  'stream-sql.yaml': async () =>
    await runExample('stream-sql.yaml', 7_000, ({ mirror }) => {
      const rows = rowsOf(mirror, 'SELECT id, total, items FROM order_sizes');
      const first = rows.find(({ id }) => id === 1);
      return first?.['items'] === 0 && rows.some(({ id, items }) => Number(id) >= 7_000 && items === 1);
    }),
  'transform.yaml': async () =>
    await runExample('transform.yaml', 6_000, ({ mirror }) => {
      const rows = rowsOf(mirror, 'SELECT id, total, gross, note_upper, is_great FROM "shop.orders" ORDER BY id');
      const first = rows.find(({ id }) => id === 1);
      assert.ok(
        rows.every(({ id }) => id !== 2),
        'the row without a note is there',
      );
      return (
        first?.['gross'] === '11.3050' && first['note_upper'] === 'BEFORE' && rows.some(({ id }) => Number(id) >= 6_000)
      );
    }),
};

for (const [name, run] of Object.entries(examples)) {
  test(`the example ${name} runs as it stands and brings the changes`, run);
}

/** In kafka.mysql.kafka.test.ts and redis.mysql.redis.test.ts, since they need more servers, and in functions.test.ts, which needs none. */
const elsewhere = ['mysql-to-kafka.yaml', 'mysql-to-redis.yaml', 'own-functions.yaml', 'redis-to-mysql.yaml'];

test('every example has its test', () => {
  assert.deepEqual(globSync('*.yaml', { cwd: folder }).sort(), [...Object.keys(examples), ...elsewhere].sort());
});
