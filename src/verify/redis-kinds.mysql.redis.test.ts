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

const rowsOf = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `(${row(i)})`).join(', ');

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

/** A pipeline into Redis, with both sides to read. */
const openRig = async (
  statements: readonly string[],
  settings: (named: (mapping: Readonly<Record<string, string>>) => string) => Readonly<Record<string, unknown>>,
  ofRedis: Readonly<Record<string, string>> = {},
) => {
  const stack = new AsyncDisposableStack();
  const redis = stack.use(await launchRedis({ settings: ofRedis }));
  const inside = stack.use(await RedisSinkRig.open(redis));
  const rig = stack.use(await MysqlRig.open(server!));
  await rig.run(...statements);
  const named = (mapping: Readonly<Record<string, string>>): string =>
    Object.entries(mapping)
      .map(([table, text]) => `${rig.database}.${table}=${text.replaceAll('DB', rig.database)}`)
      .join('; ');
  const ofSink = settings(named);
  const mirror = stack.use(new RedisMirror(rig, redis, undefined, ofSink));
  await mirror.snapshotEnded();
  const source = stack.use(openMysqlReader(rig, mirror.name));
  const reader = (more: Readonly<Record<string, unknown>>): RedisReader => {
    const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...more });
    return stack.use(new RedisReader(config, { pipeline: mirror.name, clock: systemClock, log: silent }));
  };
  const target = reader(ofSink);
  const verify = async (more: Partial<VerificationOptions> = {}): Promise<readonly string[]> => {
    const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 50, waitMs: 60_000 };
    return told(await new Verification({ ...options, ...more }).run(never));
  };
  const patience = performance.now() + 120_000;
  while ((await verify()).some((line) => line.includes(' snapshotting '))) {
    assert.ok(performance.now() < patience, 'a snapshot never ended in Redis');
    await systemClock.sleep(10);
  }
  return { rig, inside, reader, verify, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
};

test('NULL as a text, and times of rows and of fields, are compared and repaired', {
  skip: server === undefined,
}, async () => {
  await using shop = await openRig(setup, (named) => ({
    'sink.null.fields': 'marker',
    'sink.null.marker': '~',
    'sink.tableId-to-expiry.mapping': named({ logins: 'until_at' }),
    'sink.tableId-to-field-expiry.mapping': named({ codes: 'code(code_until),badge(badge_until)' }),
  }));
  const { rig, inside, verify } = shop;
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
  const cache = shop.reader({ mode: 'hot' });
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

const withinSetup = [
  'CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20), state VARCHAR(20))',
  `INSERT INTO orders VALUES ${rowsOf(40, (i) => `${i}, 'note ${i}', ${i % 8 === 0 ? 'NULL' : `'s${i % 3}'`}`)}`,
  'CREATE TABLE `lines` (id INT PRIMARY KEY, order_id INT, sku VARCHAR(20), KEY (order_id))',
  `INSERT INTO \`lines\` VALUES ${rowsOf(120, (i) => `${i}, ${i % 10 === 0 ? 'NULL' : i % 45}, 'é ${i}'`)}`,
  'CREATE TABLE pages (id INT PRIMARY KEY, title VARCHAR(20))',
  `INSERT INTO pages VALUES ${rowsOf(20, (i) => `${i}, 'title ${i}'`)}`,
  'CREATE TABLE texts (page INT, lang VARCHAR(5), body VARCHAR(40), PRIMARY KEY (page, lang))',
  `INSERT INTO texts VALUES ${rowsOf(60, (i) => `${i % 22}, 'l:${i % 7}', 'body ${i}'`)}`,
  'CREATE TABLE steps (id INT PRIMARY KEY, plan INT, at INT, what VARCHAR(20))',
  `INSERT INTO steps VALUES ${rowsOf(90, (i) => `${i}, ${i % 9}, ${i % 11 === 0 ? 'NULL' : 100 - i}, 'step ${i}'`)}`,
  'CREATE TABLE stock (shop VARCHAR(10), id INT PRIMARY KEY, kind VARCHAR(10), level INT)',
  `INSERT INTO stock VALUES ${rowsOf(60, (i) => `'s${i % 4}', ${i}, ${i % 6 === 0 ? 'NULL' : `'k:${i % 3}'`}, ${i % 5}`)}`,
];

test('lists, rows within rows and indexes are compared while they change, and what was damaged is found and repaired alone', {
  skip: server === undefined,
}, async () => {
  await using shop = await openRig(withinSetup, (named) => ({
    'sink.tableId-to-value.mapping': named({ pages: 'json', steps: 'list(what,at)' }),
    'sink.tableId-to-key.mapping': named({ steps: 'steps:%{plan}', stock: 'stock:%{shop}:%{id}' }),
    'sink.tableId-to-nest.mapping': named({ lines: 'DB.orders(id=order_id)', texts: 'DB.pages(id=page) as texts' }),
    'sink.tableId-to-index.mapping': named({ stock: 'kind|kind,level', orders: 'state' }),
  }));
  const { rig, inside, verify } = shop;
  const tables = ['lines', 'orders', 'orders index state', 'pages', 'steps', 'stock'];
  const equal = [...tables, 'stock index kind', 'stock index kind,level', 'texts'].map(
    (name) => `${name} equal 0/0/0/0`,
  );
  const writer = await MysqlRig.open(server!, { database: rig.database });
  const stop = new AbortController();
  const writing = (async () => {
    for (let made = 0; !stop.signal.aborted; made += 1) {
      await writer.run(
        `UPDATE orders SET note = 'n${made}', state = IF(state = 's1', NULL, 's1') WHERE id IN (${made % 40}, 3)`,
        `UPDATE \`lines\` SET order_id = ${made % 45}, sku = 'm${made}' WHERE id IN (${made % 120}, 7)`,
        `UPDATE pages SET title = 't${made}' WHERE id = ${made % 20}`,
        `REPLACE INTO texts VALUES (${made % 22}, 'new', 'made ${made}')`,
        `DELETE FROM texts WHERE page = ${(made + 11) % 22} AND lang = 'new'`,
        `UPDATE steps SET at = IF(at = 1, NULL, 1), plan = ${made % 9} WHERE id IN (${made % 90}, 5)`,
        `UPDATE stock SET shop = 's${made % 4}', kind = IF(kind = 'k:1', NULL, 'k:1'), level = ${made % 5} WHERE id = ${made % 60}`,
      );
    }
  })();
  try {
    for (let round = 0; round < 2; round += 1) assert.deepEqual(await verify(), equal);
    assert.deepEqual(await verify({ counts: true }), equal);
  } finally {
    stop.abort();
    await writing;
    await writer.disconnect();
  }
  await rig.run(
    'UPDATE `lines` SET order_id = id % 45 WHERE order_id IS NOT NULL',
    "DELETE FROM texts WHERE lang = 'new'",
    'UPDATE steps SET plan = id % 9, at = IF(id % 11 = 0, NULL, 100 - id)',
    "UPDATE stock SET shop = CONCAT('s', id % 4), kind = CONCAT('k:', id % 3), level = id % 5",
    "UPDATE orders SET state = 's1'",
  );
  assert.deepEqual(await verify(), equal);
  const all = async (): Promise<unknown> => {
    const keys = ((await inside.ask('KEYS', '*')) as readonly Buffer[]).map(String).toSorted();
    const held = keys.filter((key) => !key.startsWith('millrace:') || key.startsWith('millrace:nest:'));
    return await Promise.all(held.map(async (key) => [key, await sorted(inside, key)]));
  };
  const before = await all();

  const { database } = rig;
  const order = (id: number): string => `${database}:orders:${id}`;
  const page = (id: number): string => `${database}:pages:${id}`;
  const nest = (key: string): string => `millrace:nest:{${key}}`;
  // In a hash: a child that is missing, one that is wrong, one too many; in its nest one that is wrong, and one that is missing.
  await inside.ask('HDEL', order(1), 'lines:1');
  await inside.ask('HSET', order(2), 'lines:2', '{}');
  await inside.ask('HSET', order(3), 'lines:9000', '{"id":9000,"sku":"x"}');
  await inside.ask('HSET', nest(order(4)), 'lines:4', '{}');
  await inside.ask('HDEL', nest(order(6)), 'lines:6');
  await inside.ask('HSET', nest(order(8)), 'lines:9', '{"id":9,"sku":"é 9"}');
  await inside.ask('HSET', order(9), 'note', 'spoilt');
  await inside.ask('UNLINK', order(11));
  // In JSON: its text, its nest, its own part in the nest, a time to live, and no JSON at all.
  await inside.ask('SET', page(1), String(await inside.ask('GET', page(1))).replace('"body', '"Body'));
  await inside.ask('HDEL', nest(page(2)), 'texts:l%3A2');
  await inside.ask('HSET', nest(page(3)), '', '{"id":3,"title":"spoilt"}');
  await inside.ask('PEXPIRE', page(4), 3_600_000);
  await inside.ask('UNLINK', page(5));
  await inside.ask('SET', page(7777), '{"id":7777,"title":"of nobody"}');
  // Lists: their order, an element of the nest that is wrong and one too many, and no list at all.
  await inside.ask('RPUSH', 'steps:1', String(await inside.ask('LPOP', 'steps:1')));
  await inside.ask('HSET', nest('steps:2'), '2', 'no order');
  await inside.ask('HSET', nest('steps:3'), '900', '1 of nobody');
  await inside.ask('UNLINK', 'steps:4');
  // Indexes: one that leads to no row, one to a row that is elsewhere, one that is not there.
  await inside.ask('SADD', `idx:${database}:stock:kind:k%3A2`, 'stock:s1:900', 'stock:s3:3', 'no key of a row');
  await inside.ask('SREM', `idx:${database}:stock:kind:k%3A1`, 'stock:s1:1');
  await inside.ask('UNLINK', `idx:${database}:orders:state:s1`);
  await inside.ask('HSET', 'stock:s2:2', 'level', '77');
  await inside.ask('HSET', 'stock:s9:2', 'shop', 's9', 'id', '2');

  const found = await verify();
  const list = found.findIndex((each) => each.startsWith('steps '));
  // A list that is not what is made of its rows is wrong for each of them.
  assert.match(found[list]!, /^steps different 36\/0\/1\/0 extra 900,3 mismatched 1,1 /);
  const index = found.findIndex((each) => each.startsWith('orders index '));
  assert.match(found[index]!, /^orders index state different 0\/40\/0\/0 missing 0,s1 /);
  assert.deepEqual(
    found.filter((_, i) => i !== list && i !== index),
    [
      'lines different 4/0/2/0 extra 9,8 extra 9000,3 mismatched 1,1 mismatched 2,2 mismatched 4,4 mismatched 6,6',
      'orders different 1/1/0/0 mismatched 9 missing 11',
      'pages different 4/1/1/0 extra 7777 mismatched 1 mismatched 2 mismatched 3 mismatched 4 missing 5',
      'stock different 1/0/1/0 extra 2,s9 mismatched 2,s2',
      'stock index kind different 0/1/2/0 extra 3,k:2,s3 extra 900,k:2,s1 missing 1,k:1,s1',
      'stock index kind,level equal 0/0/0/0',
      'texts different 0/1/0/0 missing 2,l:2',
    ],
  );
  assert.deepEqual(await verify({ repair: true }), equal);
  assert.deepEqual(await verify(), equal);
  // What no row could have is nobody's.
  assert.equal(Number(await inside.ask('SREM', `idx:${database}:stock:kind:k%3A2`, 'no key of a row')), 1);
  assert.deepEqual(await all(), before);
});

/** The file of the JSON module, where there is one: no package of Debian has it. */
const rejson = process.env['MILLRACE_TEST_REJSON'];

test('documents of the JSON module are compared and repaired, with rows of others in them too', {
  skip: server === undefined || rejson === undefined,
}, async () => {
  await using shop = await openRig(
    [
      'CREATE TABLE docs (id INT PRIMARY KEY, big BIGINT UNSIGNED, rate DOUBLE, body VARCHAR(20), doc JSON)',
      `INSERT INTO docs VALUES ${rowsOf(30, (i) => `${i}, 18446744073709551600 + ${i % 9}, ${i} / 7, 'é "${i}"', '{"b": [1.0, ${i}]}'`)}`,
      'CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(20))',
      `INSERT INTO books VALUES ${rowsOf(10, (i) => `${i}, 'book ${i}'`)}`,
      'CREATE TABLE chapters (book INT, no INT, title VARCHAR(20), PRIMARY KEY (book, no))',
      `INSERT INTO chapters VALUES ${rowsOf(40, (i) => `${i % 12}, ${i}, 'chapter ${i}'`)}`,
    ],
    (named) => ({ value: 'redis-json', 'sink.tableId-to-nest.mapping': named({ chapters: 'DB.books(id=book)' }) }),
    { loadmodule: rejson! },
  );
  const { rig, inside, verify } = shop;
  const equal = ['books', 'chapters', 'docs'].map((name) => `${name} equal 0/0/0/0`);
  assert.deepEqual(await verify(), equal);
  const key = (table: string, id: number): string => `${rig.database}:${table}:${id}`;
  await inside.ask('JSON.SET', key('docs', 1), '$.body', '"spoilt"');
  await inside.ask('UNLINK', key('docs', 2));
  await inside.ask('SET', key('docs', 3), 'no document');
  await inside.ask('JSON.SET', key('docs', 99), '$', '{}');
  await inside.ask('JSON.SET', key('books', 1), '$.chapters.1.title', '"spoilt"');
  await inside.ask('JSON.DEL', key('books', 2), '$.chapters.2');
  await inside.ask('HSET', `millrace:nest:{${key('books', 3)}}`, 'chapters:3', '"3":{}');
  await inside.ask('UNLINK', key('books', 4));
  assert.deepEqual(await verify(), [
    'books different 3/1/0/0 mismatched 1 mismatched 2 mismatched 3 missing 4',
    'chapters different 1/0/0/0 mismatched 3,3',
    'docs different 2/1/1/0 extra 99 mismatched 1 mismatched 3 missing 2',
  ]);
  assert.deepEqual(await verify({ repair: true }), equal);
  assert.deepEqual(await verify(), equal);
});

/** What is at a key, in an order that does not depend on who wrote it when. */
const sorted = async (inside: RedisSinkRig, key: string): Promise<unknown> => {
  switch (String(await inside.ask('TYPE', key))) {
    case 'hash':
      return Object.entries(await inside.hash(key)).toSorted();
    case 'set':
      return ((await inside.ask('SMEMBERS', key)) as readonly Buffer[]).map(String).toSorted();
    case 'list':
      return ((await inside.ask('LRANGE', key, 0, -1)) as readonly Buffer[]).map(String);
    default:
      return String(await inside.ask('GET', key));
  }
};
