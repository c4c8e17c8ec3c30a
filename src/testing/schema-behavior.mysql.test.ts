/** `schema.change.behavior` on real servers: what a SQLite mirror holds after columns and tables of its source went away. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { openSqliteSink } from '../connectors/sqlite/sink.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import type { SchemaBehavior } from '../pipeline/schema-behavior/governed-sink.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { testServers } from './servers/test-servers.ts';

/** A pipeline into a SQLite file that can be stopped and begun again. */
class Mirror implements Disposable {
  readonly path: string;
  readonly warnings: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-behavior-'));
  readonly #rig: MysqlRig;
  readonly #behavior: SchemaBehavior;
  #marker = 0;

  constructor(rig: MysqlRig, behavior: SchemaBehavior) {
    this.#rig = rig;
    this.#behavior = behavior;
    this.path = join(this.#folder, 'mirror.db');
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** Runs the pipeline until what is there now has come, and ends it. */
  async catchUp(): Promise<void> {
    const log: Log = { debug() {}, info() {}, error() {}, warn: (message) => this.warnings.push(message) };
    const name = `b_${this.#rig.database}`;
    const context = { pipeline: name, clock: systemClock, log };
    const stop = new AbortController();
    const pipeline = createPipeline({
      name,
      source: async () => this.#rig.source({}, name),
      sinks: [{ name: 'mirror', open: async () => openSqliteSink(this.path, context) }],
      schemaBehavior: this.#behavior,
      clock: systemClock,
      log,
    });
    this.#marker += 1;
    await this.#rig.run(
      'CREATE TABLE IF NOT EXISTS done (id INT PRIMARY KEY)',
      `INSERT INTO done VALUES (${this.#marker})`,
    );
    const running = pipeline.run(stop.signal);
    running.catch(() => {});
    const patience = performance.now() + 90_000;
    try {
      const arrived = (): boolean => this.rows('done', 'id').some(([id]) => id === this.#marker);
      while (!arrived() || pipeline.status().health === 'snapshotting') {
        assert.ok(performance.now() < patience, 'the mirror did not get there within 90 s');
        await Promise.race([systemClock.sleep(20), running]);
      }
    } finally {
      stop.abort();
      await running;
    }
  }

  rows(table: string, columns: string): unknown[][] {
    return this.#open((db) => {
      const name = `${this.#rig.database}.${table}`;
      if (!db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name)) return [];
      const statement = db.prepare(`SELECT ${columns} FROM "${name}" ORDER BY id`);
      return statement.all().map((row) => Object.values(row));
    });
  }

  columns(table: string): unknown[] {
    return this.#open((db) =>
      db
        .prepare('SELECT name FROM pragma_table_info(?)')
        .all(`${this.#rig.database}.${table}`)
        .map((row) => row['name']),
    );
  }

  run(sql: string): void {
    this.#open((db) => db.exec(sql));
  }

  #open<Result>(use: (db: DatabaseSync) => Result): Result {
    using db = new DatabaseSync(this.path, { timeout: 5_000 });
    return use(db);
  }
}

const begin = [
  "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL DEFAULT '', age INT)",
  "INSERT INTO t VALUES (1, 'ann', 30), (2, 'bob', 40)",
];
const change = [
  "ALTER TABLE t DROP COLUMN age, CHANGE name label VARCHAR(20), ADD COLUMN city VARCHAR(20) NOT NULL DEFAULT '?' AFTER id",
  "INSERT INTO t VALUES (3, 'rome', 'cid')",
  "UPDATE t SET label = 'anne', city = 'oslo' WHERE id = 1",
];

for (const server of testServers()) {
  describe(`${server.name}: schema.change.behavior`, () => {
    test('lenient keeps what the source drops and renames, over restarts', async () => {
      await using rig = await MysqlRig.open(server);
      using mirror = new Mirror(rig, 'lenient');
      await rig.run(...begin);
      await mirror.catchUp();
      await rig.run(...change);
      await mirror.catchUp();
      await rig.run("UPDATE t SET label = 'bobby' WHERE id = 2", "INSERT INTO t VALUES (4, 'bonn', 'dee')");
      await mirror.catchUp();
      assert.deepEqual(mirror.rows('t', 'id, city, label, name, age'), [
        [1, 'oslo', 'anne', 'ann', 30],
        [2, '?', 'bobby', 'bob', 40],
        [3, 'rome', 'cid', null, null],
        [4, 'bonn', 'dee', null, null],
      ]);
      await rig.run(
        'TRUNCATE TABLE t',
        'DROP TABLE t',
        'CREATE TABLE t (id INT PRIMARY KEY, other INT)',
        'INSERT INTO t VALUES (9, 9)',
      );
      await mirror.catchUp();
      assert.deepEqual(
        mirror.rows('t', 'id, other, label').map(([id]) => id),
        [1, 2, 3, 4, 9],
      );
      assert.ok(mirror.warnings.some((message) => message.includes('not handed on')));
    });

    test('try_evolve goes on with the table as it is where the mirror cannot follow; evolve stops', async () => {
      await using rig = await MysqlRig.open(server);
      for (const behavior of ['try_evolve', 'evolve'] as const) {
        using mirror = new Mirror(rig, behavior);
        await rig.run('DROP TABLE IF EXISTS t, done', ...begin);
        await mirror.catchUp();
        // SQLite drops no column that a view reads.
        mirror.run(`CREATE VIEW ages AS SELECT age FROM "${rig.database}.t"`);
        await rig.run(...change);
        if (behavior === 'evolve') {
          await assert.rejects(mirror.catchUp(), (error) => {
            assert.ok(isMillraceError(error, 'SINK_SCHEMA_REFUSED'), String(error));
            return true;
          });
          assert.deepEqual(mirror.columns('t'), ['id', 'name', 'age']);
          continue;
        }
        await mirror.catchUp();
        await rig.run("INSERT INTO t VALUES (4, 'bonn', 'dee')", 'DELETE FROM t WHERE id = 2');
        await mirror.catchUp();
        assert.deepEqual(mirror.columns('t'), ['id', 'name', 'age']);
        assert.deepEqual(mirror.rows('t', 'id, name, age'), [
          [1, 'ann', 30],
          [3, null, null],
          [4, null, null],
        ]);
        mirror.run('DROP VIEW ages');
        await rig.run('ALTER TABLE t ADD COLUMN extra INT DEFAULT 5');
        await mirror.catchUp();
        assert.deepEqual([...mirror.columns('t')].sort(), ['city', 'extra', 'id', 'label']);
      }
    });
  });
}
