import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Connection, createConnection } from 'mysql2/promise';
import { testServers } from '../../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

const millrace = (args: readonly string[]) => {
  const run = spawnSync(process.execPath, [main, 'binlog', ...args], { encoding: 'utf8', maxBuffer: 1e9 });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
};

interface DumpedEvent {
  readonly type: string;
  readonly position: number | null;
  readonly table?: string;
  readonly inside?: boolean;
  readonly row_images?: readonly { before: object | null; after: object | null }[];
}

const events = (args: readonly string[]): DumpedEvent[] => {
  const { status, stdout, stderr } = millrace(['dump', ...args, '-o', 'jsonl']);
  assert.equal(status, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};

const connect = (server: { host: string; port: number; user: string; password: string }): Promise<Connection> => {
  const { host, port, user, password } = server;
  return createConnection({ host, port, user, password, multipleStatements: true });
};

const folder = mkdtempSync(join(tmpdir(), 'millrace-binlog-'));
after(() => rmSync(folder, { recursive: true }));

for (const server of testServers()) {
  describe(`${server.name}:`, async () => {
    const database = `cli_binlog_${process.pid}`;
    const connection = await connect(server);
    after(async () => {
      await connection.query(`DROP DATABASE IF EXISTS ${database}`);
      await connection.end();
    });
    const status = server.flavor === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
    const [[place]] = (await connection.query(status)) as unknown as [[{ File: string; Position: number }]];
    await connection.query(`CREATE DATABASE ${database}; USE ${database};
      CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY, status ENUM('new','paid'), note TEXT, raw VARBINARY(8)) CHARACTER SET utf8mb4;
      INSERT INTO orders VALUES (18446744073709551615, 'new', 'it''s\\nhére', 0x00ff), (2, NULL, NULL, NULL);
      UPDATE orders SET status = 'paid' WHERE id = 2;
      DELETE FROM orders WHERE id = 2;`);
    const [[directory]] = (await connection.query('SELECT @@log_bin_basename AS base')) as unknown as [
      [{ base: string }],
    ];
    const path = join(directory.base, '..', place.File);
    const auth = `${server.user}${server.password === '' ? '' : `:${server.password}`}`;
    const url = `mysql://${auth}@${server.host}:${server.port}/?file=${place.File}&pos=${place.Position}`;
    const ownRows = ['--table', `${database}.orders`];

    test('a live dump shows rows under their column names, exactly', () => {
      const rows = events([url, ...ownRows]).filter((event) => event.row_images);
      assert.deepEqual(
        rows.map((event) => event.row_images),
        [
          [
            { before: null, after: { id: '18446744073709551615', status: 'new', note: "it's\nhére", raw: '0x00ff' } },
            { before: null, after: { id: 2, status: null, note: null, raw: null } },
          ],
          [
            {
              before: { id: 2, status: null, note: null, raw: null },
              after: { id: 2, status: 'paid', note: null, raw: null },
            },
          ],
          [{ before: { id: 2, status: 'paid', note: null, raw: null }, after: null }],
        ],
      );
    });

    test('the file and the live dump agree, event by event', () => {
      const end = events([url]).at(-1)!.position!;
      const own = (list: readonly DumpedEvent[]): DumpedEvent[] =>
        list.filter(
          ({ position, type }) =>
            position !== null && position >= place.Position && position <= end && type !== 'FORMAT_DESCRIPTION',
        );
      const live = own(events([url]));
      assert(live.length > 8);
      assert.deepEqual(own(events([path, '--from', String(place.Position)])), live);
    });

    test('human output has a line for each event and statements for its rows', () => {
      const { stdout } = millrace(['dump', url, ...ownRows, '--event', 'WRITE_ROWS']);
      assert.match(
        stdout,
        new RegExp(`^# ${place.File} at \\d+ .*WRITE_ROWS.* table=${database}\\.orders .*rows=2\\n`),
      );
      assert.match(
        stdout,
        new RegExp(
          `### INSERT INTO \`${database}\`\\.\`orders\`\\n### SET\\n###   id=18446744073709551615\\n###   status='new'\\n###   note='it''s\\\\nhére'\\n###   raw=0x00ff\\n`,
        ),
      );
    });

    test('a filter, a limit and an end leave what they say', () => {
      const all = events([url]);
      assert.equal(events([url, '--limit', '3']).length, 3);
      const cut = all.find(({ type }) => type.startsWith('UPDATE_ROWS'))!.position!;
      const before = events([url, '--to', String(cut)]);
      assert(before.every(({ position }) => position === null || position < cut));
      assert(before.some(({ type }) => type.startsWith('WRITE_ROWS')));
      assert(events([url, '--event', 'table_map']).every(({ type }) => type === 'TABLE_MAP'));
    });

    test('stat counts rows by table and transactions', () => {
      const { status, stdout } = millrace(['stat', url, '-o', 'json', '--top', '1000']);
      assert.equal(status, 0);
      const { data } = JSON.parse(stdout);
      const { create, update, delete: deleted } = data.tables[`${database}.orders`];
      assert.deepEqual([create, update, deleted], [2, 1, 1]);
      assert(data.transactions >= 5);
      assert(data.largest_transactions.length > 0);
      assert.match(millrace(['stat', url]).stdout, new RegExp(`${database}\\.orders +2 +1 +1 `));
    });

    test('a wrong password is refused without showing it', () => {
      const { status, stderr } = millrace(['dump', `mysql://nobody:geheim-42@${server.host}:${server.port}/`]);
      assert.match(stderr, /MYSQL_ACCESS_DENIED/);
      assert.doesNotMatch(stderr, /geheim/);
      assert.equal(status, 1);
    });

    test('--stop-never waits at the end, shows what comes, and ends at a signal with 0', async () => {
      const child = spawn(process.execPath, [main, 'binlog', 'dump', url, ...ownRows, '--stop-never', '-o', 'jsonl']);
      let seen = '';
      child.stdout.on('data', (chunk: Buffer) => {
        seen += chunk;
        if (seen.includes('"live"')) child.kill('SIGINT');
        else if (seen.includes('DELETE_ROWS') && !asked) {
          asked = true;
          void connection.query(`INSERT INTO ${database}.orders VALUES (7, 'new', 'live', NULL)`);
        }
      });
      let asked = false;
      const code = await new Promise((resolve) => child.on('close', resolve));
      assert.match(seen, /"live"/);
      assert.equal(code, 0);
    });

    test('a torn file is read up to the tear, then answers 1 with the place', () => {
      const copy = join(folder, `${server.name}-torn.000001`);
      copyFileSync(path, copy);
      truncateSync(copy, readFileSync(path).length - 5);
      const { status, stdout, stderr } = millrace(['dump', copy]);
      assert(stdout.length > 0);
      assert.match(stderr, /CLI_BINLOG_TORN/);
      assert.equal(status, 1);
    });

    test('a damaged file is read up to the damage, then answers 1 with the place', () => {
      const copy = join(folder, `${server.name}-damaged.000001`);
      const bytes = readFileSync(path);
      const last = events([path, '--from', String(place.Position)]).find(({ type }) => type.startsWith('UPDATE_ROWS'))!;
      bytes[last.position! + 30]! ^= 0x10;
      writeFileSync(copy, bytes);
      const { status, stdout, stderr } = millrace(['dump', copy]);
      assert.match(stderr, new RegExp(`CLI_BINLOG_DAMAGED .* beyond the event at ${last.position}`));
      assert.match(stderr, /caused by: checksum/);
      const lines = millrace(['dump', copy, '-o', 'jsonl']).stdout.trimEnd().split('\n');
      assert.equal(JSON.parse(lines.at(-1)!).error.code, 'CLI_BINLOG_DAMAGED');
      assert.equal(status, 1);
      assert.match(stdout, /WRITE_ROWS/);
    });
  });
}

describe('what is no binlog', () => {
  test('is refused with its code', () => {
    const text = join(folder, 'text');
    writeFileSync(text, 'hello, this is text\n'.repeat(10));
    assert.match(millrace(['dump', text]).stderr, /BINLOG_NOT_A_BINLOG/);
    assert.match(millrace(['dump', join(folder, 'nothing')]).stderr, /CLI_INPUT_UNREADABLE .*there is no such file/);
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    const { status, stderr } = millrace(['stat', empty]);
    assert.match(stderr, /CLI_BINLOG_TORN/);
    assert.equal(status, 1);
  });
});
