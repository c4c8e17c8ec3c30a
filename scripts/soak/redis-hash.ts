import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CommandWriter } from '../../src/protocol/redis/command-writer.ts';
import { MeasuredRun } from '../../src/testing/measured-run.ts';
import { MysqlRig } from '../../src/testing/mysql-rig.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import type { Soak } from './soak.ts';

const atOnce = 10_000;
/** What the process may have resident, however large the hash. */
const mostRssMiB = 300;

/**
 * One hash of `--fields` fields becomes as many rows of MySQL, from a saved file and from the live server; then the server changes one
 * field and takes another out. Memory must stay below 300 MiB both times, and every row must arrive with its value. `--commit-kb`: how
 * many bytes of rows wait for MySQL at once; the objects around rows of two short values take several times as much.
 */
export const soak: Soak = {
  options: { fields: 5_000_000, 'commit-kb': 256 },
  async run({ fields = 0, 'commit-kb': commitKb = 0 }, progress) {
    await using mysql = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=512M'] });
    await using rig = await MysqlRig.open(mysql);
    await using redis = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
    await using connection = await connectRedis(redis);
    const { database } = rig;
    for (let from = 0; from < fields; from += atOnce) {
      const commands = new CommandWriter();
      const pairs = Array.from({ length: Math.min(atOnce, fields - from) }, (_, i) => [`f${from + i}`, `v${from + i}`]);
      commands.add('HSET', 'large', ...pairs.flat());
      await connection.send(commands.view(), commands.commands);
      progress(`${from} of ${fields} fields written`);
    }
    await connection.command('SAVE');

    const fill = async (
      table: string,
      from: object,
      afterwards: (run: MeasuredRun) => Promise<void>,
    ): Promise<number> => {
      const declared = `CREATE TABLE ${database}.${table} (field VARCHAR(20) PRIMARY KEY, value VARCHAR(20))`;
      await rig.run(declared);
      const source = { type: 'redis', key: 'large', schema: declared, 'value.type': 'fields', ...from };
      const sink = {
        ...{ type: 'mysql', hostname: mysql.host, port: mysql.port, username: mysql.user, password: mysql.password },
        'position.database': database,
      };
      await using run = new MeasuredRun({
        source,
        sink,
        pipeline: { name: table, 'commit.max-bytes': `${commitKb}kb` },
      });
      await run.until(`the last row of ${table}`, async () => {
        const [rows] = (await rig.query(`SELECT COUNT(*) FROM ${table}`))[0]!;
        progress(`${table}: ${rows} of ${fields} rows, ${run.mostMiB.toFixed(0)} MiB`);
        return Number(rows) === fields;
      });
      await afterwards(run);
      const query = `SELECT COUNT(*) FROM ${table} WHERE value <> CONCAT('v', SUBSTRING(field, 2))`;
      assert.equal(Number((await rig.query(query))[0]![0]), 0, `${table} has rows with the value of another field`);
      return Math.ceil(run.mostMiB);
    };
    const saved = await fill('saved', { path: join(redis.folder, 'dump.rdb') }, async () => {});
    const server = { hostname: redis.host, port: redis.port, 'deletes.policy': 'delete' };
    const live = await fill('live', server, async (run) => {
      await connection.command('HSET', 'large', 'fresh', 'vresh');
      await connection.command('HDEL', 'large', 'f0');
      const changed = "SELECT SUM(field = 'fresh') - SUM(field = 'f0') FROM live WHERE field IN ('fresh', 'f0')";
      await run.until('the change of single fields', async () => Number((await rig.query(changed))[0]![0]) === 1);
    });
    const found = `${saved} MiB were resident for the file, ${live} for the server`;
    assert.ok(Math.max(saved, live) <= mostRssMiB, found);
    return { fields, 'MiB at most from the file': saved, 'MiB at most from the server': live };
  },
};
