import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqliteSink } from '../connectors/sqlite/sink.ts';
import type { Log } from '../core/log.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { testServers } from './servers/test-servers.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Definitions that change under rows; each table is compared after its last statement. */
const scripts: Readonly<Record<string, readonly string[]>> = {
  'columns that come, go, move and change their names': [
    `CREATE TABLE moving (id INT PRIMARY KEY, a VARCHAR(20), b INT)`,
    `INSERT INTO moving VALUES (1, 'one', 10), (2, NULL, 20)`,
    `ALTER TABLE moving ADD COLUMN c VARCHAR(10) NOT NULL DEFAULT 'new' AFTER id, ADD COLUMN d INT`,
    `INSERT INTO moving VALUES (3, 'c3', 'three', 30, 3)`,
    `ALTER TABLE moving CHANGE a renamed VARCHAR(40), DROP COLUMN b`,
    `UPDATE moving SET renamed = CONCAT(COALESCE(renamed, ''), '!'), d = id`,
    `ALTER TABLE moving ADD COLUMN b DECIMAL(10,2) NOT NULL, ADD COLUMN e DATE NOT NULL DEFAULT '2020-02-02'`,
    `DELETE FROM moving WHERE id = 2`,
  ],
  'values that the server converts': [
    `CREATE TABLE converted (id INT PRIMARY KEY, n INT, d DECIMAL(10,4), t DATETIME(3), u BIGINT UNSIGNED, e ENUM('a','b'))`,
    `INSERT INTO converted VALUES (1, 7, '1.2350', '2023-12-31 23:59:59.500', 18446744073709551615, 'b'),
       (2, -3, '-0.0050', '2024-02-29 00:00:00.499', 5, 'a'), (3, NULL, NULL, NULL, NULL, NULL)`,
    `ALTER TABLE converted MODIFY n DECIMAL(12,2), MODIFY d DECIMAL(10,2), MODIFY t DATETIME`,
    `ALTER TABLE converted MODIFY e ENUM('b','c','a'), MODIFY u DECIMAL(30,0)`,
    `INSERT INTO converted VALUES (4, 1, 1, '2024-01-01', 1, 'c')`,
  ],
  'a primary key that changes': [
    `CREATE TABLE keyed (a INT NOT NULL, b INT NOT NULL, c VARCHAR(10), PRIMARY KEY (a))`,
    `INSERT INTO keyed VALUES (1, 10, 'x'), (2, 20, 'y')`,
    `ALTER TABLE keyed DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)`,
    `INSERT INTO keyed VALUES (1, 11, 'z')`,
    `UPDATE keyed SET c = 'changed' WHERE a = 1 AND b = 10`,
    `DELETE FROM keyed WHERE a = 2`,
  ],
  'a table without a key': [
    `CREATE TABLE keyless (a INT, b VARCHAR(10))`,
    `INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL)`,
    `DELETE FROM keyless WHERE a = 1 LIMIT 1`,
    `ALTER TABLE keyless ADD COLUMN c INT DEFAULT 5`,
    `UPDATE keyless SET b = 'y' LIMIT 1`,
  ],
  'names that swap, as after an online change': [
    `CREATE TABLE swapped (id INT PRIMARY KEY, a INT)`,
    `INSERT INTO swapped VALUES (1, 1)`,
    `CREATE TABLE _swapped_new (id INT PRIMARY KEY, a INT, b INT DEFAULT 9)`,
    `INSERT INTO _swapped_new (id, a) SELECT id, a FROM swapped`,
    `RENAME TABLE swapped TO _swapped_old, _swapped_new TO swapped`,
    `INSERT INTO swapped VALUES (2, 2, 2)`,
    `DROP TABLE _swapped_old`,
  ],
  'a table that is truncated, dropped and made again': [
    `CREATE TABLE again (id INT PRIMARY KEY, a INT)`,
    `INSERT INTO again VALUES (1, 1), (2, 2)`,
    `TRUNCATE TABLE again`,
    `INSERT INTO again VALUES (3, 3)`,
    `DROP TABLE again`,
    `CREATE TABLE again (id BIGINT PRIMARY KEY, b VARCHAR(5))`,
    `INSERT INTO again VALUES (9, 'nine')`,
  ],
};

const tables = ['moving', 'converted', 'keyed', 'keyless', 'swapped', 'again'];

for (const server of testServers()) {
  test(`${server.name}: the mirror follows every change of a definition with its rows`, async () => {
    await using rig = await MysqlRig.open(server);
    const folder = mkdtempSync(join(tmpdir(), 'millrace-ddl-'));
    const path = join(folder, 'mirror.db');
    const stop = new AbortController();
    const pipeline = createPipeline({
      name: 'ddl',
      source: async () => rig.source({ 'scan.startup.mode': 'initial' }, 'ddl'),
      sinks: [
        {
          name: 'mirror',
          open: async () => openSqliteSink(path, { pipeline: 'ddl', clock: systemClock, log: silent }),
        },
      ],
      clock: systemClock,
      log: silent,
    });
    await rig.run('CREATE TABLE done (id INT PRIMARY KEY)');
    const running = pipeline.run(stop.signal);
    try {
      const arrived = async (marker: number): Promise<void> => {
        await rig.run(`INSERT INTO done VALUES (${marker})`);
        const patience = performance.now() + 20_000;
        while (!mirrored(path, `${rig.database}.done`).some(([id]) => id === String(marker))) {
          assert.ok(performance.now() < patience, 'the mirror did not get there within 20 s');
          await Promise.race([systemClock.sleep(20), running]);
        }
      };
      await arrived(0);
      for (const statements of Object.values(scripts)) await rig.run(...statements);
      await arrived(1);
      for (const name of tables) {
        const wanted = await rig.query(`SELECT * FROM ${name}`);
        const columns = (await rig.query(`SHOW COLUMNS FROM ${name}`)).map(([column]) => column!);
        assert.deepEqual(mirrored(path, `${rig.database}.${name}`, columns), sorted(wanted), name);
      }
      const left = mirrored(path, 'millrace_table', ['name']).flat();
      assert.ok(!left.includes('_swapped_old') && !left.includes('_swapped_new'), `mirrors of ${left.join(', ')}`);
    } finally {
      stop.abort();
      await running;
      rmSync(folder, { recursive: true });
    }
  });
}

/** The rows of a mirror as the server prints its own. */
const mirrored = (path: string, name: string, columns: readonly string[] = ['id']): (string | null)[][] => {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    if (!db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name)) return [];
    const select = db.prepare(`SELECT ${columns.map((column) => `"${column}"`).join(', ')} FROM "${name}"`);
    const rows = select.all().map((row) => columns.map((column) => row[column]));
    return sorted(rows.map((row) => row.map((value) => (value === null ? null : String(value)))));
  } finally {
    db.close();
  }
};

const sorted = (rows: readonly (readonly (string | null)[])[]): (string | null)[][] =>
  rows.map((row) => [...row]).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
