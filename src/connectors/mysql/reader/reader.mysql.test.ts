import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from '../../../core/reader.ts';
import type { Row } from '../../../core/value.ts';
import { openMysqlReader } from '../../../testing/mirrored-shop.ts';
import { MysqlRig } from '../../../testing/mysql-rig.ts';
import { readerContract } from '../../../testing/reader-contract.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';

const never = new AbortController().signal;

const quoted = (value: Row[number]): string => {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? `x'${Buffer.from(value).toString('hex')}'` : String(value);
};

for (const server of testServers()) {
  readerContract(server.name, async () => {
    const rig = await MysqlRig.open(server);
    await rig.run(
      `CREATE TABLE keyed (id BIGINT PRIMARY KEY, name MEDIUMTEXT);
       CREATE TABLE pairs (a INT, b VARCHAR(20), note VARCHAR(40), PRIMARY KEY (a, b)) CHARSET utf8mb4;
       CREATE TABLE bag (word VARCHAR(20))`,
    );
    return {
      database: rig.database,
      open: async () => openMysqlReader(rig),
      insert: async (table, rows) => {
        for (let at = 0; at < rows.length; at += 5) {
          const some = rows.slice(at, at + 5).map((row) => `(${row.map(quoted).join(', ')})`);
          await rig.run(`INSERT INTO ${table} VALUES ${some.join(', ')}`);
        }
      },
      [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
    };
  });

  test(`${server.name}: a held row stays as it is, and so does a row that is not there`, async () => {
    await using rig = await MysqlRig.open(server);
    await rig.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, 'a'), (9, 'z')");
    await rig.run('SET SESSION innodb_lock_wait_timeout = 1');
    await using reader = openMysqlReader(rig);
    const table = (await reader.describe(rig.database, 't'))!;
    const keys: Key[] = [[1], [5]];
    {
      await using held = await reader.locks.hold(table, keys, never);
      assert.deepEqual(held.rows, [[1, 'a'], null]);
      await assert.rejects(rig.run("UPDATE t SET v = 'b' WHERE id = 1"), /Lock wait timeout/);
      await assert.rejects(rig.run("INSERT INTO t VALUES (5, 'e')"), /Lock wait timeout/);
      await rig.run("UPDATE t SET v = 'y' WHERE id = 9");
    }
    // The server learns of the closed connection a moment later.
    await rig.run('SET SESSION innodb_lock_wait_timeout = 20');
    await rig.run("UPDATE t SET v = 'b' WHERE id = 1; INSERT INTO t VALUES (5, 'e')");
    assert.deepEqual(await reader.lookup(table, keys, never), [
      [1, 'b'],
      [5, 'e'],
    ]);
  });

  test(`${server.name}: the log's end is covered by a place that is not before it`, async () => {
    await using rig = await MysqlRig.open(server);
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
    await using reader = openMysqlReader(rig);
    const before = await reader.log.end();
    await rig.run('INSERT INTO t VALUES (1)');
    const after = await reader.log.end();
    assert.equal(reader.log.covers(after, before), true);
    assert.equal(reader.log.covers(before, after), false);
  });

  test(`${server.name}: positions are found in whatever database a pipeline keeps them`, async () => {
    await using rig = await MysqlRig.open(server);
    await rig.run(
      `CREATE TABLE millrace_position (pipeline VARCHAR(90), lane VARCHAR(90), writer INT, epoch BIGINT, position TEXT);
       INSERT INTO millrace_position VALUES ('mine-${rig.database}', 'mysql/binlog', 0, 1, 'here'), ('mine-${rig.database}', 'mysql/binlog', 1, 1, 'there'), ('other', 'mysql/binlog', 0, 1, 'elsewhere')`,
    );
    await using reader = openMysqlReader(rig, `mine-${rig.database}`);
    assert.deepEqual([...(await reader.held('mysql/binlog'))].toSorted(), ['here', 'there']);
    assert.deepEqual(await reader.held('mysql/schema'), []);
  });
}

test('servers of both flavors sum up equal rows of every type alike, and notice one changed value', async () => {
  const rigs = await Promise.all(testServers().map((server) => MysqlRig.open(server)));
  try {
    const sums: string[] = [];
    const changed: string[] = [];
    for (const rig of rigs) {
      await rig.run(
        `CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, i INT, d DECIMAL(20, 6), f FLOAT, g DOUBLE, b BIT(40), y YEAR, da DATE,
           ti TIME(3), dt DATETIME(6), ts TIMESTAMP(3) NULL, v VARCHAR(40), l VARCHAR(40) CHARACTER SET latin1, x TEXT,
           bi BINARY(4), bl BLOB, e ENUM('a', 'b,c'), s SET('p', 'q'), p POINT) CHARSET utf8mb4;
         SET time_zone = '+03:00';
         INSERT INTO t VALUES (18446744073709551615, -5, '1.5', 1.1, 1e308, b'1011', 2024, '2024-02-29', '-12:30:00.5',
           '2024-01-01 10:00:00.123456', '2024-01-01 10:00:00.5', 'it''s, "ä€😀\\\\', 'é', '', x'00ff', x'00275c', 'b,c', 'p,q', POINT(1, 2)),
           (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           (2, 0, 0, -0.0, 0.1, b'0', 0, '1000-01-01', '00:00:00', '1000-01-01 00:00:00', '1970-01-01 03:00:01', 'N', 'N', 'NULL', '', '', 'a', '', NULL),
           (3, 0, 0, 3.4e38, 1.7e-300, b'0', 0, '1000-01-01', '00:00:00', '1000-01-01 00:00:00', NULL, NULL, NULL, 'x', '', '', 'a', '', NULL)`,
      );
      await using reader = openMysqlReader(rig);
      const table = (await reader.describe(rig.database, 't'))!;
      const columns = [...table.columns.keys()];
      const sum = () => reader.sums.checksum(table, columns, { after: null, upTo: null }, never);
      const { rows, sum: all } = await sum();
      assert.equal(rows, 4);
      sums.push(all);
      assert.deepEqual(await reader.sums.boundary(table, { after: [1], upTo: null }, 2, never), [3]);
      assert.equal(await reader.sums.boundary(table, { after: [1], upTo: null }, 4, never), null);
      // NULL against the words that stand for it.
      await rig.run('UPDATE t SET x = NULL WHERE id = 2');
      changed.push((await sum()).sum);
      assert.notEqual(changed.at(-1), all);
    }
    assert.equal(new Set(sums).size, 1, sums.join('\n'));
    assert.equal(new Set(changed).size, 1);
  } finally {
    for (const rig of rigs) await rig[Symbol.asyncDispose]();
  }
});
