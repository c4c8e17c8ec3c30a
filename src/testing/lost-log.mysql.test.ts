import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqliteSink } from '../connectors/sqlite/sink.ts';
import type { Lane, Position } from '../core/batch.ts';
import { isMillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { launchServer } from './servers/launch-server.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Carries a rig's tables to a SQLite file until every snapshot is done. */
const mirror = async (rig: MysqlRig, path: string, settings: Record<string, unknown>): Promise<void> => {
  await using source = rig.source(settings);
  await using sink = openSqliteSink(path, { pipeline: 'test', log: silent, clock: systemClock });
  const claims = new Map<Lane, Promise<Position | null>>();
  const claim = (lane: Lane): Promise<Position | null> => {
    const claimed = claims.get(lane) ?? sink.claim(lane);
    claims.set(lane, claimed);
    return claimed;
  };
  const patience = AbortSignal.timeout(90_000);
  for await (const batch of source.read(claim, patience)) {
    await Promise.all([...batch.positions.keys()].map(claim));
    await sink.write(batch, patience);
    if ((batch.part?.last ?? true) && source.snapshots!.finished) return;
  }
  throw new Error('reading ended before the snapshots did');
};

const mirrored = (path: string, table: string): unknown[] => {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db
      .prepare(`SELECT id, v FROM "${table}" ORDER BY id`)
      .all()
      .map((row) => [row['id'], row['v']]);
  } finally {
    db.close();
  }
};

for (const flavor of ['mysql', 'mariadb'] as const) {
  test(`rows deleted while the log of ${flavor} was lost leave the SQLite mirror with the new snapshot`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-lost-log-'));
    try {
      await using server = await launchServer({ flavor });
      const { host, port, user } = server;
      await using rig = await MysqlRig.open({ flavor, host, port, user, password: '' });
      await rig.run(
        'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))',
        "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')",
      );
      const path = join(folder, 'mirror.db');
      const table = `${rig.database}.t`;
      await mirror(rig, path, {});
      assert.equal(mirrored(path, table).length, 5);

      await rig.run(
        'DELETE FROM t WHERE id IN (1, 3, 5)',
        "UPDATE t SET v = 'B' WHERE id = 2",
        "INSERT INTO t VALUES (9, 'n')",
      );
      do {
        // MariaDB keeps a file until its engine says that it needs it no more.
        await rig.run('FLUSH BINARY LOGS');
        await rig.run(`PURGE BINARY LOGS TO '${(await rig.logEnd()).file}'`);
        await systemClock.sleep(20);
      } while ((await rig.query('SHOW BINARY LOGS')).length > 1);

      await assert.rejects(mirror(rig, path, {}), (error) => isMillraceError(error) && !error.retryable);
      assert.equal(mirrored(path, table).length, 5, 'nothing moved');

      await mirror(rig, path, { 'scan.lost-log': 'snapshot', 'scan.incremental.snapshot.chunk.size': 2 });
      assert.deepEqual(mirrored(path, table), [
        [2, 'B'],
        [4, 'd'],
        [9, 'n'],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
