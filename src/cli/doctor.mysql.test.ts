/** Commands that look at servers, on real ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-doctor-'));
after(() => rmSync(folder, { recursive: true }));

const millrace = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
    timeout: 30_000,
    env: { PATH: process.env['PATH'], HOME: folder },
  });
  return { status, stdout, stderr };
};

for (const server of testServers()) {
  describe(`${server.name}`, () => {
    const url = `mysql://${server.user}:${server.password}@${server.host}:${server.port}/`;
    const shop = async (): Promise<MysqlRig> => {
      const rig = await MysqlRig.open(server);
      await rig.run(
        'CREATE TABLE orders (id INT PRIMARY KEY, status VARCHAR(9))',
        'CREATE TABLE loose (n INT)',
        "INSERT INTO orders VALUES (1, 'new'), (2, 'paid')",
      );
      return rig;
    };
    const file = (rig: MysqlRig, more = ''): string => {
      const { host, port, user, password } = server;
      const name = `${rig.database}.yaml`;
      const source = { type: 'mysql', hostname: host, port, username: user, password, tables: `${rig.database}.\\.*` };
      writeFileSync(
        join(folder, name),
        `source: ${JSON.stringify(source)}\nsink: {type: sqlite, path: ${rig.database}.db}\n${more}`,
      );
      return name;
    };

    test('doctor says what is as it should be, and what is not with the SQL that repairs it', async () => {
      await using rig = await shop();
      const { status, stdout } = millrace('doctor', file(rig));
      assert.equal(status, 0, stdout);
      for (const good of [
        'log_bin is ON',
        'binlog_format is ROW',
        'binlog_row_image is FULL',
        'has REPLICATION SLAVE',
        'tables captured: 2',
        'it follows no other server',
        'TIMESTAMP is read in UTC',
      ])
        assert.ok(stdout.includes(good), `${good}:\n${stdout}`);
      assert.match(
        stdout,
        new RegExp(
          `! without a primary key: ${rig.database}\\.loose.*\\n {6}ALTER TABLE \`${rig.database}\`\\.\`loose\` ADD`,
        ),
      );
      assert.equal(millrace('doctor', file(rig), '--deny-warnings').status, 4);
    });

    test('doctor looks at a server by its URL, and at what an account lacks', async () => {
      await using rig = await shop();
      await rig.run(`CREATE USER ${rig.database} IDENTIFIED BY 'p'`);
      const poor = `mysql://${rig.database}:p@${server.host}:${server.port}/`;
      const { status, stdout } = millrace('doctor', '--conn', poor, '-o', 'json');
      assert.equal(status, 4);
      const answer = JSON.parse(stdout);
      assert.deepEqual(answer.data.checked[0].problems.map(({ remedy }: { remedy: string }) => remedy).slice(0, 2), [
        `GRANT REPLICATION CLIENT ON *.* TO '${rig.database}'@'%';`,
        `GRANT REPLICATION SLAVE ON *.* TO '${rig.database}'@'%';`,
      ]);
      assert.equal(millrace('doctor', '--conn', url, '--tables', `${rig.database}.orders`).status, 0);
      await rig.run(`DROP USER ${rig.database}`);
    });

    test('conns discover lists tables with their keys, and marks what a file captures', async () => {
      await using rig = await shop();
      const { stdout, status } = millrace('conns', 'discover', url, '--tables', `${rig.database}.\\.*`, '-o', 'json');
      assert.equal(status, 0);
      const [{ tables }] = JSON.parse(stdout).data.servers;
      assert.deepEqual(
        tables.map(({ name, key, engine }: { name: string; key: string[]; engine: string }) => [name, key, engine]),
        [
          ['loose', [], 'InnoDB'],
          ['orders', ['id'], 'InnoDB'],
        ],
      );
      const marked = millrace('conns', 'discover', file(rig), '--tables', `${rig.database}.\\.*`);
      assert.match(marked.stdout, new RegExp(`\\* ${rig.database}\\.orders .*InnoDB +id\\n`));
    });

    test('types prints what a row of each table is, of a server and of what a file captures', async () => {
      await using rig = await shop();
      const { stdout, status, stderr } = millrace('types', url, '--tables', `${rig.database}.\\.*`);
      assert.equal(status, 0, stderr);
      assert.match(
        stdout,
        new RegExp(`^  readonly '${rig.database}\\.orders': \\{ readonly row: \\w+; readonly key: 'id' \\};$`, 'm'),
      );
      const captured = millrace('types', file(rig), '--tables', `${rig.database}.orders`, '-o', 'json');
      assert.deepEqual(JSON.parse(captured.stdout).data.tables, 1);
      assert.equal(millrace('types', url, '--tables', 'nowhere.\\.*').status, 2);
    });

    test('plan says which table goes where under which name', async () => {
      await using rig = await shop();
      const routes = `route: [{source-table: ${rig.database}.orders, sink-table: ods.orders}]\n`;
      const { stdout, status } = millrace('plan', file(rig, routes), '-o', 'json');
      assert.equal(status, 0);
      const [{ tables }] = JSON.parse(stdout).data.plans;
      assert.deepEqual(
        tables.map(({ source, target, columns, key }: Record<string, unknown>) => [source, target, columns, key]),
        [
          [`${rig.database}.loose`, `${rig.database}.loose`, ['n'], []],
          [`${rig.database}.orders`, 'ods.orders', ['id', 'status'], ['id']],
        ],
      );
    });

    test('plan shows the definitions that the sinks would run, and runs none', async () => {
      await using rig = await shop();
      const { host, port, user, password } = server;
      const target = `${rig.database}_t`;
      const routes = `route: [{source-table: ${rig.database}.orders, sink-table: ${target}.orders}]\n`;
      const path = file(rig, routes);
      const mysql = { type: 'mysql', hostname: host, port, username: user, password };
      const planned = () => {
        const { stdout, stderr } = millrace('plan', path, '-o', 'json');
        assert.ok(stdout, stderr);
        return JSON.parse(stdout).data.plans[0].tables.find(({ source }: { source: string }) =>
          source.endsWith('.orders'),
        );
      };
      assert.deepEqual(planned().statements, [
        `CREATE TABLE "${target}.orders" ("id" INTEGER PRIMARY KEY, "status" TEXT) STRICT`,
      ]);
      writeFileSync(
        join(folder, path),
        readFileSync(join(folder, path), 'utf8').replace(/^sink:.*$/m, () => `sink: ${JSON.stringify(mysql)}`),
      );
      const create = planned();
      assert.equal(create.exists, false);
      assert.equal(create.statements[0], `CREATE DATABASE IF NOT EXISTS \`${target}\``);
      assert.match(create.statements[1], /^CREATE TABLE IF NOT EXISTS .*`status` varchar\(9\).*PRIMARY KEY \(`id`\)/i);
      assert.equal(planned().exists, false);
      try {
        // What it shows is what the server takes.
        await rig.run(...create.statements);
        assert.deepEqual(planned().statements, []);
        await rig.run(`ALTER TABLE \`${target}\`.orders DROP COLUMN status`);
        const [alter] = planned().statements;
        assert.match(alter, /^ALTER TABLE .* ADD COLUMN `status` .* AFTER `id`$/);
        assert.equal(millrace('plan', path, '--detailed').status, 3);
        const stranger = millrace('plan', path, '--set', 'sink.password=wrong');
        assert.match(stranger.stdout, /! MYSQL_\w+ /);
        assert.match(stranger.stderr, /not known \(!\): 2/);
      } finally {
        await rig.run(`DROP DATABASE IF EXISTS \`${target}\``);
      }
    });

    test('copy brings the rows and ends, and goes on where it stands', async () => {
      await using rig = await shop();
      const args = ['copy', '--from', url, '--to', `sqlite:${rig.database}.db`, '--tables', `${rig.database}.orders`];
      const { status, stderr } = millrace(...args);
      assert.equal(status, 0, stderr);
      const rows = () => {
        using db = new DatabaseSync(join(folder, `${rig.database}.db`), { readOnly: true });
        return db
          .prepare(`SELECT status FROM "${rig.database}.orders" ORDER BY id`)
          .all()
          .map((row) => row['status']);
      };
      assert.deepEqual(rows(), ['new', 'paid']);
      assert.equal(millrace(...args).status, 0);
      assert.deepEqual(rows(), ['new', 'paid']);
    });
  });
}
