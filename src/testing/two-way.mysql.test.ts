import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlSinkConfig } from '../connectors/mysql/sink/config.ts';
import { openMysqlSink } from '../connectors/mysql/sink/sink.ts';
import type { Log } from '../core/log.ts';
import { routeTables } from '../operators/route-tables.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { testServers } from './servers/test-servers.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Carries what applications write on `from` to `to`, and nothing that came from there. */
const oneWay = (from: MysqlRig, to: MysqlRig): Pipeline => {
  const name = `${from.database}_${to.database}`;
  const { host, port, user, password } = to.server;
  const config = mysqlSinkConfig.parse({
    hostname: host,
    port,
    username: user,
    password,
    'position.database': `${to.database}_millrace`,
  });
  return createPipeline({
    name,
    source: async () =>
      from.source(
        { 'scan.startup.mode': 'latest-offset', 'skip.own.writes': true, 'scan.transaction.max.size': '16kb' },
        name,
      ),
    operators: [
      routeTables([
        {
          matches: (database) => database === from.database,
          rename: (table) => ({ database: to.database, name: table.name }),
          merges: false,
        },
      ]),
    ],
    sinks: [{ name: 'mysql', open: () => openMysqlSink(config, { pipeline: name, clock: systemClock, log: silent }) }],
    clock: systemClock,
    log: silent,
  });
};

const table = 'CREATE TABLE stock (region CHAR(2), id INT, amount INT, note VARCHAR(200), PRIMARY KEY (region, id))';

const [first, second] = testServers();
if (first !== undefined && second !== undefined) {
  test('two servers keep each other in step for rows of disjoint owners, without an echo', async () => {
    await using east = await MysqlRig.open(first);
    await using west = await MysqlRig.open(second);
    const stop = new AbortController();
    const pipelines = [oneWay(east, west), oneWay(west, east)];
    try {
      await east.run(table);
      await west.run(table);
      const running = pipelines.map((pipeline) => pipeline.run(stop.signal));
      const until = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
        const patience = performance.now() + 90_000;
        while (!(await holds())) {
          assert.ok(performance.now() < patience, `not within 90 s: ${what}`);
          await Promise.race([systemClock.sleep(50), ...running]);
        }
      };
      await until('both have a place in the log', () =>
        pipelines.every((pipeline) => pipeline.status().positions.size > 0),
      );
      const writes = async (rig: MysqlRig, region: string): Promise<void> => {
        for (let id = 1; id <= 30; id += 1) {
          await rig.run(
            `INSERT INTO stock VALUES ('${region}', ${id}, 0, NULL)`,
            `UPDATE stock SET amount = amount + ${id} WHERE region = '${region}'`,
          );
        }
        // Larger than a part.
        await rig.run(`UPDATE stock SET note = REPEAT('n', 200) WHERE region = '${region}'`);
        await rig.run(
          `INSERT INTO stock SELECT '${region}', 1000 + a.id * 30 + b.id, 1, REPEAT('x', 150) FROM stock AS a, stock AS b WHERE a.region = '${region}' AND b.region = '${region}' AND a.id <= 30 AND b.id <= 30`,
        );
        await rig.run(`DELETE FROM stock WHERE region = '${region}' AND id BETWEEN 10 AND 12`);
      };
      await Promise.all([writes(east, 'ea'), writes(west, 'we')]);
      const held = async (rig: MysqlRig): Promise<string> =>
        JSON.stringify(await rig.query('SELECT * FROM stock ORDER BY region, id'));
      const size = 2 * (30 + 900 - 3);
      await until('both sides hold the same', async () => {
        const [left, right] = await Promise.all([held(east), held(west)]);
        return left === right && Number((await east.query('SELECT count(*) FROM stock'))[0]![0]) === size;
      });
      // 30 inserts, an update of 1 to 30 rows behind each, one of all, 900 inserts, 3 deletes: each way, and no row of the other's.
      const written = 30 + (30 * 31) / 2 + 30 + 900 + 3;
      await systemClock.sleep(300);
      assert.deepEqual(
        pipelines.map((pipeline) => pipeline.status().totals.receive.rows),
        [written, written],
      );
      stop.abort();
      await Promise.all(running);
    } finally {
      stop.abort();
      for (const rig of [east, west]) await rig.run(`DROP DATABASE IF EXISTS ${rig.database}_millrace`);
    }
  });
}
