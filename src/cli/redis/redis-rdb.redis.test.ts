import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchRedis } from '../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../testing/servers/redis-rig.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const millrace = async (...args: string[]) => await promisify(execFile)(process.execPath, [main, ...args]);

test('a saved file is counted and shown: types, elements, expiries, databases and the largest keys', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  await connection.command('SET', 'old', '1');
  await connection.command('SET', Buffer.from([0xff, 0x41]), 'x'.repeat(3_000), 'EX', '3600');
  await connection.command('HSET', 'user:1', 'name', 'Ada', 'born', '1815');
  await connection.command('SADD', 'set', 'a', 'b', 'c');
  await connection.command('SAVE');
  const file = join(redis.folder, 'dump.rdb');

  const { stdout: json } = await millrace('redis', 'rdb', 'stat', file, '--top', '2', '-o', 'json');
  const { data } = JSON.parse(json);
  assert.equal(data.keys, 4);
  assert.equal(data.elements, 7);
  assert.equal(data.expiring, 1);
  assert.equal(data.expired, 0);
  assert.deepEqual(
    Object.entries(data.expiries).filter(([, keys]) => keys !== 0),
    [['within 1 hour', 1]],
  );
  assert.equal(data.expiring_fields, 0);
  assert.equal(data.server_version, redis.version);
  assert.deepEqual(data.types.hash, { keys: 1, elements: 2, bytes: data.types.hash.bytes, expiring: 0 });
  assert.deepEqual(data.databases, { 0: 4 });
  assert.equal(data.largest.length, 2);

  const { stdout: text } = await millrace('redis', 'rdb', 'stat', file);
  assert.match(text, /\\xffA +string/);
  assert.match(text, /expiries +within 1 hour 1$/m);
  assert.match(text, /keys +4, of which 1 expire and 0 have expired/);

  const { stdout: dumped } = await millrace('redis', 'rdb', 'dump', file, '--key', 'user:', '--key', 'set');
  assert.match(dumped, /^user:1 {2}\(hash as listpack, database 0, \d+ bytes\)\n {2}name {2}Ada\n {2}born {2}1815$/m);
  assert.match(dumped, /^set {2}\(set as listpack/m);
  assert.doesNotMatch(dumped, /old/);
  const { stdout: lines } = await millrace('redis', 'rdb', 'dump', file, '-o', 'jsonl', '--elements', '1');
  const keys = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(keys.length, 4);
  const set = keys.find(({ key }) => key === 'set');
  assert.deepEqual([set.type, set.elements.length, set.left_out, set.expires_at], ['set', 1, 2, null]);
  const bytes = keys.find(({ key }) => key.base64 === '/0E=');
  assert.deepEqual(bytes.elements, ['x'.repeat(3_000)]);
  assert.ok(Date.parse(bytes.expires_at) > Date.now());
  const { stdout: one } = await millrace('redis', 'rdb', 'dump', file, '-o', 'jsonl', '--limit', '1');
  assert.equal(one.trim().split('\n').length, 1);

  const none = join(redis.folder, 'none.rdb');
  await writeFile(none, 'no file of this kind');
  await assert.rejects(millrace('redis', 'rdb', 'stat', none), (error: { code: number; stderr: string }) => {
    assert.match(error.stderr, /REDIS_RDB_NOT_A_FILE/);
    return error.code !== 0;
  });
});
