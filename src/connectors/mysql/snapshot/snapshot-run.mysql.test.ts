import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import type { Batch, Lane, Position } from '../../../core/batch.ts';
import type { Row } from '../../../core/value.ts';
import { MemorySink, MemoryStore } from '../../../testing/memory-sink.ts';
import { type Address, MysqlRig } from '../../../testing/mysql-rig.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { launchServer } from '../../../testing/servers/launch-server.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import type { MysqlSource } from '../source.ts';
import type { WatermarkKind } from './watermark-kind.ts';

const connectTo = async ({ server, database }: MysqlRig): Promise<mysql.Connection> => {
  const { host, port, user, password } = server;
  return await mysql.createConnection({ host, port, user, password, database });
};

/** Changes rows of `t (id, k, v)` from several connections until disposed: transactions of some rows, rollbacks, moved keys. */
class Writers implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #work: readonly Promise<void>[];
  transactions = 0;

  constructor(rig: MysqlRig, count: number, maxId: number) {
    this.#work = Array.from({ length: count }, (_, i) => this.#write(rig, new SeededRandom(i + 1), maxId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#work);
  }

  async #write(rig: MysqlRig, random: SeededRandom, maxId: number): Promise<void> {
    const connection = await connectTo(rig);
    while (!this.#stop.signal.aborted) {
      try {
        await connection.query('START TRANSACTION');
        for (let left = random.integer(1, 3); left > 0; left -= 1)
          await connection.query(randomStatement(random, maxId));
        await connection.query(random.chance(0.1) ? 'ROLLBACK' : 'COMMIT');
        this.transactions += 1;
      } catch (error) {
        const retried = [1205, 1213];
        if (!retried.includes((error as { errno: number }).errno)) throw error;
        await connection.query('ROLLBACK');
      }
    }
    connection.destroy();
  }
}

const randomStatement = (random: SeededRandom, maxId: number): string => {
  const id = (): number => random.integer(1, maxId);
  switch (random.integer(0, 4)) {
    case 0:
      return `INSERT IGNORE INTO t VALUES (${id()}, 0, UUID())`;
    case 1:
      return `DELETE FROM t WHERE id = ${id()}`;
    case 2:
      return `UPDATE IGNORE t SET id = ${id()}, v = UUID() WHERE id = ${id()}`;
    default:
      return `UPDATE t SET v = UUID(), k = k + 1 WHERE id >= ${id()} ORDER BY id LIMIT 3`;
  }
};

/** Carries everything from a source to a store, until `enough`. */
const carry = async (
  source: MysqlSource,
  store: MemoryStore,
  enough: (batch: Batch) => boolean | Promise<boolean>,
): Promise<void> => {
  await using sink = new MemorySink(store);
  const claimed = new Map<Lane, Position | null>();
  const claim = async (lane: Lane): Promise<Position | null> => {
    if (!claimed.has(lane)) claimed.set(lane, await sink.claim(lane));
    return claimed.get(lane)!;
  };
  const patience = AbortSignal.timeout(20_000);
  for await (const batch of source.read(claim, patience)) {
    for (const lane of batch.positions.keys()) await claim(lane);
    await sink.write(batch, patience);
    if ((batch.part?.last ?? true) && (await enough(batch))) return;
  }
  throw new Error('reading ended before it was enough');
};

/** Carries on until a row that is written now has come: everything before it has come too. */
const carryToNow = async (rig: MysqlRig, store: MemoryStore, settings: Record<string, unknown> = {}): Promise<void> => {
  await rig.run('CREATE TABLE IF NOT EXISTS fence (id INT PRIMARY KEY)', 'TRUNCATE fence', 'INSERT INTO fence VALUES (1)');
  await using source = rig.source(settings);
  await carry(source, store, () => source.snapshots!.finished && store.rows({ database: rig.database, name: 'fence' }).length > 0);
};

/**
 * Applies changes as one who keeps sums would, to whom it matters that each change fits what came before: a row that was read is
 * as the stream left it, is never created again, and changes from what it was.
 */
class StrictReader {
  readonly #rows = new Map<string, string>();

  /** `table`: its first column is its key. */
  apply(batch: Batch, table: string): void {
    for (const change of batch.changes) {
      if (change.kind !== 'rows' || change.table.name !== table) continue;
      for (let i = 0; i < change.rows.length; i += 1) {
        const before = change.op === 'read' || change.op === 'create' ? null : change.rows.before(i);
        const after = change.rows.after(i);
        if (before !== null) {
          const held = this.#rows.get(String(before[0]));
          // A row whose chunk has not been read yet is not held.
          if (held !== undefined) assert.equal(textOf(before), held, `${change.op} of a row that is not as it was left`);
          this.#rows.delete(String(before[0]));
        }
        if (after === null) continue;
        const held = this.#rows.get(String(after[0]));
        if (change.op === 'create') assert.equal(held, undefined, 'a row that is there was created again');
        if (change.op === 'read' && held !== undefined) assert.equal(textOf(after), held, 'an older row was read');
        this.#rows.set(String(after[0]), textOf(after));
      }
    }
  }
}

const isEnd = (batch: Batch, table = 't'): boolean =>
  batch.changes.some((change) => change.kind === 'snapshot' && change.at === 'end' && change.table.name === table);

/** Both sides of a table as sorted text. */
const assertEqualTables = async (rig: MysqlRig, store: MemoryStore, name: string, columns = '*'): Promise<void> => {
  const source = await rig.query(`SELECT ${columns} FROM ${name}`);
  const mirror = store.rows({ database: rig.database, name }).map(textOf);
  assert.deepEqual(mirror.toSorted(), source.map(textOf).toSorted());
};

const textOf = (row: Row): string => row.map((value) => (value === null ? 'NULL' : String(value))).join('|');

const fill = (rows: number): readonly string[] => [
  'CREATE TABLE t (id INT PRIMARY KEY, k INT NOT NULL, v VARCHAR(60) NOT NULL, KEY (k))',
  'CREATE TABLE digits (d INT PRIMARY KEY)',
  'INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)',
  `INSERT INTO t SELECT 3 * n + 1, n, CONCAT('row ', n) FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n FROM digits a, digits b, digits c, digits e) x WHERE n < ${rows}`,
];

const underWrites = async (server: Address, settings: Record<string, unknown>): Promise<void> => {
  await using rig = await MysqlRig.open(server);
  await rig.run(...fill(6_000), 'CREATE TABLE marks (id INT PRIMARY KEY, mark CHAR(36) NOT NULL)');
  const all = {
    tables: `${rig.database}.t, ${rig.database}.fence`,
    'scan.incremental.snapshot.chunk.size': 250,
    ...(settings['scan.watermark'] === 'table' ? { 'scan.watermark.table': `${rig.database}.marks` } : {}),
    ...settings,
  };
  const store = new MemoryStore();
  {
    await using writers = new Writers(rig, 4, 20_000);
    await using source = rig.source(all);
    let chunks = 0;
    let delays = 0;
    const strict = new StrictReader();
    await carry(source, store, async (batch) => {
      strict.apply(batch, 't');
      // The stream falls behind now and then, so chunks are read that are ahead of it.
      if (chunks % 20 === 1 && delays++ < 20) await sleep(20);
      // A pause gives the view back, so that several of them are used.
      chunks += 1;
      if (chunks % 5 === 0) {
        source.snapshots!.pause();
        setTimeout(() => source.snapshots?.unpause(), 20);
      }
      return isEnd(batch);
    });
    assert.ok(writers.transactions > 50, `${writers.transactions} transactions`);
  }
  await carryToNow(rig, store, all);
  await assertEqualTables(rig, store, 't');
};

for (const server of testServers()) {
  describe(`${server.name}: a snapshot`, () => {
    const kinds: WatermarkKind[] =
      server.flavor === 'mysql' ? ['gtid', 'table', 'lock'] : ['consistent-snapshot', 'table', 'lock'];
    for (const kind of kinds)
      test(`under concurrent writes equals its source, with watermarks of kind ${kind} (I-20)`, () =>
        underWrites(server, { 'scan.watermark': kind }));
  });
}

describe('a MySQL server whose commits become visible long after they are logged', () => {
  // sync_binlog=2 lets those who read the log see a group at once, and every second group waits for the delay before its commit.
  const slow = ['--sync-binlog=2', '--binlog-group-commit-sync-delay=50000'];

  test('shows why the end of the log is no low watermark', async () => {
    await using server = await launchServer({ flavor: 'mysql', options: [...slow, '--binlog-group-commit-sync-delay=1000000'] });
    await using rig = await MysqlRig.open({ ...address(server) });
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY)');
    const writer = await connectTo(rig);
    let logged = 0;
    for (let id = 1; id <= 2; id += 1) {
      const before = await rig.logEnd();
      const commit = writer.query(`INSERT INTO t VALUES (${id})`);
      await sleep(300);
      const { offset } = await rig.logEnd();
      const rows = await rig.query(`SELECT id FROM t WHERE id = ${id}`);
      if (offset > before.offset && rows.length === 0) logged += 1;
      await commit;
    }
    writer.destroy();
    assert.equal(logged, 1, 'one of the two commits was in the log and not in the table');
  });

  for (const kind of ['gtid', 'table', 'lock'] as const)
    test(`is read exactly, with watermarks of kind ${kind}`, async () => {
      await using server = await launchServer({ flavor: 'mysql', options: slow });
      await underWrites(address(server), { 'scan.watermark': kind });
    });

  for (const kind of ['table', 'lock'] as const)
    test(`is read exactly without GTIDs, with watermarks of kind ${kind}`, async () => {
      const options = [...slow, '--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
      await using server = await launchServer({ flavor: 'mysql', options });
      await underWrites(address(server), kind === 'lock' ? {} : { 'scan.watermark': kind });
    });
});

const address = ({ flavor, host, port, user, password }: Address): Address => ({ flavor, host, port, user, password });
