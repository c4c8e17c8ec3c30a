import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const millrace = async (cwd: string, ...args: readonly string[]): Promise<Ended> =>
  await new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

const [server] = testServers();
if (server !== undefined) {
  test('rows that Redis cannot take wait in the dead letters, the others pass, and a replay brings them once it can', async () => {
    await using redis = await launchRedis({ settings: { 'proto-max-bulk-len': '1048576' } });
    await using target = await RedisSinkRig.open(redis);
    await using source = await MysqlRig.open(server);
    const { database: db } = source;
    const folder = mkdtempSync(join(tmpdir(), 'millrace-dlq-'));
    try {
      await source.run(
        'CREATE TABLE people (id INT PRIMARY KEY, team VARCHAR(9), note LONGTEXT)',
        `INSERT INTO people VALUES (1, 'a', 'x'), (2, NULL, 'no team'), (3, 'a', REPEAT('x', 1048577)), (4, 'b', NULL)`,
        'CREATE TABLE tags (person INT, tag VARCHAR(9), PRIMARY KEY (person, tag))',
        "INSERT INTO tags VALUES (1, 'p'), (2, 'q'), (3, 'r')",
      );
      await target.ask('SET', 'tags:2', 'of somebody else');
      const { host, port, user, password } = server;
      const address = { hostname: host, port, username: user, password };
      const file = {
        source: { type: 'mysql', ...address, tables: `${db}.\\.*`, 'scan.startup.mode': 'snapshot' },
        sink: {
          type: 'redis',
          hostname: redis.host,
          port: redis.port,
          'sink.tableId-to-key.mapping': `${db}.people=%{team}:%{id}; ${db}.tags=tags:%{person}`,
          'sink.tableId-to-value.mapping': `${db}.tags=set(tag)`,
        },
        pipeline: {
          name: 'people',
          'errors.tolerance': 'all',
          'errors.deadletterqueue.path': join(folder, 'letters.ndjson'),
        },
      };
      writeFileSync(join(folder, 'people.yaml'), JSON.stringify(file));
      const ran = await millrace(folder, 'run', 'people.yaml');
      assert.equal(ran.code, 0, ran.stderr);
      const keys = async (): Promise<readonly string[]> =>
        ((await target.ask('KEYS', '[abt]*')) as readonly Buffer[]).map(String).sort();
      assert.deepEqual(await keys(), ['a:1', 'b:4', 'tags:1', 'tags:2', 'tags:3']);

      const shown = (await millrace(folder, 'dlq', 'show', 'people.yaml', '-o', 'jsonl')).stdout.trim().split('\n');
      const letters = shown.map((line) => JSON.parse(line)).sort((a, b) => a.message.localeCompare(b.message));
      assert.deepEqual(
        letters.map(({ code, after }) => [code, after.id ?? after.person]),
        [
          ['REDIS_WRONG_TYPE', 2],
          ['SINK_ROW_REFUSED', 3],
          ['SINK_ROW_REFUSED', 2],
        ],
      );
      assert.match(letters[1].message, /1048577 bytes/);
      assert.match(letters[2].message, /column team is NULL/);

      await target.ask('UNLINK', 'tags:2');
      await target.ask('CONFIG', 'SET', 'proto-max-bulk-len', 2097152);
      const again = await millrace(folder, 'dlq', 'replay', 'people.yaml', '--all');
      assert.equal(again.code, 1, again.stderr);
      assert.match(again.stderr, /2 replayed, 1 refused again/);
      assert.deepEqual(await keys(), ['a:1', 'a:3', 'b:4', 'tags:1', 'tags:2', 'tags:3']);
      assert.equal(await target.ask('SISMEMBER', 'tags:2', 'q'), 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
