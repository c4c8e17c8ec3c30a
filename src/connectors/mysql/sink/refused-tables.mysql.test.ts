import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Change } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import { MysqlSinkRig } from '../../../testing/mysql-sink-rig.ts';
import { never } from '../../../testing/pipeline-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, table } from '../../../testing/sample-tables.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';

const columns = [column('id', int, { nullable: false }), column('amount', int)];

/** Writes one change to a target that was prepared by hand. */
const written = async (rig: MysqlSinkRig, change: Change): Promise<void> => {
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write({ changes: [change], positions: new Map([['log', position('1')]]), version: '1' }, never);
};

const [server] = testServers();
if (server !== undefined) {
  test('a target table with another key is refused, and so is a rename onto a table that is there', async () => {
    await using rig = await MysqlSinkRig.open(server);
    const { database } = rig;
    await rig.run(
      'CREATE TABLE wide (id INT, amount INT, PRIMARY KEY (id, amount))',
      'CREATE TABLE old_name (id INT PRIMARY KEY, amount INT)',
      'CREATE TABLE new_name (id INT PRIMARY KEY, amount INT)',
      'INSERT INTO new_name VALUES (1, 1)',
    );
    const wide = table('wide', columns, [0], { database });
    const rows = new ArrayRowImages(wide, { before: null, after: [[1, 2]] });
    await assert.rejects(written(rig, { kind: 'rows', op: 'create', table: wide, rows, origin }), {
      code: 'MYSQL_SINK_KEY',
      details: { table: `${database}.wide`, source: 'id', target: 'id, amount' },
    });
    const [before, after] = ['old_name', 'new_name'].map((name) => table(name, columns, [0], { database }));
    const statement = 'RENAME TABLE old_name TO new_name';
    await assert.rejects(written(rig, { kind: 'schema', before: before!, after: after!, statement, origin }), {
      code: 'MYSQL_SINK_TABLE_EXISTS',
      details: { table: `${database}.old_name`, target: `${database}.new_name` },
    });
    assert.deepEqual(await rig.query('SELECT id FROM new_name'), [['1']]);
  });
}
