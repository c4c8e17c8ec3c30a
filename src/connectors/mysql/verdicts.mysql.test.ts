import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Batch } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import { type ErrorCode, isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { afterRows, MysqlRig, readRows, readUntil } from '../../testing/mysql-rig.ts';
import { type LaunchedServer, launchServer } from '../../testing/servers/launch-server.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { checkMysql } from './check.ts';
import { mysqlConfig } from './config.ts';
import type { MysqlSource } from './source.ts';

const says =
  (code: ErrorCode) =>
  (error: unknown): boolean => {
    assert.ok(isMillraceError(error, code), `${code} was due, not ${String(error)}`);
    return true;
  };

const checked = async (settings: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const problems = await checkMysql(mysqlConfig.parse(settings), { pipeline: 'test', log: silent, clock: systemClock });
  return problems.map(({ code, severity, remedy }) => `${severity} ${code}: ${remedy}`);
};

const fromHere = async (rig: MysqlRig): Promise<Record<string, unknown>> => ({
  'scan.startup.mode': 'specific-offset',
  'scan.startup.specific-offset.gtid-set': await rig.executed(),
});

for (const server of testServers()) {
  const mysql = server.flavor === 'mysql';
  const { host: hostname, port } = server;

  describe(`${server.name}: who may read`, () => {
    test('a wrong password is told as such, without retrying', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run(`CREATE USER ${rig.database} IDENTIFIED BY 'right'`);
      const wrong = { username: rig.database, password: 'wrong' };
      await assert.rejects(readRows(rig.source(wrong), 1), (error) => {
        assert.ok(isMillraceError(error, 'MYSQL_ACCESS_DENIED') && !error.retryable);
        assert.ok(!JSON.stringify(error.details).includes('wrong'));
        return true;
      });
      await rig.run(`DROP USER ${rig.database}`);
    });

    test('each missing grant is named with the statement that gives it', async () => {
      await using rig = await MysqlRig.open(server);
      const user = rig.database;
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', `CREATE USER ${user} IDENTIFIED BY 'p'`);
      const settings = { hostname, port, username: user, password: 'p', tables: `${rig.database}.t` };
      const account = `'${user}'@'%'`;
      assert.deepEqual(await checked(settings), [
        `error MYSQL_MISSING_GRANT: GRANT REPLICATION CLIENT ON *.* TO ${account};`,
        `error MYSQL_MISSING_GRANT: GRANT REPLICATION SLAVE ON *.* TO ${account};`,
        `error MYSQL_MISSING_GRANT: GRANT SELECT ON \`${rig.database}\`.\`t\` TO ${account};`,
      ]);
      await rig.run(
        `GRANT REPLICATION CLIENT ON *.* TO ${account}`,
        `GRANT SELECT ON \`${rig.database}\`.\`t\` TO ${account}`,
      );
      await assert.rejects(readRows(rig.source(settings), 1), says('MYSQL_MISSING_GRANT'));
      await rig.run(`GRANT REPLICATION SLAVE ON *.* TO ${account}`);
      assert.deepEqual(
        (await checked(settings)).filter((line) => line.startsWith('error')),
        [],
      );
      await rig.run('INSERT INTO t VALUES (1)');
      assert.deepEqual(afterRows((await readRows(rig.source(settings), 1)).changes), [[1]]);
      await rig.run(`DROP USER ${user}`);
    });

    test('a table that a pattern means and the account may not read is no silent hole', async () => {
      await using rig = await MysqlRig.open(server);
      const { database } = rig;
      const account = `'${database}'@'%'`;
      await rig.run(
        'CREATE TABLE seen (id INT PRIMARY KEY)',
        'CREATE TABLE hidden (id INT PRIMARY KEY)',
        'INSERT INTO seen VALUES (1)',
        'INSERT INTO hidden VALUES (1), (2)',
        `CREATE USER ${account} IDENTIFIED BY 'p'`,
        `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${account}`,
        `GRANT SELECT ON ${database}.seen TO ${account}`,
      );
      const settings = { hostname, port, username: database, password: 'p', tables: `${database}.\\.*` };
      const hidden = async (tables: string): Promise<readonly string[]> =>
        (await checked({ ...settings, tables })).filter((line) => line.includes('HIDDEN'));
      const grant = (on: string): string =>
        `warning MYSQL_TABLES_HIDDEN: GRANT SELECT ON ${on} TO ${account};  -- or name each table in \`tables\``;
      assert.deepEqual(await hidden(settings.tables), [grant(`\`${database}\`.*`)]);
      assert.deepEqual(await hidden(`${database}.seen`), []);
      assert.deepEqual(await hidden('t_\\.*.seen'), [grant('*.*')]);

      const { held } = await readUntil(rig.source(settings), (changes) =>
        changes.some((change) => change.kind === 'snapshot' && change.at === 'end'),
      );
      await rig.run('INSERT INTO hidden VALUES (3)');
      const refused = new Map(held);
      const reading = readUntil(rig.source(settings), () => false, {
        held,
        onBatch: ({ positions }) => {
          for (const [lane, at] of positions) refused.set(lane, at);
        },
      });
      await assert.rejects(reading, (error) => {
        assert.ok(isMillraceError(error, 'MYSQL_MISSING_GRANT'), String(error));
        assert.equal(error.details.on, `${database}.hidden`);
        return true;
      });
      // Whoever starts it again without the grant is told again, and with it gets the rows from before.
      await assert.rejects(
        readUntil(rig.source(settings), () => false, { held: refused }),
        says('MYSQL_MISSING_GRANT'),
      );
      await rig.run(`GRANT SELECT ON ${database}.* TO ${account}`);
      assert.deepEqual(await hidden(settings.tables), []);
      const { changes } = await readUntil(
        rig.source(settings),
        (all) => all.some((change) => change.kind === 'snapshot' && change.at === 'end'),
        { held: refused },
      );
      const read = changes.filter((change) => change.kind === 'rows' && change.op === 'read');
      assert.deepEqual(afterRows(read), [[1], [2], [3]]);
      await rig.run(`DROP USER ${account}`);
    });

    test('a server that is not there, and one that wants no TLS', async () => {
      await using rig = await MysqlRig.open(server);
      await assert.rejects(readRows(rig.source({ port: 1 }), 1), says('NET_UNREACHABLE'));
      if (mysql) await assert.rejects(readRows(rig.source({ 'ssl.mode': 'verify-identity' }), 1), says('MYSQL_TLS'));
    });

    test('I-13: a configured server id that another reader uses is refused, a free one is picked', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
      const start = await fromHere(rig);
      const stop = new AbortController();
      const first = (async () => {
        const source = rig.source({ ...start, 'server-id': '777001-777002' }, 'first');
        for await (const _ of source.read(async () => null, stop.signal));
      })();
      const registered = async (): Promise<readonly number[]> =>
        (await rig.query(mysql ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS')).map(([id]) => Number(id));
      while (!(await registered()).includes(777_001)) await systemClock.sleep(20);
      await assert.rejects(
        readRows(rig.source({ ...start, 'server-id': 777_001 }, 'second'), 1),
        says('MYSQL_SERVER_ID_IN_USE'),
      );
      await rig.run('INSERT INTO t VALUES (1)');
      await readRows(rig.source({ ...start, 'server-id': '777001-777002' }, 'second'), 1);
      await readRows(rig.source(start, 'third'), 1);
      stop.abort();
      await first;
    });

    test('I-13: one pipeline that runs twice reads twice under two ids; with a configured id the older is told', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
      const start = await fromHere(rig);
      /** Reads until row 9 comes; resolves when it has begun. */
      const begin = async (source: MysqlSource, id: number): Promise<{ readonly reading: Promise<unknown> }> => {
        const begun = new AbortController();
        const isLast = (changes: readonly Change[]): boolean => afterRows(changes).some((row) => row?.[0] === 9);
        const reading = readUntil(source, isLast, { patienceMs: 30_000, onBatch: () => begun.abort() });
        reading.catch(() => begun.abort());
        for (let next = id; !begun.signal.aborted; next += 1) {
          await rig.run(`INSERT INTO t VALUES (${next})`);
          await systemClock.sleep(50);
        }
        return { reading };
      };
      const one = await begin(rig.source(start, 'twice', 'one'), 100);
      const two = await begin(rig.source(start, 'twice', 'two'), 10_000);
      await rig.run('INSERT INTO t VALUES (9)');
      await Promise.all([one.reading, two.reading]);

      const configured = { ...(await fromHere(rig)), 'server-id': 777_010 };
      const older = await begin(rig.source(configured, 'same', 'one'), 20_000);
      const told = assert.rejects(older.reading, says('MYSQL_SERVER_ID_IN_USE'));
      const newer = await begin(rig.source(configured, 'same', 'two'), 30_000);
      await told;
      await rig.run('REPLACE INTO t VALUES (9)', 'DELETE FROM t WHERE id = 9', 'INSERT INTO t VALUES (9)');
      await newer.reading;
    });
  });

  describe(`${server.name}: servers that cannot be followed`, () => {
    const launch = (options: readonly string[] = []): Promise<LaunchedServer> =>
      launchServer({ flavor: server.flavor, version: server.name.split('-')[1]!, options });

    test('a log that is kept too short, no GTIDs, unlogged cascades, partial JSON, patterns that name nothing', async () => {
      await using own = await launch(mysql ? ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] : []);
      await using rig = await MysqlRig.open(own);
      await rig.run(
        'SET GLOBAL binlog_expire_logs_seconds = 3600',
        'CREATE TABLE p (id INT PRIMARY KEY)',
        'CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)',
      );
      const settings = { hostname, port: own.port, username: 'root', tables: `${rig.database}.\\.*` };
      const found = await checked(settings);
      const due = ['warning MYSQL_RETENTION', mysql ? 'warning MYSQL_GTID_OFF' : 'warning MYSQL_CASCADES_NOT_LOGGED'];
      for (const code of due)
        assert.ok(
          found.some((line) => line.startsWith(code)),
          `${code}: ${found.join('\n')}`,
        );
      const nothing = await checked({ ...settings, tables: `${rig.database}.nothing` });
      assert.ok(
        nothing.some((line) => line.startsWith('warning MYSQL_NO_TABLES')),
        nothing.join('\n'),
      );
      if (!mysql) return;
      await rig.run("SET GLOBAL binlog_row_value_options = 'PARTIAL_JSON'", "SET GLOBAL binlog_row_image = 'MINIMAL'");
      const partial = await checked(settings);
      assert.ok(
        partial.some((line) => line.startsWith('error MYSQL_PARTIAL_JSON')),
        partial.join('\n'),
      );
    });

    test('a replica that logs nothing of what it applies, one that stands still, and small packets', async () => {
      const option = mysql ? '--log-replica-updates=OFF' : '--log-slave-updates=OFF';
      await using own = await launch([option, '--max-allowed-packet=1M']);
      await using rig = await MysqlRig.open(own);
      await rig.run(
        'CREATE TABLE p (id INT PRIMARY KEY)',
        mysql
          ? "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1, SOURCE_USER = 'r'"
          : "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'r'",
      );
      const found = await checked({ hostname, port: own.port, username: 'root', tables: `${rig.database}.\\.*` });
      for (const code of [
        'error MYSQL_REPLICA_NOT_LOGGING',
        'warning MYSQL_REPLICA_STOPPED',
        'warning MYSQL_SMALL_PACKETS',
      ])
        assert.ok(
          found.some((line) => line.startsWith(code)),
          `${code}: ${found.join('\n')}`,
        );
    });

    test('no binlog, statements instead of rows, incomplete rows', async () => {
      await using own = await launch();
      {
        await using rig = await MysqlRig.open(own);
        await rig.run("SET GLOBAL binlog_format = 'STATEMENT'");
        await assert.rejects(readRows(rig.source(), 1), says('MYSQL_BINLOG_FORMAT'));
        await rig.run("SET GLOBAL binlog_format = 'ROW'", "SET GLOBAL binlog_row_image = 'MINIMAL'");
        await assert.rejects(readRows(rig.source(), 1), says('MYSQL_ROW_IMAGE'));
        await rig.run(
          "SET GLOBAL binlog_row_image = 'FULL'",
          `SET GLOBAL binlog_row_metadata = '${mysql ? 'MINIMAL' : 'NO_LOG'}'`,
        );
        await rig.run('CREATE TABLE k (id INT)', 'CREATE TABLE p (id INT PRIMARY KEY)');
        const settings = { hostname, port: own.port, username: 'root', tables: `${rig.database}.\\.*` };
        const codes = (await checked(settings)).map((line) => line.split(':')[0]);
        assert.deepEqual(codes, ['warning MYSQL_ROW_METADATA', 'warning MYSQL_NO_PRIMARY_KEY']);
      }
      await own.restart(['--skip-log-bin', ...(mysql ? [] : ['--skip-slave-start'])]);
      await using rig = await MysqlRig.open(own);
      await assert.rejects(readRows(rig.source(), 1), says('MYSQL_BINLOG_OFF'));
    });

    test('a position whose definitions are lost is refused where the log names no columns', async () => {
      await using own = await launch([`--binlog-row-metadata=${mysql ? 'MINIMAL' : 'NO_LOG'}`]);
      await using rig = await MysqlRig.open(own);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)', 'INSERT INTO t VALUES (1, 10, 11)');
      const first = await readRows(rig.source(), 1);
      const lane = [...first.held.keys()].find((name) => name.endsWith('/schema'))!;
      const held = new Map(first.held);
      assert.ok(held.delete(lane));
      // The rows of `a` stand where the present definition has `c`.
      await rig.run(
        'INSERT INTO t VALUES (2, 20, 21)',
        'ALTER TABLE t CHANGE a c INT',
        'INSERT INTO t VALUES (3, 30, 31)',
      );
      assert.deepEqual(afterRows((await readRows(rig.source(), 2, { held: first.held })).changes).slice(-2), [
        [2, 20, 21],
        [3, 30, 31],
      ]);
      await assert.rejects(readRows(rig.source(), 1, { held }), says('MYSQL_DEFINITIONS_LOST'));

      // From now on the log names its columns, which does not help for what it holds already.
      await rig.run("SET GLOBAL binlog_row_metadata = 'FULL'", 'INSERT INTO t VALUES (4, 40, 41)');
      await assert.rejects(readRows(rig.source(), 1, { held }), says('MYSQL_DEFINITIONS_LOST'));
      const again = await readUntil(
        rig.source({ 'scan.lost-log': 'snapshot' }),
        (changes) => changes.some((change) => change.kind === 'snapshot' && change.at === 'end'),
        { held },
      );
      const read = again.changes.filter((change) => change.kind === 'rows' && change.op === 'read');
      assert.deepEqual(
        afterRows(read).map((row) => row![0]),
        [1, 2, 3, 4],
      );
      assert.deepEqual(
        read
          .flatMap((change) => (change.kind === 'rows' ? change.table.columns.map(({ name }) => name) : []))
          .slice(0, 3),
        ['id', 'c', 'b'],
      );

      // What was logged since names its columns, so a lost lane costs nothing.
      const described = new Map(again.held);
      assert.ok(described.delete(lane));
      await rig.run('INSERT INTO t VALUES (5, 50, 51)');
      const { changes } = await readRows(rig.source(), 1, { held: described });
      assert.deepEqual(afterRows(changes), [[5, 50, 51]]);
    });

    test('I-12: a purged log is told from a log that only lost what is held', async () => {
      await using own = await launch();
      await using rig = await MysqlRig.open(own);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
      const start = await fromHere(rig);
      await rig.run('INSERT INTO t VALUES (1)');
      const { held } = await readRows(rig.source(start), 1);
      // MariaDB keeps a file for a moment that a crash recovery might need.
      const purge = async (): Promise<void> => {
        do {
          await rig.run('FLUSH BINARY LOGS');
          await rig.run(`PURGE BINARY LOGS TO '${(await rig.logEnd()).file}'`);
          await systemClock.sleep(20);
        } while ((await rig.query('SHOW BINARY LOGS')).length > 1);
      };
      await purge();
      await rig.run('INSERT INTO t VALUES (2)');
      assert.deepEqual(afterRows((await readRows(rig.source(start), 1, { held })).changes), [[2]], 'nothing was lost');
      await purge();
      await assert.rejects(readRows(rig.source(start), 1, { held }), says('MYSQL_BINLOG_PURGED'));
      const again = rig.source({ ...start, 'scan.lost-log': 'snapshot' });
      const { changes } = await readUntil(
        again,
        (so) => so.some((change) => change.kind === 'snapshot' && change.at === 'end'),
        { held },
      );
      assert.deepEqual(afterRows(changes), [[1], [2]]);
    });

    test('I-10: a log that was started anew is never taken for the old one', async () => {
      await using own = await launch();
      await using rig = await MysqlRig.open(own);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'FLUSH BINARY LOGS');
      const start = await fromHere(rig);
      await rig.run('INSERT INTO t VALUES (1)');
      const { held } = await readRows(rig.source(start), 1);
      await rig.run(mysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER');
      await assert.rejects(readRows(rig.source(start), 1, { held }), says('MYSQL_SERVER_RESET'));
      await rig.run('INSERT INTO t VALUES (2)');
      await assert.rejects(readRows(rig.source(start), 1, { held }), says('MYSQL_SERVER_RESET'));
    });

    test('I-10: another server with all held transactions takes over, one that lacks some does not', async () => {
      await using old = await launch(['--server-id=11']);
      await using next = await launch(['--server-id=12', ...(mysql ? [] : ['--log-slave-updates'])]);
      await using rig = await MysqlRig.open(old);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
      const start = await fromHere(rig);
      await rig.run('INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)');
      const { held, batches: before } = await readRows(rig.source(start), 2);
      await using there = await MysqlRig.open(next, { database: 'mysql' });
      const moved = { port: next.port };
      await assert.rejects(readRows(rig.source({ ...start, ...moved }), 1, { held }), says('MYSQL_SERVER_DIVERGED'));
      const [change, go, halt, options] = mysql
        ? [
            'CHANGE REPLICATION SOURCE TO SOURCE_',
            'START REPLICA',
            'STOP REPLICA',
            ', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1',
          ]
        : ['CHANGE MASTER TO MASTER_', 'START SLAVE', 'STOP SLAVE', ', MASTER_USE_GTID = slave_pos'];
      const prefix = mysql ? 'SOURCE_' : 'MASTER_';
      await there.run(
        `${change}HOST = '127.0.0.1', ${prefix}PORT = ${old.port}, ${prefix}USER = 'root', ${prefix}PASSWORD = ''${options}`,
        go,
      );
      const caughtUp = async (): Promise<boolean> => {
        const rows = await there.query(`SELECT id FROM ${rig.database}.t`).catch(() => []);
        return rows.length === 2;
      };
      while (!(await caughtUp())) await systemClock.sleep(50);
      await there.run(halt, `INSERT INTO ${rig.database}.t VALUES (3)`);
      const { changes, batches } = await readRows(rig.source({ ...start, ...moved }), 1, { held });
      assert.deepEqual(afterRows(changes), [[3]]);
      const version = (batch: Batch | undefined): string => batch?.version ?? '';
      assert.ok(version(batches[0]) > version(before.at(-1)), 'versions go on growing on the other server');
      assert.ok(rig.said.some(({ message }) => message.includes('another server took over')));
    });

    if (mysql) {
      test('without GTIDs, files and offsets resume on the same server only', async () => {
        const off = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
        await using own = await launch(off);
        await using other = await launch(off);
        await using rig = await MysqlRig.open(own);
        await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
        const from = await rig.logEnd();
        const start = {
          'scan.startup.mode': 'specific-offset',
          'scan.startup.specific-offset.file': from.file,
          'scan.startup.specific-offset.pos': from.offset,
        };
        await rig.run('INSERT INTO t VALUES (1)');
        const { held } = await readRows(rig.source(start), 1);
        await rig.run('INSERT INTO t VALUES (2)');
        assert.deepEqual(afterRows((await readRows(rig.source(start), 1, { held })).changes), [[2]]);
        await assert.rejects(
          readRows(rig.source({ ...start, port: other.port }), 1, { held }),
          says('MYSQL_OTHER_SERVER'),
        );
        await rig.run('FLUSH BINARY LOGS');
        await rig.run(`PURGE BINARY LOGS TO '${(await rig.logEnd()).file}'`);
        await assert.rejects(readRows(rig.source(start), 1, { held }), says('MYSQL_BINLOG_PURGED'));
      });

      test('I-12: while GTIDs are only permitted, files and offsets are used', async () => {
        await using own = await launch(['--gtid-mode=ON_PERMISSIVE']);
        await using rig = await MysqlRig.open(own);
        await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
        const from = await rig.logEnd();
        const start = {
          'scan.startup.mode': 'specific-offset',
          'scan.startup.specific-offset.file': from.file,
          'scan.startup.specific-offset.pos': from.offset,
        };
        await rig.run('INSERT INTO t VALUES (1)');
        const { held } = await readRows(rig.source(start), 1);
        await rig.run('INSERT INTO t VALUES (2)');
        assert.deepEqual(afterRows((await readRows(rig.source(start), 1, { held })).changes), [[2]]);
      });

      test('a reset log that has grown past the held GTIDs is still recognised', async () => {
        await using own = await launch();
        await using rig = await MysqlRig.open(own);
        await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
        const start = await fromHere(rig);
        await rig.run('INSERT INTO t VALUES (1)');
        const { held } = await readRows(rig.source(start), 1);
        await systemClock.sleep(1_100);
        await rig.run(
          'RESET BINARY LOGS AND GTIDS',
          ...Array.from({ length: 12 }, (_, i) => `INSERT INTO t VALUES (${i + 10})`),
        );
        await assert.rejects(readRows(rig.source(start), 1, { held }), says('MYSQL_SERVER_RESET'));
      });
    }

    test('the stream ends with a retryable error when the server dies, and goes on when it is back', async () => {
      await using own = await launch();
      await using rig = await MysqlRig.open(own);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
      const start = await fromHere(rig);
      await rig.run('INSERT INTO t VALUES (1)');
      const { held } = await readRows(rig.source(start), 1);
      const failing = assert.rejects(
        readRows(rig.source(start), 1, { held }),
        (error) => isMillraceError(error) && error.retryable,
      );
      await systemClock.sleep(300);
      await own.kill();
      await failing;
      await own.start();
      await using back = await MysqlRig.open(own, { database: rig.database });
      await back.run('INSERT INTO t VALUES (2)');
      assert.deepEqual(afterRows((await readRows(rig.source(start), 1, { held })).changes), [[2]]);
    });
  });
}
