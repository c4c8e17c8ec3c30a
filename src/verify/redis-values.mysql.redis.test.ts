/** Rows that are JSON, strings, sets and sorted sets in Redis, compared with MySQL while they change, damaged, and repaired. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisReader } from '../connectors/redis/reader/reader.ts';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { isMillraceError } from '../core/errors.ts';
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

const rowsOf = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `(${row(i)})`).join(', ');

const setup = [
  'CREATE TABLE pages (id BIGINT PRIMARY KEY, total DECIMAL(10, 2), body VARBINARY(40), doc JSON, rate FLOAT, big BIGINT UNSIGNED)',
  `INSERT INTO pages VALUES ${rowsOf(200, (i) => `${i}, ${i}.50, X'00FF${i % 10}0', '{"b": 1.0, "a": [${i}]}', ${i} / 7, 18446744073709551000 + ${i}`)}`,
  'CREATE TABLE notes (id INT PRIMARY KEY, content VARCHAR(40))',
  `INSERT INTO notes VALUES ${rowsOf(60, (i) => `${i}, ${i % 6 === 0 ? 'NULL' : `'ü ${i}'`}`)}`,
  'CREATE TABLE tags (article INT, tag VARCHAR(30), PRIMARY KEY (article, tag))',
  `INSERT INTO tags VALUES ${rowsOf(60, (i) => `${i % 5}, 'tag ${i}'`)}`,
  'CREATE TABLE ranks (season INT, player BIGINT, points DECIMAL(30, 10), PRIMARY KEY (season, player))',
  `INSERT INTO ranks VALUES ${rowsOf(60, (i) => `${i % 3}, ${i}, ${i % 6 === 0 ? 'NULL' : `1234567890123456789.${i}`}`)}`,
  'CREATE TABLE sessions (id INT PRIMARY KEY, until_at DATETIME(3))',
  "INSERT INTO sessions VALUES (1, '2099-01-01 10:00:00.125'), (2, NULL), (3, '2001-01-01'), (4, '2099-01-01')",
  'CREATE TABLE logins (id INT PRIMARY KEY, name VARCHAR(20), until_at DATETIME(3))',
  "INSERT INTO logins VALUES (1, 'ann', '2099-01-01 10:00:00.125'), (2, 'bob', NULL)",
];

/** `table: status mismatched/missing/extra/unsettled`, and the keys that differ. */
const told = (results: readonly TableResult[]): readonly string[] =>
  results.map(({ table, status, counts, differences }) => {
    const keys = differences.map(({ verdict, key }) => ` ${verdict} ${key}`);
    const { mismatched, missing, extra, unsettled } = counts;
    return `${table.split('.')[1]} ${status} ${[mismatched, missing, extra, unsettled].join('/')}${keys.toSorted().join('')}`;
  });

const [server] = testServers();

test('JSON, strings, sets and sorted sets are compared while rows change, and what was damaged is found and repaired alone', {
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
    'sink.tableId-to-value.mapping': named({
      pages: 'json',
      sessions: 'json',
      notes: 'string(content)',
      tags: 'set(tag)',
      ranks: 'sorted-set(player,points)',
    }),
    'sink.tableId-to-key.mapping': named({ tags: 'tags:%{article}', ranks: 'ranks:%{season}' }),
    'sink.tableId-to-expiry.mapping': named({ sessions: 'until_at', logins: 'until_at' }),
  };
  await using mirror = new RedisMirror(rig, redis, undefined, settings);
  await mirror.snapshotEnded();
  await using source = openMysqlReader(rig, mirror.name);
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...settings });
  const context = { pipeline: mirror.name, clock: systemClock, log: silent };
  await using target = new RedisReader(config, context);
  const verify = async (more: Partial<VerificationOptions> = {}): Promise<readonly string[]> => {
    const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 50, waitMs: 60_000 };
    return told(await new Verification({ ...options, ...more }).run(never));
  };
  const patience = performance.now() + 120_000;
  while ((await verify()).some((line) => line.includes(' snapshotting '))) {
    assert.ok(performance.now() < patience, 'a snapshot never ended in Redis');
    await systemClock.sleep(10);
  }
  const equal = ['logins', 'notes', 'pages', 'ranks', 'sessions', 'tags'].map((table) => `${table} equal 0/0/0/0`);

  const writer = await MysqlRig.open(server!, { database: rig.database });
  const stop = new AbortController();
  const writing = (async () => {
    for (let made = 0; !stop.signal.aborted; made += 1) {
      await writer.run(
        `UPDATE pages SET total = total + 1, doc = JSON_OBJECT('n', ${made}) WHERE id IN (${made % 100}, 7)`,
        `UPDATE notes SET content = IF(content = 'on', NULL, 'on') WHERE id = 5`,
        `INSERT INTO tags VALUES (${made % 5}, 'new ${made}')`,
        `DELETE FROM tags WHERE tag = 'new ${made - 5}'`,
        `UPDATE ranks SET points = IF(points = 1, NULL, 1) WHERE player = ${made % 30}`,
      );
    }
  })();
  try {
    for (let round = 0; round < 2; round += 1) assert.deepEqual(await verify(), equal);
    assert.deepEqual(await verify({ counts: true }), equal);
  } finally {
    stop.abort();
    await writing;
    await writer.run("DELETE FROM tags WHERE tag LIKE 'new%'");
    await writer.disconnect();
  }

  const key = (table: string, id: number): string => `${rig.database}:${table}:${id}`;
  const page = String(await inside.ask('GET', key('pages', 150)));
  await inside.ask('SET', key('pages', 150), page.replace('"150.50"', '"150.5"'));
  await inside.ask('UNLINK', key('pages', 151));
  await inside.ask('UNLINK', key('pages', 153));
  await inside.ask('HSET', key('pages', 153), 'id', '153');
  await inside.ask('PEXPIRE', key('pages', 154), 3_600_000);
  await inside.ask('SET', key('pages', 7777), page);
  await inside.ask('SET', key('notes', 6), 'NULL in MySQL');
  await inside.ask('APPEND', key('notes', 7), ' ');
  await inside.ask('SREM', 'tags:1', 'tag 1');
  await inside.ask('SADD', 'tags:1', 'of nobody');
  await inside.ask('PEXPIRE', 'tags:3', 3_600_000);
  await inside.ask('UNLINK', 'tags:4');
  await inside.ask('SET', 'tags:4', 'no set');
  await inside.ask('ZADD', 'ranks:1', '5', '40');
  await inside.ask('ZADD', 'ranks:2', '5', '8000', '5', 'no number');
  await inside.ask('PERSIST', key('sessions', 1));
  await inside.ask('PEXPIREAT', key('sessions', 4), '4070908800001');
  await inside.ask('HSET', key('logins', 1), 'name', 'mallory');
  // Keys of nobody.
  await inside.ask('SET', key('pages', 1).concat(':2'), 'x');
  await inside.ask('SET', `${rig.database}:pages:abc`, 'x');

  const [logins, notes, pages, ranks, sessions, tags] = await verify();
  assert.equal(logins, 'logins different 1/0/0/0 mismatched 1');
  assert.equal(notes, 'notes different 2/0/0/0 mismatched 6 mismatched 7');
  assert.equal(pages, 'pages different 3/1/1/0 extra 7777 mismatched 150 mismatched 153 mismatched 154 missing 151');
  assert.equal(ranks, 'ranks different 1/0/1/0 extra 2,8000 mismatched 1,40');
  assert.equal(sessions, 'sessions different 2/0/0/0 mismatched 1 mismatched 4');
  assert.match(
    tags!,
    /^tags different 12\/13\/1\/0 extra 1,of nobody mismatched 3,tag 13 .* missing 1,tag 1 missing 4,tag 14 /,
  );
  // Whether a key is there, and not what it holds.
  assert.equal((await verify({ depth: 'keys' }))[2], 'pages different 0/1/1/0 extra 7777 missing 151');

  const untouched = await inside.ask('GET', key('pages', 199));
  assert.deepEqual(await verify({ repair: true }), equal);
  assert.deepEqual(await verify(), equal);
  assert.equal(String(await inside.ask('GET', key('pages', 150))), page);
  assert.equal(Number(await inside.ask('PTTL', key('pages', 154))), -1);
  for (const table of ['sessions', 'logins']) {
    const until = await inside.ask('PEXPIRETIME', key(table, 1));
    assert.equal(Number(until), Date.parse('2099-01-01T10:00:00.125Z'), table);
  }
  assert.deepEqual(await inside.ask('GET', key('pages', 199)), untouched);
  assert.equal(String(await inside.ask('GET', `${rig.database}:pages:abc`)), 'x');
  assert.notEqual(await inside.ask('ZSCORE', 'ranks:2', 'no number'), null);

  // What readers bring by themselves is made right where it is wrong, keeps its time, and may be away.
  const { 'sink.tableId-to-value.mapping': values } = settings;
  const cached = { 'sink.tableId-to-value.mapping': values.split(';')[0], mode: 'hot' };
  await using cache = new RedisReader(
    redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...cached }),
    context,
  );
  await inside.ask('SET', key('pages', 10), '{}', 'EX', 3_600);
  await inside.ask('PEXPIRE', key('pages', 11), 3_600_000);
  const only = ({ name }: { readonly name: string }): boolean => name === 'pages';
  assert.deepEqual(await verify({ target: cache, only }), ['pages different 1/0/0/0 mismatched 10']);
  assert.deepEqual(await verify({ target: cache, only, repair: true }), ['pages equal 0/0/0/0']);
  assert.match(String(await inside.ask('GET', key('pages', 10))), /^\{"id":10,/);
  assert.ok(Number(await inside.ask('PTTL', key('pages', 10))) > 0);

  const asStream = { 'sink.tableId-to-value.mapping': named({ notes: 'stream' }), key: 'notes' };
  await using streams = new RedisReader(
    redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...asStream }),
    context,
  );
  await assert.rejects(verify({ target: streams, only: ({ name }) => name === 'notes' }), (error) =>
    isMillraceError(error, 'VERIFY_NOTHING'),
  );
});
