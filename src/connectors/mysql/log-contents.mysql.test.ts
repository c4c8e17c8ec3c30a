import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, RowsChange } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import { afterRows, MysqlRig, plain, readRows, readUntil, rowCount } from '../../testing/mysql-rig.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { binlogCovers, decodeBinlogPosition } from './binlog-position.ts';

/** A rig with a table and the settings to read from here on. */
const open = async (server: Parameters<typeof MysqlRig.open>[0], ...statements: readonly string[]) => {
  const rig = await MysqlRig.open(server);
  await rig.run(...statements);
  const start = {
    'scan.startup.mode': 'specific-offset',
    'scan.startup.specific-offset.gtid-set': await rig.executed(),
  };
  return { rig, start };
};

/** Ends a test's statements: everything before this row has been read when it comes. */
const endMark = 'INSERT INTO ending VALUES (1)';
const isEnd = (changes: readonly Change[]): boolean =>
  changes.some((change) => change.kind === 'rows' && change.table.name === 'ending');
const withoutEnd = (changes: readonly Change[]): readonly Change[] =>
  changes.filter((change) => !(change.kind === 'rows' && change.table.name === 'ending'));
const ending = 'CREATE TABLE ending (id INT)';

for (const server of testServers()) {
  const mysql = server.flavor === 'mysql';

  describe(`${server.name}: what stands in the log`, () => {
    test('rows carry their transaction, place, time, thread and statement', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)');
      await using _ = rig;
      if (mysql) await rig.run('SET binlog_rows_query_log_events = ON');
      const before = await rig.logEnd();
      await rig.run('INSERT INTO t VALUES (1), (2)');
      const [thread] = await rig.query('SELECT CONNECTION_ID()');
      const { changes } = await readRows(rig.source(start), 2);
      const { origin } = changes.find((change): change is RowsChange => change.kind === 'rows')!;
      assert.ok(origin.kind === 'mysql');
      assert.equal(origin.flavor, server.flavor);
      assert.equal(origin.file, before.file);
      assert.ok(origin.offset > before.offset && origin.offset < (await rig.logEnd()).offset);
      assert.ok(Math.abs(origin.commitMicros / 1_000 - Date.now()) < 60_000);
      assert.equal(origin.query, 'INSERT INTO t VALUES (1), (2)');
      if (mysql || server.name === 'mariadb-11.8') assert.equal(origin.thread, Number(thread![0]));
      const executed = await rig.executed();
      if (mysql) assert.ok(MysqlGtidSet.parse(executed).contains(MysqlGtidSet.parse(String(origin.gtid))));
      else
        assert.equal(
          origin.gtid,
          executed.split(',').find((gtid) => gtid.startsWith('0-')),
        );
    });

    test('I-27: offsets are those of the events in the file, inside of transactions too', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50))', ending);
      await using _ = rig;
      const from = await rig.logEnd();
      await rig.run(
        'BEGIN',
        "INSERT INTO t VALUES (1, 'a')",
        "INSERT INTO t VALUES (2, 'b'), (3, 'c')",
        'UPDATE t SET v = id',
        'COMMIT',
      );
      await rig.run(endMark);
      const { changes } = await readUntil(rig.source(start), isEnd);
      const events = await rig.query(`SHOW BINLOG EVENTS IN '${from.file}' FROM ${from.offset}`);
      const logged = events.filter((row) => /^(Write|Update)_rows/i.test(row[2]!)).map((row) => Number(row[1]));
      assert.deepEqual(
        changes
          .filter((change) => change.kind === 'rows')
          .map(({ origin }) => origin.kind === 'mysql' && origin.offset),
        logged,
      );
    });

    test('only committed work counts: rolled back transactions and savepoints leave nothing', async () => {
      const { rig, start } = await open(
        server,
        'CREATE TABLE t (id INT PRIMARY KEY)',
        'CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM',
        ending,
      );
      await using _ = rig;
      await rig.run('BEGIN', 'INSERT INTO t VALUES (1)', 'ROLLBACK');
      await rig.run(
        'BEGIN',
        'INSERT INTO t VALUES (2)',
        'SAVEPOINT s',
        'INSERT INTO t VALUES (3)',
        'ROLLBACK TO s',
        'INSERT INTO t VALUES (4)',
        'COMMIT',
      );
      // A table without transactions keeps its row, and makes the server log the rollback itself. With GTIDs, MySQL allows no such mix.
      if (!mysql) {
        await rig.run(
          'BEGIN',
          'INSERT INTO t VALUES (5)',
          'SAVEPOINT s',
          'INSERT INTO m VALUES (6)',
          'INSERT INTO t VALUES (7)',
          'ROLLBACK TO s',
          'COMMIT',
        );
        await rig.run('BEGIN', 'INSERT INTO m VALUES (8)', 'INSERT INTO t VALUES (9)', 'ROLLBACK');
      }
      await rig.run(endMark);
      const { changes } = await readUntil(rig.source(start), isEnd);
      const rows = afterRows(withoutEnd(changes)).map((row) => Number(row![0]));
      const [t, m] = await Promise.all([rig.query('SELECT id FROM t'), rig.query('SELECT id FROM m')]);
      assert.deepEqual(
        rows.toSorted((a, b) => a - b),
        [...t, ...m].map(([id]) => Number(id)).toSorted((a, b) => a - b),
      );
    });

    test('XA transactions count when they commit, not when they are prepared, and survive a restart in between', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)', ending);
      await using _ = rig;
      await using other = await MysqlRig.open(server, { database: rig.database });
      await other.run("XA START 'a','b',7", 'INSERT INTO t VALUES (1)', "XA END 'a','b',7", "XA PREPARE 'a','b',7");
      await other.disconnect();
      await rig.run("XA START 'one'", 'INSERT INTO t VALUES (2)', "XA END 'one'", "XA COMMIT 'one' ONE PHASE");
      await using third = await MysqlRig.open(server, { database: rig.database });
      await third.run("XA START 'gone'", 'INSERT INTO t VALUES (3)', "XA END 'gone'", "XA PREPARE 'gone'");
      await third.disconnect();
      await rig.run('INSERT INTO t VALUES (4)');
      const first = await readRows(rig.source(start), 2);
      assert.deepEqual(afterRows(first.changes), [[2], [4]]);

      await rig.run("XA ROLLBACK 'gone'", 'INSERT INTO t VALUES (5)', "XA COMMIT 'a','b',7", endMark);
      const second = await readUntil(rig.source(start), isEnd, { held: first.held });
      assert.deepEqual(afterRows(withoutEnd(second.changes)), [[5], [1]]);
      const again = await readUntil(rig.source(start), isEnd);
      assert.deepEqual(afterRows(withoutEnd(again.changes)), [[2], [4], [5], [1]]);
    });

    if (!mysql) {
      test('an ALTER TABLE in two phases changes the definition when it ends, and not when it fails', async () => {
        const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, a INT)', ending);
        await using _ = rig;
        const [known] = await rig.query("SHOW VARIABLES LIKE 'binlog_alter_two_phase'");
        assert.ok(known !== undefined);
        const { file, offset } = await rig.logEnd();
        await rig.run(
          'SET SESSION binlog_alter_two_phase = ON',
          'INSERT INTO t VALUES (1, 1)',
          'ALTER TABLE t ADD COLUMN b INT DEFAULT 5, CHANGE a c INT',
          'INSERT INTO t VALUES (2, 2, 2)',
        );
        // It fails over the rows that are there, so after it has begun.
        await rig.run('UPDATE t SET c = 7');
        await assert.rejects(rig.run('ALTER TABLE t ADD UNIQUE u (c), ADD COLUMN z INT, ALGORITHM = COPY'));
        await rig.run('INSERT INTO t VALUES (3, 3, 3)', endMark);
        const events = await rig.query(`SHOW BINLOG EVENTS IN '${file}' FROM ${offset}`);
        const logged = events.map((row) => row[5]!);
        assert.ok(logged.some((line) => line.includes('START ALTER')));
        const { changes } = await readUntil(rig.source(start), isEnd);
        assert.deepEqual(plain(withoutEnd(changes)), [
          ['create', 't', null, [1, 1]],
          ['schema', 't(id,a)', 't(id,c,b)'],
          ['create', 't', null, [2, 2, 2]],
          ['update', 't', [1, 1, 5], [1, 7, 5]],
          ['update', 't', [2, 2, 2], [2, 7, 2]],
          ['create', 't', null, [3, 3, 3]],
        ]);
        assert.deepEqual(
          rig.said.filter(({ message }) => message.includes('could not be followed')),
          [],
        );
      });
    }

    test('an XA transaction larger than what may wait in memory leaves in parts when it commits, after a restart too', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))', ending);
      await using _ = rig;
      const rows = (from: number): string =>
        `INSERT INTO t VALUES ${Array.from({ length: 500 }, (_row, i) => `(${from + i}, REPEAT('x', 150))`).join(',')}`;
      const large = async (xid: string, from: number, end: string): Promise<void> => {
        await using client = await MysqlRig.open(server, { database: rig.database });
        await client.run(`XA START '${xid}'`, rows(from), rows(from + 500), `XA END '${xid}'`, end);
        await client.disconnect();
      };
      // 64 KiB wait in memory; each transaction has more than twice that.
      const settings = { ...start, 'scan.transaction.max.size': '4kb' };
      await large('p', 0, "XA PREPARE 'p'");
      await large('gone', 5_000, "XA PREPARE 'gone'");
      await large('one', 1_000, "XA COMMIT 'one' ONE PHASE");
      const first = await readRows(rig.source(settings), 1_000);
      assert.ok(first.batches.filter(({ part }) => part !== undefined).length > 10);
      await rig.run("XA ROLLBACK 'gone'", "XA COMMIT 'p'", endMark);
      const ids = (changes: readonly Change[]): number[] =>
        afterRows(withoutEnd(changes)).map((row) => {
          assert.equal(row![1], 'x'.repeat(150));
          return Number(row![0]);
        });
      const upTo = (from: number): number[] => Array.from({ length: 1_000 }, (_row, i) => from + i);
      const second = await readUntil(rig.source(settings), isEnd, { held: first.held });
      assert.deepEqual(ids(second.changes), upTo(0));
      assert.ok(second.batches.filter(({ part }) => part !== undefined).length > 10);
      const again = await readUntil(rig.source(settings), isEnd);
      assert.deepEqual(ids(again.changes), [...upTo(1_000), ...upTo(0)]);
    });

    test('an XA transaction prepared before reading began is an error at its commit', async () => {
      const { rig } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)');
      await using _ = rig;
      await using other = await MysqlRig.open(server, { database: rig.database });
      await other.run("XA START 'early'", 'INSERT INTO t VALUES (1)', "XA END 'early'", "XA PREPARE 'early'");
      await other.disconnect();
      const start = {
        'scan.startup.mode': 'specific-offset',
        'scan.startup.specific-offset.gtid-set': await rig.executed(),
      };
      await rig.run("XA COMMIT 'early'");
      await assert.rejects(readRows(rig.source(start), 1), (error) => isMillraceError(error, 'MYSQL_XA_UNKNOWN'));
    });

    test('CREATE TABLE ... SELECT gives the table, then its rows', async () => {
      const { rig, start } = await open(
        server,
        'CREATE TABLE s (id INT PRIMARY KEY, v INT)',
        'INSERT INTO s VALUES (1, 10), (2, 20)',
        ending,
      );
      await using _ = rig;
      await rig.run('CREATE TABLE c (PRIMARY KEY (id)) SELECT id, v FROM s', endMark);
      const { changes } = await readUntil(rig.source(start), isEnd);
      assert.deepEqual(plain(withoutEnd(changes)), [
        ['schema', null, 'c(id,v)'],
        ['create', 'c', null, [1, 10]],
        ['create', 'c', null, [2, 20]],
      ]);
    });

    test('TRUNCATE, DROP and RENAME of captured tables are told; those of others are not', async () => {
      const { rig, start } = await open(
        server,
        'CREATE TABLE t (id INT PRIMARY KEY)',
        'CREATE TABLE other (id INT)',
        ending,
      );
      await using _ = rig;
      await rig.run('INSERT INTO t VALUES (1)', 'TRUNCATE TABLE t', 'TRUNCATE TABLE other', 'INSERT INTO t VALUES (2)');
      await rig.run(
        'RENAME TABLE t TO t_2',
        'INSERT INTO t_2 VALUES (3)',
        'DROP TABLE t_2',
        'DROP TABLE other',
        endMark,
      );
      const tables = `${rig.database}.t, ${rig.database}.t_2, ${rig.database}.ending`;
      const { changes } = await readUntil(rig.source({ ...start, tables }), isEnd);
      assert.deepEqual(plain(withoutEnd(changes)), [
        ['create', 't', null, [1]],
        ['truncate', 't'],
        ['create', 't', null, [2]],
        ['schema', 't(id)', 't_2(id)'],
        ['create', 't_2', null, [3]],
        ['schema', 't_2(id)', null],
      ]);
    });

    test('I-7: after the swap of gh-ost and pt-online-schema-change, rows have the new shape', async () => {
      const { rig, start } = await open(
        server,
        'CREATE TABLE t (id INT PRIMARY KEY, v INT, w VARCHAR(10))',
        "INSERT INTO t VALUES (1, 1, 'a')",
        ending,
      );
      await using _ = rig;
      await rig.run("INSERT INTO t VALUES (0, 0, 'z')");
      await rig.run('CREATE TABLE _t_gho LIKE t', 'ALTER TABLE _t_gho ADD COLUMN x INT AFTER v, RENAME COLUMN w TO ww');
      await rig.run('INSERT INTO _t_gho SELECT id, v, NULL, w FROM t', 'RENAME TABLE t TO _t_del, _t_gho TO t');
      await rig.run("INSERT INTO t VALUES (2, 2, 22, 'b')", 'DROP TABLE _t_del');
      await rig.run('CREATE TABLE _t_new LIKE t', 'ALTER TABLE _t_new CHANGE id key_id BIGINT NOT NULL');
      await rig.run(
        'INSERT INTO _t_new SELECT * FROM t',
        'RENAME TABLE t TO _t_old, _t_new TO t',
        "INSERT INTO t VALUES (3, 3, 33, 'c')",
        endMark,
      );
      const tables = `${rig.database}.t, ${rig.database}.ending`;
      const { changes } = await readUntil(rig.source({ ...start, tables }), isEnd);
      assert.deepEqual(plain(withoutEnd(changes)), [
        ['create', 't', null, [0, 0, 'z']],
        ['schema', 't(id,v,w)', 't(id,v,x,ww)'],
        ['create', 't', null, [2, 2, 22, 'b']],
        ['schema', 't(id,v,x,ww)', 't(key_id,v,x,ww)'],
        ['create', 't', null, [3, 3, 33, 'c']],
      ]);
    });

    test('a table that takes the place of a captured one with other rows is read again', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
      await using _ = rig;
      await rig.run(
        'INSERT INTO t VALUES (2)',
        'CREATE TABLE fresh (id INT PRIMARY KEY)',
        'INSERT INTO fresh VALUES (7), (8)',
        'RENAME TABLE t TO t_old, fresh TO t',
      );
      const tables = `${rig.database}.t`;
      const { changes } = await readUntil(rig.source({ ...start, tables }), (so) =>
        so.some((change) => change.kind === 'snapshot' && change.at === 'end'),
      );
      assert.deepEqual(plain(changes), [
        ['create', 't', null, [2]],
        ['schema', 't(id)', 't(id)'],
        ['snapshot', 'begin', `${rig.database}.t`],
        ['read', 't', null, [7]],
        ['read', 't', null, [8]],
        ['snapshot', 'end', `${rig.database}.t`],
      ]);
    });

    test('I-6: statements that touch no captured table never stop the stream', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)', ending);
      await using _ = rig;
      const user = `u_${rig.database}`;
      await rig.run(
        `CREATE USER ${user} IDENTIFIED BY 'It''s "quoted" -- x'`,
        `GRANT SELECT ON ${rig.database}.* TO ${user}`,
        `DROP USER ${user}`,
        'CREATE VIEW v AS SELECT id AS "a -- b" FROM t',
        'ALTER DATABASE CHARACTER SET latin1',
        "CREATE PROCEDURE p() BEGIN /* ' */ SELECT 1; -- it's\n END",
        'CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW SET @x = 1',
        'FLUSH TABLES t',
        'ANALYZE TABLE t',
        'CREATE TEMPORARY TABLE tmp (id INT)',
        'DROP TEMPORARY TABLE tmp',
        'INSERT INTO t VALUES (1)',
        endMark,
      );
      const { changes } = await readUntil(rig.source(start), isEnd);
      assert.deepEqual(afterRows(withoutEnd(changes)), [[1]]);
    });

    test('LOAD DATA, REPLACE and INSERT ... ON DUPLICATE KEY UPDATE come as the rows they changed', async () => {
      const { rig, start } = await open(
        server,
        'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
        'INSERT INTO t VALUES (1, 1)',
        ending,
      );
      await using _ = rig;
      await rig.run('REPLACE INTO t VALUES (1, 2)', 'INSERT INTO t VALUES (1, 3) ON DUPLICATE KEY UPDATE v = 4');
      await rig.run('INSERT INTO t SELECT id + 1, v FROM t', 'DELETE FROM t', endMark);
      const { changes } = await readUntil(rig.source(start), isEnd);
      assert.deepEqual(plain(withoutEnd(changes)), [
        ['update', 't', [1, 1], [1, 2]],
        ['update', 't', [1, 2], [1, 4]],
        ['create', 't', null, [2, 4]],
        ['delete', 't', [1, 4], null],
        ['delete', 't', [2, 4], null],
      ]);
    });

    test('a statement in place of its rows stops the stream when it may touch a captured table, not otherwise', async () => {
      const { rig, start } = await open(
        server,
        'CREATE TABLE t (id INT PRIMARY KEY)',
        'CREATE TABLE other (id INT)',
        ending,
      );
      await using _ = rig;
      await rig.run(
        "SET SESSION binlog_format = 'STATEMENT'",
        'INSERT INTO other VALUES (1)',
        "SET SESSION binlog_format = 'ROW'",
      );
      await rig.run('INSERT INTO t VALUES (1)');
      const tables = `${rig.database}.t`;
      const { changes, held } = await readRows(rig.source({ ...start, tables }), 1);
      assert.deepEqual(afterRows(changes), [[1]]);
      await rig.run(
        "SET SESSION binlog_format = 'STATEMENT'",
        'INSERT INTO t VALUES (2)',
        "SET SESSION binlog_format = 'ROW'",
      );
      await assert.rejects(
        readRows(rig.source({ ...start, tables }), 1, { held }),
        (error) => isMillraceError(error, 'MYSQL_STATEMENT_FORMAT') && error.details.verb === 'INSERT',
      );
    });

    test('I-24: an event larger than 16 MB comes whole', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)');
      await using _ = rig;
      await rig.run("INSERT INTO t VALUES (1, REPEAT('abcdefghij', 2100000)), (2, 'after')");
      const { changes } = await readRows(rig.source({ ...start, 'scan.transaction.max.size': '100mb' }), 2);
      const [first, second] = afterRows(changes);
      assert.equal((first![1] as string).length, 21_000_000);
      assert.ok((first![1] as string).endsWith('abcdefghij'));
      assert.deepEqual(second, [2, 'after']);
    });

    test('I-28: many tables cost next to nothing when one of them is captured', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE captured (id INT PRIMARY KEY)');
      await using _ = rig;
      for (let i = 0; i < 300; i += 1)
        await rig.run(`CREATE TABLE bystander_${i} (id INT PRIMARY KEY)`, `INSERT INTO bystander_${i} VALUES (1)`);
      await rig.run('INSERT INTO captured VALUES (1)');
      const began = performance.now();
      const { changes } = await readRows(rig.source({ ...start, tables: `${rig.database}.captured` }), 1);
      assert.deepEqual(afterRows(changes), [[1]]);
      assert.ok(performance.now() - began < 15_000);
    });

    test('the position moves on while only other tables change', async () => {
      const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)', 'CREATE TABLE other (id INT)');
      await using _ = rig;
      await rig.run('INSERT INTO other VALUES (1)');
      const executed = await rig.executed();
      const source = rig.source({ ...start, tables: `${rig.database}.t`, 'heartbeat.interval': '100ms' });
      // Other tests go on writing to the server: a position may be past that place without ever having been there.
      const { batches } = await readUntil(source, (_, so) => {
        const at = decodeBinlogPosition(so.at(-1)!.positions.get('mysql/binlog')!);
        return binlogCovers(at, { ...at, gtids: executed });
      });
      assert.ok(batches.every((batch) => batch.changes.length === 0));
      assert.equal(rowCount(batches.flatMap((batch) => batch.changes)), 0);
    });

    test('without column names in the log, DDL is followed, over restarts too', async () => {
      const { rig, start } = await open(server, ending);
      await using _ = rig;
      const full = await rig.query('SELECT @@GLOBAL.binlog_row_metadata');
      await rig.run(`SET GLOBAL binlog_row_metadata = '${mysql ? 'MINIMAL' : 'NO_LOG'}'`);
      try {
        await rig.run('CREATE TABLE t (id INT PRIMARY KEY, a INT UNSIGNED)', 'INSERT INTO t VALUES (1, 4000000000)');
        await rig.run(
          'ALTER TABLE t ADD COLUMN b VARCHAR(20) FIRST, RENAME COLUMN a TO aa',
          "INSERT INTO t VALUES ('x', 2, 5)",
        );
        const first = await readRows(rig.source(start), 2);
        await rig.run('ALTER TABLE t DROP COLUMN aa', "INSERT INTO t VALUES ('y', 3)", 'DROP TABLE t', endMark);
        const second = await readUntil(rig.source(start), isEnd, { held: first.held });
        assert.deepEqual(plain([...first.changes, ...withoutEnd(second.changes)]), [
          ['schema', null, 't(id,a)'],
          ['create', 't', null, [1, 4_000_000_000]],
          ['schema', 't(id,a)', 't(b,id,aa)'],
          ['create', 't', null, ['x', 2, 5]],
          ['schema', 't(b,id,aa)', 't(b,id)'],
          ['create', 't', null, ['y', 3]],
          ['schema', 't(b,id)', null],
        ]);
      } finally {
        await rig.run(`SET GLOBAL binlog_row_metadata = '${full[0]![0]}'`);
      }
    });

    if (mysql) {
      test('I-1: compressed transactions give every row', async () => {
        const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100))', ending);
        await using _ = rig;
        await rig.run('SET SESSION binlog_transaction_compression = ON');
        await rig.run(
          'BEGIN',
          ...Array.from({ length: 50 }, (_, i) => `INSERT INTO t VALUES (${i}, REPEAT('x', 90))`),
          'COMMIT',
        );
        await rig.run("UPDATE t SET v = 'u' WHERE id < 10", 'DELETE FROM t WHERE id >= 40', endMark);
        const { changes } = await readUntil(rig.source(start), isEnd);
        const ops = withoutEnd(changes).map((change) => change.kind === 'rows' && [change.op, change.rows.length]);
        assert.deepEqual(
          [...ops.filter((op) => op && op[0] === 'create').map((op) => (op ? op[1] : null))],
          Array(50).fill(1),
        );
        assert.deepEqual(ops.slice(50), [
          ['update', 10],
          ['delete', 10],
        ]);
      });

      test('I-3: a compressed transaction larger than memory allows comes in parts', async () => {
        const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))', ending);
        await using _ = rig;
        await rig.run(
          'SET SESSION binlog_transaction_compression = ON',
          'SET SESSION cte_max_recursion_depth = 100000',
        );
        await rig.run(
          "INSERT INTO t WITH RECURSIVE s(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM s WHERE x < 40000) SELECT x, REPEAT('x', 150) FROM s",
        );
        await rig.run(endMark);
        const { changes, batches } = await readUntil(
          rig.source({ ...start, 'scan.transaction.max.size': '1mb' }),
          isEnd,
        );
        assert.equal(rowCount(withoutEnd(changes)), 40_000);
        const parts = batches.filter((batch) => batch.part !== undefined);
        assert.ok(parts.length > 4);
        assert.ok(parts.at(-1)!.part!.last);
        assert.deepEqual(
          afterRows(changes)
            .slice(0, 40_000)
            .map((row) => row![0]),
          Array.from({ length: 40_000 }, (_, i) => i + 1),
        );
      });

      test('I-9: tagged GTIDs are followed, kept and resumed from', async () => {
        const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY)');
        await using _ = rig;
        await rig.run(
          "SET gtid_next = 'AUTOMATIC:millrace_tag'",
          'INSERT INTO t VALUES (1)',
          "SET gtid_next = 'AUTOMATIC'",
          'INSERT INTO t VALUES (2)',
        );
        const first = await readRows(rig.source(start), 2);
        assert.match(String(first.held.get('mysql/binlog')), /:millrace_tag:\d/);
        const { origin } = first.changes[0] as RowsChange;
        assert.match(String(origin.kind === 'mysql' && origin.gtid), /:millrace_tag:\d+$/);
        await rig.run(
          "SET gtid_next = 'AUTOMATIC:millrace_tag'",
          'INSERT INTO t VALUES (3)',
          "SET gtid_next = 'AUTOMATIC'",
        );
        assert.deepEqual(afterRows((await readRows(rig.source(start), 1, { held: first.held })).changes), [[3]]);
      });

      test('I-32: the stream runs over TLS as well', async () => {
        const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000))');
        await using _ = rig;
        await rig.run("INSERT INTO t VALUES (1, REPEAT('x', 1000))", "INSERT INTO t VALUES (2, REPEAT('y', 1000))");
        const { changes } = await readRows(rig.source({ ...start, 'ssl.mode': 'required' }), 2);
        assert.deepEqual(
          afterRows(changes).map((row) => row![0]),
          [1, 2],
        );
      });

      test('PARTIAL_JSON updates come as whole documents', async () => {
        const { rig, start } = await open(
          server,
          'CREATE TABLE t (id INT PRIMARY KEY, j JSON)',
          'INSERT INTO t VALUES (1, \'{"a": 1, "b": [1, 2, 3], "text": "some longer text so that a diff is smaller"}\')',
        );
        await using _ = rig;
        await rig.run(
          "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
          "UPDATE t SET j = JSON_SET(j, '$.b[1]', 99)",
        );
        const { changes } = await readRows(rig.source(start), 1);
        const [row] = await rig.query('SELECT j FROM t');
        assert.deepEqual(afterRows(changes), [[1, row![0]]]);
      });
    } else {
      test('I-26: compressed row and query events give every row', async () => {
        const { rig, start } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v TEXT)', ending);
        await using _ = rig;
        await rig.run('SET GLOBAL log_bin_compress = ON');
        try {
          await rig.run(
            "INSERT INTO t VALUES (1, REPEAT('x', 3000)), (2, 'short')",
            "UPDATE t SET v = REPEAT('y', 2000)",
          );
          await rig.run(`ALTER TABLE t ADD COLUMN w INT COMMENT '${'long '.repeat(100)}'`, 'DELETE FROM t', endMark);
          const { changes } = await readUntil(rig.source(start), isEnd);
          assert.deepEqual(plain(withoutEnd(changes)), [
            ['create', 't', null, [1, 'x'.repeat(3_000)]],
            ['create', 't', null, [2, 'short']],
            ['update', 't', [1, 'x'.repeat(3_000)], [1, 'y'.repeat(2_000)]],
            ['update', 't', [2, 'short'], [2, 'y'.repeat(2_000)]],
            ['schema', 't(id,v)', 't(id,v,w)'],
            ['delete', 't', [1, 'y'.repeat(2_000), null], null],
            ['delete', 't', [2, 'y'.repeat(2_000), null], null],
          ]);
        } finally {
          await rig.run('SET GLOBAL log_bin_compress = OFF');
        }
      });
    }
  });
}
