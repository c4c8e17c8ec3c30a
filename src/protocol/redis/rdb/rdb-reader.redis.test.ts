import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RedisConnection } from '../../../connectors/redis/connection.ts';
import { isMillraceError } from '../../../core/errors.ts';
import { expiresAtMs, fillEveryEncoding, fillExpiringFields, repeatedText } from '../../../testing/redis-corpus.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../../testing/servers/redis-program.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { type CollectedKey, CollectingVisitor } from './collecting-visitor.ts';
import { RdbReader } from './rdb-reader.ts';

/** The same facts, asked of the server itself. */
const asked = async (redis: RedisConnection, key: CollectedKey): Promise<CollectedKey['values']> => {
  const name = Buffer.from(key.name, 'latin1');
  const texts = async (...args: (string | Buffer)[]) =>
    ((await redis.command(...args)) as Buffer[]).map((each) => each.toString('latin1'));
  switch (key.kind) {
    case 'string':
      return [((await redis.command('GET', name)) as Buffer).toString('latin1')];
    case 'list':
      return await texts('LRANGE', name, '0', '-1');
    case 'set':
      return (await texts('SMEMBERS', name)).toSorted();
    case 'hash': {
      const pairs = await texts('HGETALL', name);
      const fields = pairs.flatMap((field, i) => (i % 2 === 0 ? [[field, pairs[i + 1]!, null]] : []));
      return fields.toSorted(byFirst);
    }
    case 'zset': {
      const pairs = await texts('ZRANGE', name, '0', '-1', 'WITHSCORES');
      const scores = pairs.flatMap((member, i) => (i % 2 === 0 ? [[member, score(pairs[i + 1]!)]] : []));
      return scores.toSorted(byFirst);
    }
    default: {
      const entries = (await redis.command('XRANGE', name, '-', '+')) as [Buffer, Buffer[]][];
      const pending = (await redis.command('XPENDING', name, 'readers')) as [number];
      return [
        ...entries.map(([id, pairs]) => [String(id), ...pairs.map((text) => text.toString('latin1'))]),
        ['group', 'readers', pending[0], 2],
      ];
    }
  }
};

const score = (text: string): number => (/inf/.test(text) ? (text.startsWith('-') ? -1 : 1) * Infinity : Number(text));
const byFirst = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);

const sorted = (key: CollectedKey): CollectedKey['values'] => {
  if (key.kind === 'set') return key.values.toSorted();
  if (key.kind === 'hash' || key.kind === 'zset') {
    return (key.values as (readonly (string | number | null)[])[]).toSorted(byFirst);
  }
  return key.values;
};

const read = (file: Buffer, pieceBytes = file.length): CollectingVisitor => {
  const visitor = new CollectingVisitor();
  const reader = new RdbReader(visitor);
  for (let at = 0; at < file.length; at += pieceBytes) reader.write(file.subarray(at, at + pieceBytes));
  reader.end();
  return visitor;
};

for (const { name } of redisCatalogue) {
  test(`${name}: what a saved file holds is what the server answers, however the file is cut`, async () => {
    await using redis = await launchRedis({ server: name });
    await using connection = await connectRedis(redis);
    await fillEveryEncoding(connection);
    const expiring = await fillExpiringFields(connection);
    assert.equal(await connection.command('SAVE'), 'OK');
    const file = await readFile(join(redis.folder, 'dump.rdb'));
    const whole = read(file);

    assert.equal(whole.facts.get('redis-bits'), '64');
    assert.equal(whole.libraries.length, 1);
    const inFirst = whole.keys.filter(({ database }) => database === 0);
    assert.equal(inFirst.length, await connection.command('DBSIZE'));
    assert.deepEqual(
      whole.keys.filter(({ database }) => database === 3).map((key) => [key.name, key.values]),
      [['elsewhere', ['1']]],
    );
    for (const key of inFirst) {
      if (key.name.startsWith('hash:ttl')) continue;
      assert.deepEqual(sorted(key), await asked(connection, key), `${key.name} (${key.encoding})`);
      assert.equal(key.expiresAtMs, key.name === 'expiring' ? expiresAtMs : null);
    }
    if (expiring) {
      const ttlOf = (key: string, field: string) =>
        (whole.keys.find((each) => each.name === key)!.values as [string, string, number | null][]).find(
          ([each]) => each === field,
        )![2];
      assert.equal(ttlOf('hash:ttl', 'a'), expiresAtMs);
      assert.equal(ttlOf('hash:ttl', 'b'), null);
      assert.equal(ttlOf('hash:ttl:large', 'field 7'), expiresAtMs + 5);
      assert.equal(ttlOf('hash:ttl:large', 'field 8'), expiresAtMs);
      assert.equal(ttlOf('hash:ttl:large', 'field 9'), null);
    }
    for (const pieceBytes of [1, 7, 4096]) assert.deepEqual(read(file, pieceBytes), whole, `pieces of ${pieceBytes}`);
  });
}

test('a file cut at any byte, or with any bit turned, is refused with a code, or what lies behind its end is shown', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  await connection.command('HSET', 'hash', 'a', '1', 'b', repeatedText);
  await connection.command('RPUSH', 'list', '1', '70000', 'text');
  await connection.command('SADD', 'set', '1', '2');
  await connection.command('ZADD', 'zset', '1.5', 'm');
  await connection.command('XADD', 'stream', '5-1', 'f', 'v');
  await connection.command('XGROUP', 'CREATE', 'stream', 'g', '0');
  await connection.command('SAVE');
  const file = await readFile(join(redis.folder, 'dump.rdb'));
  read(file);
  for (let length = 0; length < file.length; length += 1) {
    assert.throws(
      () => read(file.subarray(0, length)),
      (error) => isMillraceError(error, 'REDIS_RDB_CUT'),
      `cut at ${length}`,
    );
  }
  for (let bit = 0; bit < file.length * 8; bit += 1) {
    const turned = Buffer.from(file);
    turned[bit >> 3] = turned[bit >> 3]! ^ (1 << (bit & 7));
    let rest: Buffer | null = null;
    try {
      const reader = new RdbReader(new CollectingVisitor());
      rest = reader.write(turned);
      reader.end();
    } catch (error) {
      assert.ok(isMillraceError(error) && error.code.startsWith('REDIS_RDB_'), `bit ${bit}: ${error}`);
      continue;
    }
    // A version below 5 has no checksum: then the checksum's bytes are left over.
    assert.equal(rest?.length, 8, `bit ${bit} went unnoticed`);
  }
});
