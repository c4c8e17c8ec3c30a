import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

const millrace = async (
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
};

const [server] = testServers();
if (server !== undefined) {
  test('rows that a target refuses wait in the dead letters until they are replayed or dropped', async () => {
    await using source = await MysqlRig.open(server);
    await using target = await MysqlRig.open(server);
    const folder = mkdtempSync(join(tmpdir(), 'millrace-dlq-'));
    try {
      await source.run(
        'CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(50), big BIGINT UNSIGNED, raw VARBINARY(9), at DATETIME(3))',
        "INSERT INTO people VALUES (1, 'Ada', 1, x'00ff', '2024-02-29 01:02:03.456'), (2, 'a name too long', 18446744073709551615, x'27', NULL), (3, 'another long name', 3, NULL, NULL), (4, 'Bob', 4, x'', NULL)",
      );
      await target.run(
        'CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(5), big BIGINT UNSIGNED, raw VARBINARY(9), at DATETIME(3))',
      );
      const { host, port, user, password } = server;
      const address = { hostname: host, port, username: user, password };
      writeFileSync(
        join(folder, 'people.yaml'),
        JSON.stringify({
          source: {
            type: 'mysql',
            ...address,
            tables: `${source.database}.people`,
            'scan.startup.mode': 'snapshot',
          },
          sink: { type: 'mysql', ...address, 'position.database': target.database },
          route: [{ 'source-table': `${source.database}.people`, 'sink-table': `${target.database}.people` }],
          pipeline: {
            name: 'people',
            'errors.tolerance': 'all',
            'errors.deadletterqueue.path': join(folder, 'letters.ndjson'),
          },
        }),
      );
      const ran = await millrace(folder, 'run', 'people.yaml');
      assert.equal(ran.code, 0, ran.stderr);
      assert.deepEqual(await target.query('SELECT id FROM people ORDER BY id'), [['1'], ['4']]);

      const listed = JSON.parse((await millrace(folder, 'dlq', 'list', 'people.yaml', '-o', 'json')).stdout).data;
      assert.equal(listed.letters, 2);
      assert.equal(listed.groups[0].code, 'SINK_ROW_REFUSED');
      assert.match(listed.groups[0].message, /column name/);
      const shown = (await millrace(folder, 'dlq', 'show', 'people.yaml', '-o', 'jsonl')).stdout.trim().split('\n');
      const letters = shown.map((line) => JSON.parse(line));
      assert.deepEqual(
        letters.map(({ after }) => after.id),
        [2, 3],
      );

      const again = await millrace(folder, 'dlq', 'replay', 'people.yaml', '--all');
      assert.equal(again.code, 1, again.stderr);
      assert.match(again.stderr, /0 replayed, 2 refused again/);
      await target.run('ALTER TABLE people MODIFY name VARCHAR(50)');
      const one = await millrace(folder, 'dlq', 'replay', 'people.yaml', letters[0].id);
      assert.equal(one.code, 0, one.stderr);
      const row = 'SELECT id, name, big, HEX(raw), at FROM people WHERE id = 2';
      assert.deepEqual(await target.query(row), [['2', 'a name too long', '18446744073709551615', '27', null]]);

      const refused = await millrace(folder, 'dlq', 'drop', 'people.yaml', '--all');
      assert.notEqual(refused.code, 0);
      const dropped = await millrace(folder, 'dlq', 'drop', 'people.yaml', '--code', 'SINK_ROW_REFUSED', '--yes');
      assert.equal(dropped.code, 0, dropped.stderr);
      const left = JSON.parse((await millrace(folder, 'dlq', 'list', 'people.yaml', '-o', 'json')).stdout).data;
      assert.equal(left.letters, 0);
      assert.match(
        (await millrace(folder, 'dlq', 'drop', 'people.yaml', letters[1].id, '--yes')).stderr,
        /DLQ_UNKNOWN_ID/,
      );
      assert.equal(readFileSync(join(folder, 'letters.ndjson'), 'utf8').trim().split('\n').length, 4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
