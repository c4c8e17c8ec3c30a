import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MysqlRig, readUntil } from '../../testing/mysql-rig.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { mysqlConfig } from './config.ts';

for (const server of testServers()) {
  const { name } = server;
  test(`rows that others write to tables of the other side are conflicts, counted and brought nowhere (${name})`, async () => {
    await using rig = await MysqlRig.open(server);
    await rig.run(
      'CREATE TABLE stock (id INT PRIMARY KEY)',
      `CREATE TABLE visits (id INT UNSIGNED PRIMARY KEY, note VARCHAR(300), amount DECIMAL(12,3), kind ENUM('a', 'b'),
        flags SET('x', 'y'), at DATETIME(3), text LONGTEXT, bits BIT(9), doc JSON)`,
      'CREATE TABLE millrace_position (pipeline INT PRIMARY KEY, n INT)',
      'INSERT INTO millrace_position VALUES (1, 0)',
      "INSERT INTO visits (id, note) VALUES (1, 'there before')",
    );
    const { file, offset } = await rig.logEnd();
    const source = rig.source({
      'scan.startup.mode': 'specific-offset',
      'scan.startup.specific-offset.file': file,
      'scan.startup.specific-offset.pos': offset,
      'skip.own.writes': true,
      'owned.elsewhere': `${rig.database}.visits`,
    });
    await rig.run(
      // By a sink: none.
      'BEGIN',
      'UPDATE millrace_position SET n = n + 1',
      "INSERT INTO visits (id, note) VALUES (2, 'of a sink')",
      'COMMIT',
      // Three rows, two, and one; those of a transaction that is taken back are none.
      `INSERT INTO visits VALUES (3, 'x', 1.5, 'a', 'x', '2026-01-02', REPEAT('t', 300), 5, '{"a": 1}'),
        (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (5, REPEAT('n', 300), -7, 'b', 'x,y', NULL, '', 1, '[]')`,
      "UPDATE visits SET note = 'changed' WHERE id > 3",
      'BEGIN',
      'DELETE FROM visits WHERE id = 5',
      'ROLLBACK',
      'BEGIN',
      'INSERT INTO stock VALUES (1)',
      'DELETE FROM visits WHERE id = 1',
      'COMMIT',
      'INSERT INTO stock VALUES (2)',
    );
    const { changes } = await readUntil(source, (read) => read.filter(({ kind }) => kind === 'rows').length === 2);
    const tables = changes.flatMap((change) => (change.kind === 'rows' ? [change.table.name] : []));
    assert.deepEqual(tables, ['stock', 'stock']);
    assert.equal(source.figures(new Map())[0]!.conflicts, 6);
    const said = rig.said.find(({ message }) => /the other side owns/.test(message));
    assert.equal(said?.fields['conflicts'], 3);
  });
}

test('an owner elsewhere is said where the writes of the sink are known, of a server', () => {
  const config = { hostname: 'db1', username: 'u', tables: 'shop.\\.*', 'owned.elsewhere': 'shop.visits' };
  assert.match(String(mysqlConfig.safeParse(config).error), /skip\.own\.writes/);
  const files = { ...config, 'skip.own.writes': true, 'binlog.files': '/var/log' };
  assert.match(String(mysqlConfig.safeParse(files).error), /needs a server/);
  assert.ok(mysqlConfig.safeParse({ ...config, 'skip.own.writes': true }).success);
  const columns = { ...config, 'skip.own.writes': true, 'owned.elsewhere': 'shop.users(visits); shop.visits' };
  assert.ok(mysqlConfig.safeParse(columns).success);
  for (const left of [{ tables: 'shop.visits' }, { 'tables.exclude': 'shop.users' }]) {
    assert.match(String(mysqlConfig.safeParse({ ...columns, ...left }).error), /which `tables` does not read/);
  }
});
