import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { CommandWriter } from '../../src/protocol/redis/command-writer.ts';
import { MysqlRig } from '../../src/testing/mysql-rig.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import type { Soak } from './soak.ts';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const atOnce = 1_000;
const patienceMs = 600_000;
/** What the process may have resident, however much waits. */
const mostRssMiB = 300;

/**
 * Writes `--keys` hashes of `--bytes` bytes into Redis while MySQL takes nothing, and then lets it. The server would end a replica that
 * does not read. The link must last, memory must stay below 300 MiB, and every row must arrive.
 */
export const soak: Soak = {
  options: { keys: 1_000_000, bytes: 300 },
  async run({ keys = 0, bytes = 0 }, progress) {
    await using mysql = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
    await using rig = await MysqlRig.open(mysql);
    await using redis = await launchRedis({
      settings: { 'repl-diskless-sync-delay': '0', 'client-output-buffer-limit': 'replica 64mb 16mb 5' },
    });
    await using connection = await connectRedis(redis);
    const { database } = rig;
    await rig.run('CREATE TABLE users (id INT PRIMARY KEY, note VARCHAR(1000))');
    const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
    const file = join(folder, 'backlog.yaml');
    const source = {
      ...{ type: 'redis', hostname: redis.host, port: redis.port, key: 'user:%{id}' },
      schema: `CREATE TABLE ${database}.users (id INT PRIMARY KEY, note VARCHAR(1000))`,
    };
    const sink = {
      ...{ type: 'mysql', hostname: mysql.host, port: mysql.port, username: mysql.user, password: mysql.password },
      'position.database': database,
    };
    writeFileSync(file, JSON.stringify({ source, sink, pipeline: { name: 'backlog' } }));
    // With what the published command gives Node.
    const child = spawn(process.execPath, ['--max-semi-space-size=8', cli, 'run', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'exit');
    const figure = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) /
      1_024;
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      const patience = performance.now() + patienceMs;
      while (!(await holds())) {
        assert.equal(child.exitCode, null, 'the process ended');
        assert.ok(performance.now() < patience, `${what} did not happen within ${patienceMs} ms`);
        await systemClock.sleep(100);
      }
    };
    try {
      await connection.command('HSET', 'user:0', 'note', 'first');
      const count = async (): Promise<number> => Number((await rig.query('SELECT COUNT(*) FROM users'))[0]![0]);
      await until('the first row', async () => (await count()) === 1);
      const idleMiB = figure('VmHWM');
      await rig.run('LOCK TABLES users READ');
      const note = 'x'.repeat(bytes);
      for (let id = 1; id < keys; id += atOnce) {
        const commands = new CommandWriter();
        for (let i = id; i < Math.min(id + atOnce, keys); i += 1) commands.add('HSET', `user:${i}`, 'note', note);
        await connection.send(commands.view(), commands.commands);
        progress(`${id} of ${keys} keys written, ${figure('VmHWM').toFixed(0)} MiB`);
      }
      const waitingMiB = figure('VmHWM');
      await rig.run('UNLOCK TABLES');
      await until('the last row', async () => {
        const rows = await count();
        progress(`${rows} of ${keys} rows, ${figure('VmHWM').toFixed(0)} MiB`);
        return rows === keys;
      });
      const snapshots = /^sync_full:(\d+)/m.exec(String(await connection.command('INFO', 'stats')))?.[1];
      assert.equal(snapshots, '1', 'the link was begun anew');
      const mostMiB = figure('VmHWM');
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
    } finally {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    }
  },
};
