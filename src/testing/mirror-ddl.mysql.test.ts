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
import { changingTables, definitionScripts } from './definition-scripts.ts';
import { MysqlRig } from './mysql-rig.ts';
import { testServers } from './servers/test-servers.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

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
        const patience = performance.now() + 90_000;
        while (!mirrored(path, `${rig.database}.done`).some(([id]) => id === String(marker))) {
          assert.ok(performance.now() < patience, 'the mirror did not get there within 90 s');
          await Promise.race([systemClock.sleep(20), running]);
        }
      };
      await arrived(0);
      for (const statements of Object.values(definitionScripts)) await rig.run(...statements);
      await arrived(1);
      for (const name of changingTables) {
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
