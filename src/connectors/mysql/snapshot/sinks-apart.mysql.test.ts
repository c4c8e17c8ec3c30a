import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MysqlRig, plain, readUntil } from '../../../testing/mysql-rig.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';

for (const server of testServers()) {
  test(`${server.name}: a snapshot begins only where the log ended, as some sink may hold everything up to there`, async () => {
    await using rig = await MysqlRig.open(server);
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY, v MEDIUMTEXT)', "INSERT INTO t VALUES (1, ''), (2, '')");
    const isEnd = (so: readonly { readonly kind: string; readonly at?: string }[]): boolean =>
      so.some(({ kind, at }) => kind === 'snapshot' && at === 'end');
    await using first = rig.source();
    const { held } = await readUntil(first, isEnd);
    const logOnly = new Map([...held].filter(([lane]) => !lane.startsWith('mysql/snapshot:')));
    // More than one read of the socket brings, so that a snapshot could come in between.
    await rig.run('DELETE FROM t WHERE id = 2');
    for (let i = 1; i <= 10; i += 1) await rig.run(`UPDATE t SET v = REPEAT('${i}', 100000) WHERE id = 1`);
    await using second = rig.source();
    const onBatch = async (): Promise<void> => await sleep(100);
    const { changes } = await readUntil(second, isEnd, { held: logOnly, onBatch });
    const course = plain(changes).map((change) => (change as unknown[]).slice(0, 2).join(' '));
    const updates = Array.from({ length: 10 }, () => 'update t');
    assert.deepEqual(course, ['delete t', ...updates, 'snapshot begin', 'read t', 'snapshot end']);
  });
}
