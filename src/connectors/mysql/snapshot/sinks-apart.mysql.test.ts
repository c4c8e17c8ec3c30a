import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MysqlRig, plain, readUntil } from '../../../testing/mysql-rig.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';

for (const server of testServers()) {
  test(`${server.name}: a snapshot begins only where the log ended, as some sink may hold everything up to there`, async () => {
    await using rig = await MysqlRig.open(server);
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)', 'INSERT INTO t VALUES (1, 0), (2, 0)');
    const isEnd = (so: readonly { readonly kind: string; readonly at?: string }[]): boolean =>
      so.some(({ kind, at }) => kind === 'snapshot' && at === 'end');
    await using first = rig.source();
    const { held } = await readUntil(first, isEnd);
    const logOnly = new Map([...held].filter(([lane]) => !lane.startsWith('mysql/snapshot:')));
    for (let i = 1; i <= 20; i += 1) await rig.run(`UPDATE t SET v = ${i} WHERE id = 1`, 'DELETE FROM t WHERE id = 2');
    await using second = rig.source();
    const { changes } = await readUntil(second, isEnd, { held: logOnly });
    const course = plain(changes).map((change) => (change as unknown[]).slice(0, 2).join(' '));
    assert.deepEqual(course, [
      'update t',
      'delete t',
      ...Array.from({ length: 19 }, () => 'update t'),
      'snapshot begin',
      'read t',
      'snapshot end',
    ]);
  });
}
