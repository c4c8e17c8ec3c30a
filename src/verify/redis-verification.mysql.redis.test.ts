/** MySQL compared with its mirror in Redis, while rows change: nothing is called different that is not, and what is planted is found. */
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
import { integers, numbers, typedTable } from '../testing/value-samples.ts';
import type { TableResult } from './table-result.ts';
import { Verification, type VerificationOptions } from './verification.ts';

const never = new AbortController().signal;

const rowsOf = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `(${row(i)})`).join(', ');

const setup = [
  'CREATE TABLE orders (id BIGINT PRIMARY KEY, total DECIMAL(10, 2), note VARCHAR(40), at DATETIME(6))',
  `INSERT INTO orders VALUES ${rowsOf(1_000, (i) => `${i}, ${i}.5, ${i % 9 === 0 ? 'NULL' : `'note ${i}'`}, '2024-02-29 12:00:00.${i}'`)}`,
  'CREATE TABLE tags (tag VARCHAR(30), part INT UNSIGNED, n INT, `größe cm` INT DEFAULT 7, PRIMARY KEY (tag, part))',
  `INSERT INTO tags (tag, part, n) VALUES ${rowsOf(120, (i) => `'${i % 2 ? 'Tag:' : 'tAG%'} ${i}', ${i}, ${i}`)}`,
  'CREATE TABLE hollow (id INT PRIMARY KEY)',
  // Long values make the server keep the fields of a hash in no order.
  'CREATE TABLE letters (id INT PRIMARY KEY, a VARCHAR(200), b VARCHAR(200), c VARCHAR(200))',
  `INSERT INTO letters VALUES ${rowsOf(350, (i) => `${i}, REPEAT('a', 70 + ${i % 50}), REPEAT('ü', ${i % 90}), ${i}`)}`,
  ...typedTable('typed', { ...integers, ...numbers }),
];

/** `table: status rows/mismatched/missing/extra/unsettled`, and the keys that differ. */
const told = (results: readonly TableResult[]): readonly string[] =>
  results.map(({ table, status, method, counts, differences }) => {
    const keys = differences.map(({ verdict, key }) => ` ${verdict} ${key}`);
    const { mismatched, missing, extra, unsettled } = counts;
    return `${table.split('.')[1]} ${method} ${status} ${[mismatched, missing, extra, unsettled].join('/')}${keys.toSorted().join('')}`;
  });

const [server] = testServers();

test('a mirror in Redis is compared while rows change, and what was planted there is found and repaired', {
  skip: server === undefined,
}, async () => {
  await using redis = await launchRedis();
  await using inside = await RedisSinkRig.open(redis);
  await using rig = await MysqlRig.open(server!);
  await rig.run(...setup);
  await using mirror = new RedisMirror(rig, redis);
  await mirror.snapshotEnded();
  await using source = openMysqlReader(rig, mirror.name);
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port });
  const context = { pipeline: mirror.name, clock: systemClock, log: silent };
  await using target = new RedisReader(config, context);
  const verify = async (more: Partial<VerificationOptions> = {}): Promise<readonly string[]> => {
    const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 100, waitMs: 60_000 };
    return told(await new Verification({ ...options, ...more }).run(never));
  };
  // The pipeline may have read the end of the last table before Redis has it.
  const patience = performance.now() + 120_000;
  while ((await verify()).some((line) => line.includes(' snapshotting '))) {
    assert.ok(performance.now() < patience, 'a snapshot never ended in Redis');
    await systemClock.sleep(10);
  }
  const equal = ['hollow', 'letters', 'orders', 'tags', 'typed'].map((table) => `${table} lookups equal 0/0/0/0`);

  const writer = await MysqlRig.open(server!, { database: rig.database });
  const stop = new AbortController();
  const writing = (async () => {
    for (let made = 0; !stop.signal.aborted; made += 1) {
      await writer.run(
        `UPDATE orders SET total = total + 1, note = 'n${made}' WHERE id IN (${made % 900}, 7, ${(made * 7) % 900})`,
        `UPDATE orders SET note = IF(note = 'on', NULL, 'on') WHERE id = 500`,
        `INSERT INTO orders VALUES (${10_000 + made}, ${made}, 'new', NULL)`,
        `DELETE FROM orders WHERE id = ${10_000 + made - 5}`,
        `UPDATE tags SET tag = CONCAT('moved ', ${made}) WHERE part = ${made % 100}`,
      );
    }
  })();
  try {
    for (let round = 0; round < 3; round += 1) assert.deepEqual(await verify(), equal);
    const counted = equal.map((line) => line.replace('lookups', 'counts'));
    assert.deepEqual(await verify({ counts: true }), counted);
  } finally {
    stop.abort();
    await writing;
    await writer.disconnect();
  }

  const key = (table: string, id: string): string => `${rig.database}:${table}:${id}`;
  await inside.ask('HSET', key('orders', '901'), 'note', 'not what MySQL says');
  await inside.ask('HSET', key('orders', '909'), 'note', 'not NULL');
  await inside.ask('HDEL', key('orders', '902'), 'total');
  await inside.ask('UNLINK', key('orders', '903'));
  await inside.ask('SET', key('orders', '904'), 'a string');
  await inside.ask('PEXPIRE', key('orders', '905'), 3_600_000);
  await inside.ask('HSET', key('orders', '777777'), 'id', '777777');
  await inside.ask('HSET', key('hollow', '5'), 'id', '5');
  await inside.ask('HSET', key('letters', '340'), 'b', 'short');
  // Keys that are not of any table: another template, and one that could not have been written.
  await inside.ask('HSET', key('orders', '1:2'), 'id', '1');
  await inside.ask('HSET', key('order', '1'), 'id', '1');
  const planted = [
    'hollow lookups different 0/0/1/0 extra 5',
    equal[1]!.replace('equal 0', 'different 1').concat(' mismatched 340'),
    'orders lookups different 5/1/1/0 extra 777777 mismatched 901 mismatched 902 mismatched 904 mismatched 905 mismatched 909 missing 903',
    ...equal.slice(3),
  ];
  assert.deepEqual(await verify(), planted);
  // One is missing and one is too much: no count tells of those.
  assert.deepEqual(await verify({ counts: true }), [
    'hollow counts different 0/0/1/0',
    ...equal.slice(1).map((line) => line.replace('lookups', 'counts')),
  ]);
  const fixes: string[] = [];
  assert.deepEqual(await verify({ onFix: (_, lines) => void fixes.push(...lines) }), planted);
  assert.ok(fixes.includes(`UNLINK "${key('hollow', '5')}"`), fixes.join('\n'));
  assert.deepEqual(await verify({ repair: true }), equal);
  assert.equal(await inside.ask('PTTL', key('orders', '905')), -1);
  assert.equal((await inside.hash(key('orders', '904')))['note'], 'note 904');
  assert.deepEqual(await verify(), equal);

  // As a cache rows need not be there and may leave; what readers keep beside them is none.
  const cached = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, mode: 'hot' });
  await using cache = new RedisReader(cached, context);
  await inside.ask('UNLINK', key('orders', '903'), key('orders', '904'));
  await inside.ask('PEXPIRE', key('orders', '905'), 3_600_000);
  await inside.ask('HSET', key('orders', '906'), 'note', 'old');
  await inside.ask('HSET', key('orders', '888888'), '\0none', '');
  const asCache = equal.with(2, 'orders lookups different 1/0/0/0 mismatched 906');
  assert.deepEqual(await verify({ target: cache }), asCache);
});
