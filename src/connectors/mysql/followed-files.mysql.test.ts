import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../core/change.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { afterRows, MysqlRig } from '../../testing/mysql-rig.ts';
import { silent } from '../../testing/pipeline-rig.ts';
import { launchServer } from '../../testing/servers/launch-server.ts';
import { mysqlConfig } from './config.ts';
import { BinlogFileSource } from './file-source.ts';

describe('the log folder of a running server', { concurrency: true }, () => {
  for (const flavor of ['mysql', 'mariadb'] as const) {
    test(`of ${flavor} is followed through rotations, a restart and a kill`, async () => {
      await using server = await launchServer({ flavor });
      await using rig = await MysqlRig.open(server);
      const { database } = rig;
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
      const config = mysqlConfig.parse({
        'binlog.files': server.binlogFolder,
        'binlog.files.follow': true,
        tables: `${database}.t`,
      });
      const source = new BinlogFileSource(config, { pipeline: 'test', log: silent, clock: systemClock });
      const changes: Change[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const batch of source.read(async () => null, stop.signal)) changes.push(...batch.changes);
      })();
      reading.catch(() => {});
      const arrived = async (last: number): Promise<void> => {
        const patience = performance.now() + 30_000;
        while (afterRows(changes).at(-1)?.[0] !== last) {
          assert.ok(performance.now() < patience, `row ${last} did not come`);
          await Promise.race([sleep(10), reading]);
        }
      };
      await rig.run('INSERT INTO t VALUES (1)');
      await arrived(1);
      await rig.run('FLUSH BINARY LOGS', 'INSERT INTO t VALUES (2)', 'FLUSH BINARY LOGS', 'INSERT INTO t VALUES (3)');
      await arrived(3);
      await server.restart();
      await using back = await MysqlRig.open(server, { database });
      await back.run('INSERT INTO t VALUES (4)');
      await arrived(4);
      // A killed server does not say that its file ends.
      await server.kill();
      await server.start();
      await using again = await MysqlRig.open(server, { database });
      await again.run('INSERT INTO t VALUES (5)');
      await arrived(5);
      stop.abort();
      await reading;
      assert.deepEqual(afterRows(changes), [[1], [2], [3], [4], [5]]);
    });
  }
});
