import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import { afterRows, MysqlRig, plain, readRows, readUntil, rowCount } from '../../testing/mysql-rig.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { type CommittedRow, type SourceHarness, sourceContract } from '../../testing/source-contract.ts';
import { decodeBinlogPosition } from './binlog-position.ts';

const logOf = (batch: Batch) => decodeBinlogPosition(batch.positions.get('mysql/binlog')!);

for (const server of testServers()) {
  const harness = async (): Promise<SourceHarness> => {
    const rig = await MysqlRig.open(server);
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY, transaction INT NOT NULL, filler VARCHAR(200))');
    const start = await rig.executed();
    return {
      open: async () =>
        rig.source({
          'scan.startup.mode': 'specific-offset',
          'scan.startup.specific-offset.gtid-set': start,
          'scan.transaction.max.size': '64kb',
        }),
      commit: async (rows: readonly CommittedRow[]) => {
        const values = rows.map(({ id, transaction }) => `(${id}, ${transaction}, REPEAT('x', 100))`);
        await rig.run(`INSERT INTO t (id, transaction, filler) VALUES ${values.join(', ')}`);
      },
      alter: () => rig.run('ALTER TABLE t ADD COLUMN more INT'),
      rowsForParts: 2_500,
      [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
    };
  };
  describe(`${server.name} keeps the source contract`, () => {
    sourceContract(server.name, harness);
  });

  const at = async (rig: MysqlRig): Promise<Record<string, unknown>> => ({
    'scan.startup.mode': 'specific-offset',
    'scan.startup.specific-offset.gtid-set': await rig.executed(),
  });

  describe(`${server.name}: where reading begins`, () => {
    test('initial reads the rows there are, then what changes', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))', "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
      await using source = rig.source();
      let written = false;
      const { changes } = await readUntil(
        source,
        (so) => so.some((change) => change.kind === 'rows' && change.op === 'update'),
        {
          onBatch: async (batch) => {
            if (written || !batch.changes.some((change) => change.kind === 'snapshot' && change.at === 'end')) return;
            written = true;
            await rig.run("UPDATE t SET v = 'c' WHERE id = 1");
          },
        },
      );
      assert.deepEqual(plain(changes), [
        ['snapshot', 'begin', `${rig.database}.t`],
        ['read', 't', null, [1, 'a']],
        ['read', 't', null, [2, 'b']],
        ['snapshot', 'end', `${rig.database}.t`],
        ['update', 't', [1, 'a'], [1, 'c']],
      ]);
    });

    test('snapshot reads the rows there are and ends', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2), (3)');
      await using source = rig.source({ 'scan.startup.mode': 'snapshot' });
      let rows = 0;
      for await (const batch of source.read(async () => null, AbortSignal.timeout(90_000)))
        rows += rowCount(batch.changes);
      assert.equal(rows, 3);
    });

    test('latest-offset reads only what comes after the start', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
      await using source = rig.source({ 'scan.startup.mode': 'latest-offset', 'heartbeat.interval': '100ms' });
      let next = 2;
      const writing = setInterval(() => void rig.run(`INSERT INTO t VALUES (${next++})`), 50);
      const { changes } = await readRows(source, 3).finally(() => clearInterval(writing));
      const ids = afterRows(changes).map((row) => Number(row![0]));
      assert.ok(!ids.includes(1));
      assert.deepEqual(
        ids,
        ids.map((_, i) => ids[0]! + i),
      );
    });

    test('earliest-offset reads from the first file that is left', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY, v INT)', 'INSERT INTO t VALUES (1, 1)', 'FLUSH BINARY LOGS');
      await rig.run('INSERT INTO t VALUES (2, 1)', 'DELETE FROM t WHERE id = 1');
      await using source = rig.source({ 'scan.startup.mode': 'earliest-offset' });
      const { changes } = await readRows(source, 3);
      assert.deepEqual(plain(changes), [
        ['schema', null, 't(id,v)'],
        ['create', 't', null, [1, 1]],
        ['create', 't', null, [2, 1]],
        ['delete', 't', [1, 1], null],
      ]);
    });

    test('specific-offset begins at a file and position', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
      const { file, offset } = await rig.logEnd();
      await rig.run('INSERT INTO t VALUES (2)');
      await using source = rig.source({
        'scan.startup.mode': 'specific-offset',
        'scan.startup.specific-offset.file': file,
        'scan.startup.specific-offset.pos': offset,
      });
      const { changes, batches } = await readRows(source, 1);
      assert.deepEqual(plain(changes), [['create', 't', null, [2]]]);
      assert.equal(logOf(batches.at(-1)!).gtids, await rig.executed(), 'the GTIDs before it were learned');
    });

    test('timestamp begins with the first transaction of that second', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)', 'FLUSH BINARY LOGS');
      await sleep(1_100);
      await rig.run('INSERT INTO t VALUES (2)');
      await sleep(1_100);
      const [row] = await rig.query('SELECT UNIX_TIMESTAMP()');
      await rig.run('INSERT INTO t VALUES (3)', 'FLUSH BINARY LOGS', 'INSERT INTO t VALUES (4)');
      await using source = rig.source({
        'scan.startup.mode': 'timestamp',
        'scan.startup.timestamp-millis': Number(row![0]) * 1_000,
      });
      assert.deepEqual(afterRows((await readRows(source, 2)).changes), [[3], [4]]);
    });

    test('a position is taken up exactly, wherever reading stopped', async () => {
      await using rig = await MysqlRig.open(server);
      await rig.run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(300))');
      const start = await at(rig);
      for (let i = 0; i < 40; i += 1) {
        const rows = Array.from({ length: (i * 7) % 23 }, (_, j) => `(${i * 100 + j}, REPEAT('x', ${j * 10}))`);
        if (rows.length > 0) await rig.run(`INSERT INTO t (id, v) VALUES ${rows.join(',')}`);
        if (i % 5 === 0) await rig.run(`UPDATE t SET v = 'u' WHERE id % 100 = ${i}`);
        if (i === 20) await rig.run('FLUSH BINARY LOGS', 'ALTER TABLE t ADD COLUMN w INT');
      }
      await rig.run("INSERT INTO t VALUES (99999, 'end', 1)");
      const isEnd = (changes: readonly Change[]): boolean => afterRows(changes).some((row) => row?.[0] === 99_999);
      const whole = await readUntil(rig.source({ ...start, 'scan.transaction.max.size': '2kb' }), isEnd);
      const random = new SeededRandom(7);
      for (let round = 0; round < 5; round += 1) {
        let held = new Map<Lane, Position>();
        const changes: Change[] = [];
        let parts: Change[] = [];
        for (let done = false; !done; ) {
          await using source = rig.source({ ...start, 'scan.transaction.max.size': '2kb' });
          let left = random.integer(1, 6);
          for await (const batch of source.read(async (lane) => held.get(lane) ?? null, AbortSignal.timeout(90_000))) {
            if (batch.part === undefined) changes.push(...batch.changes);
            else {
              if (batch.part.index === 0) parts = [];
              parts.push(...batch.changes);
              if (batch.part.last) changes.push(...parts);
            }
            held = new Map([...held, ...batch.positions]);
            done = isEnd(changes);
            left -= 1;
            if (done || left === 0) break;
          }
        }
        assert.deepEqual(plain(changes), plain(whole.changes));
      }
    });
  });
}
