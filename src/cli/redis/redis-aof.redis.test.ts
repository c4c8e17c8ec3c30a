import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchRedis } from '../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../testing/servers/redis-program.ts';
import { connectRedis } from '../../testing/servers/redis-rig.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const millrace = async (...args: string[]) => await promisify(execFile)(process.execPath, [main, ...args]);
const refused = (args: readonly string[], words: RegExp) =>
  assert.rejects(millrace('redis', 'aof', 'stat', ...args), (error: { code: number; stderr: string }) => {
    assert.match(error.stderr, words);
    return error.code !== 0;
  });

for (const { name } of redisCatalogue) {
  test(`${name}: an append-only log is counted: its base, commands, transactions, times, and what a crash cut`, async () => {
    const settings = { appendonly: 'yes', appendfsync: 'always', 'aof-timestamp-enabled': 'yes', save: '' };
    await using redis = await launchRedis({ server: name, settings });
    await using connection = await connectRedis(redis);
    await connection.command('HSET', 'user:1', 'name', 'Ada');
    await connection.command('SET', 'gone', '1');
    await connection.command('BGREWRITEAOF');
    while (/aof_rewrite_(in_progress|scheduled):1/.test(String(await connection.command('INFO', 'persistence')))) {}
    // The clock is noted once a second, and the rewrite may have noted this one.
    const second = async () => String(((await connection.command('TIME')) as unknown[])[0]);
    for (const rewritten = await second(); (await second()) === rewritten; ) {}
    await connection.command('SELECT', '2');
    for (let i = 0; i < 5; i += 1) await connection.command('RPUSH', 'list', `item ${i}`);
    await connection.command('MULTI');
    await connection.command('INCR', 'n');
    await connection.command('DEL', 'list');
    await connection.command('EXEC');
    await redis.kill();
    const folder = join(redis.folder, 'appendonlydir');
    const increment = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'))!;
    await appendFile(join(folder, increment), '*3\r\n$3\r\nSET\r\n$4\r\nha');

    const { stdout } = await millrace('redis', 'aof', 'stat', folder, '-o', 'json');
    const { data } = JSON.parse(stdout);
    assert.equal(data.base.keys, 2);
    assert.equal(data.base.server_version, redis.version);
    assert.deepEqual(
      Object.fromEntries(
        Object.entries(data.names).map(([command, count]) => [command, (count as { commands: number }).commands]),
      ),
      { RPUSH: 5, INCR: 1, DEL: 1 },
    );
    assert.deepEqual(data.databases, { 2: 7 });
    assert.equal(data.transactions, 1);
    assert.equal(data.cut_bytes, 19);
    assert.equal(data.dropped_commands, 0);
    assert.ok(Date.parse(data.first_time) <= Date.parse(data.last_time));

    const { stdout: text } = await millrace('redis', 'aof', 'stat', folder);
    assert.match(text, /RPUSH +5 /);
    assert.match(text, /left out +19 B from byte \d+ of the last file/);
    const { stdout: early } = await millrace('redis', 'aof', 'stat', folder, '--until', '2001-01-01T00:00:00Z');
    assert.match(early, /commands +0, with 0 transactions/);
  });
}

test('what is no append-only log is refused, with the place and what to do', async () => {
  await using redis = await launchRedis();
  const file = join(redis.folder, 'one.aof');
  await writeFile(file, '*1\r\n$4\r\nPING\r\nnonsense');
  await refused([file], /REDIS_COMMANDS_DAMAGED.*byte 14/s);
  await refused([redis.folder], /REDIS_AOF_NOT_FOUND.*0 files that end in \.manifest/s);
  await refused([join(redis.folder, 'none')], /CLI_INPUT_UNREADABLE/);
  await refused([file, '--until', 'yesterday'], /"yesterday" is no time/);
  await writeFile(join(redis.folder, 'x.manifest'), 'file one.aof seq 1 type b\nfile two.aof seq 1 type i\n');
  await writeFile(file, '*1\r\n$4\r\nPI');
  await refused([redis.folder], /REDIS_AOF_CUT.*one\.aof ends at byte 10/s);
  await writeFile(join(redis.folder, 'x.manifest'), 'file one.aof\n');
  await refused([redis.folder], /REDIS_AOF_MANIFEST_INVALID.*line 1/s);
});
