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
const folder = mkdtempSync(join(tmpdir(), 'millrace-transform-'));
after(() => rmSync(folder, { recursive: true }));

const mirrored = (path: string, table: string): readonly unknown[] => {
  try {
    using db = new DatabaseSync(join(folder, path), { readOnly: true });
    return db
      .prepare(`SELECT * FROM "${table}" ORDER BY id`)
      .all()
      .map((row) => ({ ...row }));
  } catch {
    // Not made yet.
    return [];
  }
};

interface Line {
  readonly op: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

for (const server of testServers()) {
  describe(`${server.name}: transform`, async () => {
    const database = `transform_${process.pid}`;
    const { host, port, user, password } = server;
    const connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${database}; USE ${database};
      CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(20) NOT NULL, total DECIMAL(10, 2), placed DATETIME NOT NULL, status VARCHAR(10));
      INSERT INTO orders VALUES (1, 'ada', 10.25, '2024-02-29 12:00:00', 'new'), (2, 'bob', 2.00, '2024-03-01 00:00:00', 'new');`);
    after(async () => {
      await connection.query(`DROP DATABASE ${database}`);
      await connection.end();
    });
    const file = join(folder, `${server.name}.yaml`);
    writeFileSync(
      file,
      `source:
  type: mysql
  hostname: ${host}
  port: ${port}
  username: ${user}
  password: "\${RUN_PASSWORD:-${password}}"
  tables: ${database}.orders
sink:
  - {type: sqlite, path: ${server.name}.db}
  - {type: file, path: ${server.name}.ndjson, decimal.handling.mode: string}
transform:
  - source-table: ${database}.orders
    projection: \\*, UPPER(customer) AS loud, total * 3 AS triple, DATE_FORMAT(placed, 'yyyy-MM') AS month_placed
    filter: total >= 5 AND status <> 'hidden'
`,
    );

    test('keeps a mirror and a change log of what the projection computes and the filter takes', async () => {
      const child = spawn(process.execPath, [main, 'run', file], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      let errors = '';
      child.stderr.on('data', (chunk) => {
        errors += chunk;
      });
      const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
      const until = async (holds: () => boolean): Promise<void> => {
        for (let i = 0; i < 400 && !holds() && child.exitCode === null; i += 1) await sleep(25);
      };
      const mirror = () => mirrored(`${server.name}.db`, `${database}.orders`) as readonly Record<string, unknown>[];
      await until(() => mirror().length === 1);
      // Out of the filter, into it, computed anew, a column more, and gone.
      await connection.query(`USE ${database};
        UPDATE orders SET total = 1 WHERE id = 1; UPDATE orders SET total = 7.5 WHERE id = 2;
        INSERT INTO orders VALUES (3, 'cy', 100, '2024-05-05 05:05:05', 'new'), (4, 'di', 100, '2024-05-05 05:05:05', 'hidden');
        ALTER TABLE orders ADD COLUMN note VARCHAR(10);
        UPDATE orders SET customer = 'cyd', note = 'x' WHERE id = 3; INSERT INTO orders VALUES (5, 'e', 5, '2020-01-01', 'new', NULL);
        DELETE FROM orders WHERE id = 5; UPDATE orders SET total = 8 WHERE id = 2;`);
      await until(() => mirror().some(({ id, total }) => id === 2 && Number(total) === 8));
      child.kill('SIGTERM');
      assert.equal(await closed, 0, errors);
      assert.deepEqual(
        mirror().map(({ id, customer, total, status, note, loud, triple, month_placed }) => [
          id,
          customer,
          total,
          status,
          note,
          loud,
          triple,
          month_placed,
        ]),
        [
          [2, 'bob', '8.00', 'new', null, 'BOB', '24.00', '2024-03'],
          [3, 'cyd', '100.00', 'new', 'x', 'CYD', '300.00', '2024-05'],
        ],
        errors,
      );
      const lines = readFileSync(join(folder, `${server.name}.ndjson`), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Line)
        .filter(({ op }) => op !== undefined);
      assert.deepEqual(
        lines.map(({ op, before, after: row }) => `${op} ${row?.['id'] ?? before?.['id']} ${row?.['triple'] ?? '-'}`),
        ['r 1 30.75', 'd 1 -', 'c 2 22.50', 'c 3 300.00', 'u 3 300.00', 'c 5 15.00', 'd 5 -', 'u 2 24.00'],
      );
    });
  });
}
