/** Everything else that the Redis sink writes, compared with MySQL while it changes, damaged once each, and repaired alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisReader } from '../connectors/redis/reader/reader.ts';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { openMysqlReader } from '../testing/mirrored-shop.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { RedisMirror } from '../testing/redis-mirror.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import type { TableResult } from './table-result.ts';
import { Verification, type VerificationOptions } from './verification.ts';

const never = new AbortController().signal;
const [server] = testServers();

const setup = [
  // A value that is the very text that stands for NULL; a row that is about to leave, one that left, one that stays.
  'CREATE TABLE logins (id INT PRIMARY KEY, name VARCHAR(20), tries INT, until_at DATETIME(3))',
  `INSERT INTO logins VALUES (1, 'ann', NULL, '2099-01-01 10:00:00.125'), (2, '~', 2, NULL), (3, 'old', 1, '2001-01-01'),
    (4, 'going', 1, UTC_TIMESTAMP(3) + INTERVAL 2 SECOND), (5, NULL, NULL, '9999-12-31 23:59:59.999')`,
  'CREATE TABLE codes (id INT PRIMARY KEY, code VARCHAR(20), badge VARCHAR(20), code_until DATETIME(3), badge_until INT)',
  `INSERT INTO codes VALUES (1, 'a', 'b', '2099-01-01 10:00:00.125', 900000), (2, NULL, 'b', '2099-01-01', NULL), (3, 'x', NULL, NULL, 1),
    (4, 'gone', 'b', '2001-01-01', 900000), (5, 'going', 'b', UTC_TIMESTAMP(3) + INTERVAL 2 SECOND, 900000)`,
];

/** `table: status mismatched/missing/extra/unsettled`, and the keys that differ. */
const told = (results: readonly TableResult[]): readonly string[] =>
  results.map(({ target, status, counts, differences }) => {
    const keys = differences.map(({ verdict, key }) => ` ${verdict} ${key}`);
    const { mismatched, missing, extra, unsettled } = counts;
    return `${target.split('.')[1]} ${status} ${[mismatched, missing, extra, unsettled].join('/')}${keys.toSorted().join('')}`;
  });

test('NULL as a text, and times of rows and of fields, are compared and repaired', {
  skip: server === undefined,
}, async () => {
  await using redis = await launchRedis();
  await using inside = await RedisSinkRig.open(redis);
  await using rig = await MysqlRig.open(server!);
  await rig.run(...setup);
  const named = (mapping: Readonly<Record<string, string>>): string =>
    Object.entries(mapping)
      .map(([table, text]) => `${rig.database}.${table}=${text}`)
      .join('; ');
  const settings = {
    'sink.null.fields': 'marker',
    'sink.null.marker': '~',
    'sink.tableId-to-expiry.mapping': named({ logins: 'until_at' }),
    'sink.tableId-to-field-expiry.mapping': named({ codes: 'code(code_until),badge(badge_until)' }),
  };
  await using mirror = new RedisMirror(rig, redis, undefined, settings);
  await mirror.snapshotEnded();
  await using source = openMysqlReader(rig, mirror.name);
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...settings });
  await using target = new RedisReader(config, { pipeline: mirror.name, clock: systemClock, log: silent });
  const verify = async (more: Partial<VerificationOptions> = {}): Promise<readonly string[]> => {
    const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 50, waitMs: 60_000 };
    return told(await new Verification({ ...options, ...more }).run(never));
  };
  const patience = performance.now() + 120_000;
  while ((await verify()).some((line) => line.includes(' snapshotting '))) {
    assert.ok(performance.now() < patience, 'a snapshot never ended in Redis');
    await systemClock.sleep(10);
  }
  const equal = ['codes', 'logins'].map((table) => `${table} equal 0/0/0/0`);
  for (let made = 0; made < 5; made += 1) {
    await rig.run(
      `UPDATE logins SET tries = IF(tries IS NULL, ${made}, NULL), until_at = '2099-01-01 10:00:00.${120 + made}' WHERE id = 1`,
      `UPDATE codes SET code = IF(code IS NULL, 'c${made}', NULL), badge = NULL WHERE id IN (1, 2)`,
      `REPLACE INTO logins VALUES (6, '${made}', 1, UTC_TIMESTAMP(3) + INTERVAL ${made * 200} MICROSECOND)`,
    );
    assert.deepEqual(await verify(), equal);
  }
  await rig.run("UPDATE codes SET code = 'a', badge = 'b' WHERE id IN (1, 2)");
  assert.deepEqual(await verify(), equal);
  assert.deepEqual(await verify({ counts: true }), equal);

  const key = (table: string, id: number): string => `${rig.database}:${table}:${id}`;
  const before = await inside.hash(key('logins', 2));
  // Each of them once: a time that is gone, one that is another, a row, a text, a field, and times of fields.
  await inside.ask('PERSIST', key('logins', 1));
  await inside.ask('PEXPIREAT', key('logins', 2), Date.parse('2098-01-01'));
  await inside.ask('UNLINK', key('logins', 5));
  await inside.ask('HSET', key('logins', 7), 'id', '7');
  await inside.ask('HSET', key('codes', 2), 'badge', '~');
  await inside.ask('HPERSIST', key('codes', 1), 'FIELDS', '1', 'code');
  await inside.ask('HPEXPIREAT', key('codes', 3), Date.parse('2098-01-01'), 'FIELDS', '1', 'code');
  await inside.ask('HDEL', key('codes', 4), 'badge_until');
  const [codes, logins] = await verify();
  assert.equal(codes, 'codes different 4/0/0/0 mismatched 1 mismatched 2 mismatched 3 mismatched 4');
  assert.equal(logins, 'logins different 2/1/1/0 extra 7 mismatched 1 mismatched 2 missing 5');
  assert.deepEqual(await verify({ repair: true }), equal);
  assert.deepEqual(await verify(), equal);
  assert.equal(Number(await inside.ask('PTTL', key('logins', 2))), -1);
  assert.deepEqual(await inside.hash(key('logins', 2)), before);
  assert.equal(Number(await inside.ask('PEXPIRETIME', key('logins', 5))), Date.parse('9999-12-31T23:59:59.999Z'));
  assert.deepEqual(await inside.ask('HPEXPIRETIME', key('codes', 1), 'FIELDS', '1', 'code'), [
    Date.parse('2099-01-01T10:00:00.125Z'),
  ]);

  // In a cache what is wrong is made right, and keeps the time that readers gave it.
  const hot = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, mode: 'hot' });
  await using cache = new RedisReader(hot, { pipeline: mirror.name, clock: systemClock, log: silent });
  const only = ({ name }: { readonly name: string }): boolean => name === 'logins';
  await verify({ target: cache, only, repair: true });
  const until = Date.now() + 3_600_000;
  await inside.ask('HSET', key('logins', 2), 'name', 'spoilt');
  await inside.ask('PEXPIREAT', key('logins', 2), until);
  await inside.ask('UNLINK', key('logins', 1));
  assert.deepEqual(await verify({ target: cache, only }), ['logins different 1/0/0/0 mismatched 2']);
  assert.deepEqual(await verify({ target: cache, only, repair: true }), ['logins equal 0/0/0/0']);
  assert.equal((await inside.hash(key('logins', 2)))['name'], '~');
  assert.ok(Math.abs(Number(await inside.ask('PEXPIRETIME', key('logins', 2))) - until) < 60_000);
});
