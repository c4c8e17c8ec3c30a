import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MillraceError } from '../../../core/errors.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { HeldRows, readRedis, readRedisFile } from '../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';

const settings = { schema: 'CREATE TABLE d.users (id INT PRIMARY KEY, score INT)', key: 'user:%{id}' };
const quick = { 'repl-diskless-sync-delay': '0' };

/** What was refused, with the place that the message names and the hint's remedy. No value of a row is in either. */
interface Refusal {
  readonly code: string;
  readonly place: RegExp;
  readonly remedy: RegExp;
}

const refused = async (reading: Promise<void>, { code, place, remedy }: Refusal): Promise<void> => {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof MillraceError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, place);
    assert.match(error.hint, remedy);
    assert.doesNotMatch(`${error.message}${error.hint}`, /secret value/);
    return true;
  });
};

const never = (): boolean => false;

test('a server that does not let us in, or holds what is no row, is refused with a code, a place and a remedy', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  await connection.command('ACL', 'SETUSER', 'reader', 'on', '>right', '~*', '+@all', '-psync');
  const server = `${redis.host}:${redis.port}`.replaceAll('.', '\\.');
  const account = { username: 'reader', password: 'right' };
  await refused(readRedis(redis, new HeldRows(), never, { ...settings, ...account, password: 'wrong' }), {
    code: 'REDIS_AUTHENTICATION_FAILED',
    place: new RegExp(`${server} refused the login of reader`),
    remedy: /`username` and `password`/,
  });
  await refused(readRedis(redis, new HeldRows(), never, { ...settings, ...account }), {
    code: 'REDIS_NOT_PERMITTED',
    place: new RegExp(`${server} does not let reader run psync`),
    remedy: /ACL SETUSER name \+command/,
  });
  const keys: readonly (readonly [readonly [string, ...string[]], RegExp])[] = [
    [['HSET', 'user:seven', 'score', '1'], /the key user:seven .*column id/],
    [['HSET', 'user:7', 'score', 'secret value'], /the key user:7 .*column score/],
    [['HSET', 'user:8', 'extra', 'secret value'], /the key user:8 .*the field extra/],
    [['SET', 'user:9', 'secret value'], /the key user:9 .*no hash/],
  ];
  for (const [command, place] of keys) {
    await connection.command('FLUSHALL');
    await connection.command(...command);
    const remedy = /Correct the key in Redis, or the declaration in `schema`/;
    await refused(readRedis(redis, new HeldRows(), never, settings), { code: 'REDIS_KEY_UNREADABLE', place, remedy });
  }
});

test('settings that do not go with each other, or with the server, are refused by the key to change', async () => {
  await using redis = await launchRedis({ settings: quick });
  const server = `${redis.host}:${redis.port}`.replaceAll('.', '\\.');
  const others = '; CREATE TABLE d.others (id INT, no INT, PRIMARY KEY (id, no))';
  const mapping = 'source.tableId-to-key.mapping';
  for (const [more, place] of [
    [{ database: 99 }, new RegExp(`^database: ${server} has no database 99`)],
    [{ 'sentinel.master-name': 'main' }, new RegExp(`^sentinel.master-name: ${server} is no Sentinel`)],
    [{ schema: settings.schema + others, [mapping]: 'd.others=user:%{id}%{no}' }, /%{no}.*nothing separates no/],
    [{ schema: settings.schema + others, [mapping]: 'd.others=user:%{id}/%{no}' }, /of d\.users and of d\.others/],
  ] as const) {
    await assert.rejects(readRedis(redis, new HeldRows(), never, { ...settings, ...more }), (error) => {
      assert.ok(error instanceof MillraceError, String(error));
      assert.match(error.code, /^CONFIG_(WRONG_VALUE|TEMPLATE)$/);
      assert.match(error.message, place);
      return true;
    });
  }
});

test('keys of no table are passed over, and counted where all keys are read', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  await connection.command('MSET', 'user:1:2', 'a', 'user', 'b', 'users:1', 'c');
  await connection.command('HSET', 'user:1', 'score', '7');
  for (const more of [{}, { mode: 'scan' }]) {
    const held = new HeldRows();
    await readRedis(redis, held, () => held.said.some((words) => /passed over/.test(words)), { ...settings, ...more });
    assert.deepEqual([...held.rows.values()], [[1, 7]]);
  }
});

const rdb = (text: string): Buffer => Buffer.from(text, 'latin1');
/** A file of version 11 with one hash of one field, as a table of one entry, and no checksum. */
const whole = rdb('REDIS0011\xfe\x00\x04\x06user:7\x01\x05score\x015\xff\0\0\0\0\0\0\0\0');
const files: readonly (readonly [string, Buffer, RegExp])[] = [
  ['that is empty', rdb(''), /bad\.rdb cannot be read as rows: .*ends at byte 0/],
  ['that is cut', whole.subarray(0, 20), /bad\.rdb .*ends at byte 20/],
  ['of a newer version', rdb('REDIS0099\xff'), /bad\.rdb .*version 0099 .* 1\d is the newest/],
  ['with a type nobody knows', rdb('REDIS0011\xfe\x00\xc8\x01k\x01v\xff'), /bad\.rdb .*byte 11 .*type 200/],
  ['of another program', rdb('PK\x03\x04'), /bad\.rdb .*byte 0/],
  [
    'whose log is damaged',
    Buffer.concat([encodeCommand('SELECT', '0'), rdb('*2\r\n$3\r\nDELxx$1\r\nk\r\n')]),
    /bad\.rdb .*byte 23/,
  ],
];

for (const [what, bytes, place] of files) {
  test(`a file ${what} is refused with its name, the byte and a remedy, and no row is read`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bad-input-'));
    try {
      const path = join(folder, 'bad.rdb');
      await writeFile(path, bytes);
      const held = new HeldRows();
      await refused(readRedisFile(path, held, settings), {
        code: 'REDIS_FILE_UNREADABLE',
        place,
        remedy: /Copy it again from the server/,
      });
      assert.equal(held.rows.size, 0);
      await writeFile(path, whole);
      await readRedisFile(path, held, settings);
      assert.deepEqual([...held.rows.values()], [[7, 5]]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
