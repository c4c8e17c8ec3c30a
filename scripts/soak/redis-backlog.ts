import assert from 'node:assert/strict';
import { CommandWriter } from '../../src/protocol/redis/command-writer.ts';
import { MeasuredRun } from '../../src/testing/measured-run.ts';
import { MysqlRig } from '../../src/testing/mysql-rig.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import type { Soak } from './soak.ts';

const atOnce = 1_000;
/** What the process may have resident, however much waits. */
const mostRssMiB = 300;

/**
 * Writes `--keys` hashes of `--bytes` bytes into Redis while MySQL takes nothing, and then lets it. The server would end a replica that
 * does not read: `--buffer-mb` is what it keeps for one, Redis's default left out. The link must last, memory must stay below 300 MiB, and
 * every row must arrive.
 */
export const soak: Soak = {
  options: { keys: 1_000_000, bytes: 300, 'buffer-mb': 256 },
  async run({ keys = 0, bytes = 0, 'buffer-mb': bufferMb = 0 }, progress) {
    await using mysql = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
    await using rig = await MysqlRig.open(mysql);
    await using redis = await launchRedis({
      settings: {
        'repl-diskless-sync-delay': '0',
        'client-output-buffer-limit': `replica ${bufferMb}mb ${bufferMb / 4}mb 60`,
      },
    });
    await using connection = await connectRedis(redis);
    const { database } = rig;
    await rig.run('CREATE TABLE users (id INT PRIMARY KEY, note VARCHAR(1000))');
    const source = {
      ...{ type: 'redis', hostname: redis.host, port: redis.port, key: 'user:%{id}' },
      schema: `CREATE TABLE ${database}.users (id INT PRIMARY KEY, note VARCHAR(1000))`,
    };
    const sink = {
      ...{ type: 'mysql', hostname: mysql.host, port: mysql.port, username: mysql.user, password: mysql.password },
      'position.database': database,
    };
    await using run = new MeasuredRun({ source, sink, pipeline: { name: 'backlog' } });
    await connection.command('HSET', 'user:0', 'note', 'first');
    const count = async (): Promise<number> => Number((await rig.query('SELECT COUNT(*) FROM users'))[0]![0]);
    await run.until('the first row', async () => (await count()) === 1);
    const idleMiB = run.mostMiB;
    await rig.run('LOCK TABLES users READ');
    const note = 'x'.repeat(bytes);
    for (let id = 1; id < keys; id += atOnce) {
      const commands = new CommandWriter();
      for (let i = id; i < Math.min(id + atOnce, keys); i += 1) commands.add('HSET', `user:${i}`, 'note', note);
      await connection.send(commands.view(), commands.commands);
      progress(`${id} of ${keys} keys written, ${run.mostMiB.toFixed(0)} MiB`);
    }
    const waitingMiB = run.mostMiB;
    await rig.run('UNLOCK TABLES');
    await run.until('the last row', async () => {
      const rows = await count();
      progress(`${rows} of ${keys} rows, ${run.mostMiB.toFixed(0)} MiB`);
      return rows === keys;
    });
    const snapshots = /^sync_full:(\d+)/m.exec(String(await connection.command('INFO', 'stats')))?.[1];
    assert.equal(snapshots, '1', 'the link was begun anew');
    const { mostMiB } = run;
    assert.ok(
      mostMiB <= mostRssMiB,
      `${mostMiB.toFixed(0)} MiB were resident, ${waitingMiB.toFixed(0)} while MySQL stood still, ${idleMiB.toFixed(0)} before`,
    );
    return {
      keys,
      'MB of stream': Math.round(((bytes + 60) * keys) / 1e6),
      'MiB before': Math.ceil(idleMiB),
      'MiB while MySQL stood still': Math.ceil(waitingMiB),
      'MiB at most': Math.ceil(mostMiB),
    };
  },
};
