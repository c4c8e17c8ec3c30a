import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { HeldRows, readRedis, readRedisFile } from '../../../../testing/redis-source-rig.ts';
import { SeededRandom } from '../../../../testing/seeded-random.ts';
import { launchRedis } from '../../../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../../../testing/servers/redis-program.ts';
import { connectRedis } from '../../../../testing/servers/redis-rig.ts';

const settings = {
  schema: `CREATE TABLE d.scores (id INT, member VARCHAR(40), score DOUBLE, PRIMARY KEY (id, member));
    CREATE TABLE d.items (id INT, position INT, item VARCHAR(40), PRIMARY KEY (id, position))`,
  'source.tableId-to-key.mapping': 'd.scores=scores:%{id};d.items=items:%{id}',
  'source.tableId-to-type.mapping': 'd.scores=zset;d.items=list',
};

type Words = readonly string[];

/** What commands read that store what they find: words, numbers, weights, hashes, places. */
const given = (random: SeededRandom): readonly Words[] => {
  const numbers = (): string => String(random.pick([random.integer(-9, 30), random.integer(-99, 99) / 10]));
  return [
    ...Array.from({ length: 12 }, (_, id) => ['SET', `weight:w${id}`, numbers()]),
    ...Array.from({ length: 9 }, (_, id) => ['HSET', `hash:w${id}`, 'a', numbers(), 'b', `text ${id}`]),
    ['RPUSH', 'list', ...Array.from({ length: 12 }, () => `w${random.integer(0, 14)}`)],
    ['SADD', 'set', ...Array.from({ length: 12 }, () => `w${random.integer(0, 14)}`)],
    ['SADD', 'numbers', ...Array.from({ length: 12 }, numbers)],
    ['ZADD', 'zset', ...Array.from({ length: 12 }, () => [numbers(), `w${random.integer(0, 14)}`]).flat()],
    ...Array.from({ length: 40 }, (_, id) => ['GEOADD', 'places', degrees(random, 180), degrees(random, 85), `p${id}`]),
    ...Array.from({ length: 40 }, (_, id) => ['GEOADD', 'near', degrees(random, 1), degrees(random, 1), `p${id}`]),
  ];
};

const degrees = (random: SeededRandom, most: number): string =>
  String(random.integer(-most * 1_000, most * 1_000) / 1_000);

/** A command that stores what it finds under the key of that number. */
const storing = (random: SeededRandom, number: number): Words => {
  const limit = random.pick<Words>([[], ['LIMIT', '1', '3'], ['LIMIT', '-1', '99'], ['LIMIT', '20', '3']]);
  const order = random.pick<Words>([[], ['ALPHA'], ['DESC'], ['ALPHA', 'DESC']]);
  const gets = random.pick<Words>([[], ['GET', '#', 'GET', 'hash:*->b'], ['GET', 'weight:*', 'GET', 'none']]);
  const by = random.pick<Words>([
    ['BY', 'weight:*'],
    ['BY', 'hash:*->a'],
    ['BY', 'hash:*->'],
    ['BY', 'fixed'],
  ]);
  const count = random.pick<Words>([[], ['COUNT', '3'], ['COUNT', '5', 'DESC'], ['ASC']]);
  const wide = random.pick([true, false]);
  const from = wide ? 'places' : 'near';
  const point = (): Words => [degrees(random, wide ? 170 : 1), degrees(random, wide ? 60 : 1)];
  const radius: Words = [String(random.integer(1, wide ? 2_500 : 90)), random.pick(['km', 'mi'])];
  const member = `p${random.integer(0, 39)}`;
  const scores = `scores:${number}`;
  return random.pick<() => Words>([
    () => [
      'SORT',
      random.pick(['list', 'set', 'zset']),
      ...by,
      ...order,
      ...limit,
      ...gets,
      'STORE',
      `items:${number}`,
    ],
    () => [
      'SORT',
      random.pick(['list', 'set', 'zset', 'absent']),
      'ALPHA',
      ...limit,
      ...gets,
      'STORE',
      `items:${number}`,
    ],
    () => ['SORT', 'numbers', ...order, 'STORE', `items:${number}`, ...limit],
    () => ['GEOSEARCHSTORE', scores, from, 'FROMLONLAT', ...point(), 'BYRADIUS', ...radius, ...count],
    () => ['GEOSEARCHSTORE', scores, from, 'FROMMEMBER', member, 'BYBOX', radius[0]!, ...radius, ...count],
    () => ['GEORADIUS', from, ...point(), ...radius, 'STORE', scores, ...count],
    () => ['GEORADIUSBYMEMBER', from, member, ...radius, ...count, 'STORE', scores],
  ])();
};

const words = (each: Words): Uint8Array => encodeCommand(...(each as [string]));

for (const { name } of redisCatalogue) {
  test(`${name}: what SORT and searches of places store is in a log what the server itself found, or said not to be known`, async () => {
    const log = { appendonly: 'yes', appendfsync: 'no', 'repl-diskless-sync-delay': '0' };
    await using redis = await launchRedis({ server: name, settings: log });
    await using connection = await connectRedis(redis);
    const random = new SeededRandom(11);
    const commands = [...given(random), ...Array.from({ length: 600 }, (_, number) => storing(random, number))];
    await connection.send(Buffer.concat(commands.map(words)), commands.length);
    const server = new HeldRows();
    await readRedis(redis, server, () => server.positions.size > 0, settings);
    const logged = new HeldRows();
    logged.letters = [];
    await readRedisFile(join(redis.folder, 'appendonlydir'), logged, settings);

    const unknown = new Set(logged.letters.map(({ key }) => String(key)));
    const known = ([key]: readonly [string, unknown]): boolean => !unknown.has(key.split(' ', 2).join(':'));
    const sorted = ({ rows }: HeldRows) => [...rows].filter(known).sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(logged), sorted(server));
    const keys = new Set([...server.rows.keys()].map((key) => key.split(' ', 2).join(':')));
    assert.ok(keys.size > 350, `${keys.size} keys`);
    assert.ok(unknown.size < keys.size / 4, `${unknown.size} of ${keys.size} are not known`);
  });
}
