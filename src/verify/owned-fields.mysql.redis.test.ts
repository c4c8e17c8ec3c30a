/** A table whose rows have two owners, from MySQL into Redis: what Redis owns is written by nobody else, and verify lets it be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { MysqlReader } from '../connectors/mysql/reader/reader.ts';
import { RedisReader } from '../connectors/redis/reader/reader.ts';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { Verification, type VerificationOptions } from './verification.ts';

const never = new AbortController().signal;
const [server] = testServers();

test('what Redis owns of a row is given once, kept, moved with its row, and not repaired', {
  skip: server === undefined,
}, async () => {
  await using redis = await launchRedis();
  await using inside = await RedisSinkRig.open(redis);
  await using rig = await MysqlRig.open(server!);
  const { database: name } = rig;
  await rig.run(
    'CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), visits INT NOT NULL DEFAULT 0, doc JSON, picture BLOB, total DECIMAL(9,2), note VARCHAR(20))',
    `INSERT INTO users VALUES (1, 'one', 5, '{"a": 1}', 'xx', 1.5, NULL), (2, 'two', 6, NULL, NULL, NULL, 'n'), (3, 'three', 7, '[]', 'y', 0, NULL)`,
  );
  const owned = `${name}.users(visits,doc,picture,total)`;
  const key = (id: number): string => `${name}:users:${id}`;
  // There before its row is.
  await inside.ask('HSET', key(2), 'visits', '60');
  const both = { 'skip.own.writes': true, 'owned.elsewhere': owned };
  const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port });
  const context = { pipeline: name, clock: systemClock, log: silent };
  const pipeline = createPipeline({
    name,
    source: async () => rig.source({ 'scan.startup.mode': 'initial', ...both }, name),
    sinks: [{ name: 'redis', open: () => openRedisSink(config, context) }],
    clock: systemClock,
    log: silent,
  });
  const stop = new AbortController();
  const running = pipeline.run(stop.signal);
  const failed = running.then(() => Promise.reject(new Error('the pipeline ended')));
  failed.catch(() => {});
  const fields = async (id: number): Promise<Readonly<Record<string, string>>> => {
    const found = (await inside.ask('HGETALL', key(id))) as readonly Buffer[];
    return Object.fromEntries(
      Array.from({ length: found.length / 2 }, (_, i) => [`${found[2 * i]}`, `${found[2 * i + 1]}`]),
    );
  };
  /** Resolves once Redis has everything up to here. */
  const passed = async (): Promise<void> => {
    await rig.run(`INSERT INTO users (id, name) VALUES (99, 'mark')`);
    while ((await fields(99))['name'] === undefined) await Promise.race([systemClock.sleep(10), failed]);
    await rig.run('DELETE FROM users WHERE id = 99');
    while ((await fields(99))['name'] !== undefined) await Promise.race([systemClock.sleep(10), failed]);
  };
  const conflicts = (): number => pipeline.status().logs[0]?.conflicts ?? -1;
  await passed();
  const [one, two] = [await fields(1), await fields(2)];
  assert.deepEqual(one, { id: '1', name: 'one', visits: '5', doc: '{"a": 1}', picture: 'xx', total: '1.50' });
  assert.deepEqual(two, { id: '2', name: 'two', visits: '60', note: 'n' });
  assert.equal(conflicts(), 0);

  await inside.ask('HINCRBY', key(1), 'visits', '1');
  await inside.ask('HDEL', key(1), 'doc');
  await rig.run(
    // Of MySQL's alone; of Redis's alone; of both; three rows at once, of which one does not change.
    `UPDATE users SET name = 'eins', note = 'new' WHERE id = 1`,
    `UPDATE users SET visits = visits + 100 WHERE id = 1`,
    `UPDATE users SET name = 'zwei', total = 9, note = NULL WHERE id = 2`,
    `UPDATE users SET doc = '{"b": 2}' WHERE id <> 99 AND id < 3`,
    // Another key.
    `UPDATE users SET id = 4 WHERE id = 1`,
    `REPLACE INTO users VALUES (2, 'zwei', 1, NULL, NULL, NULL, NULL)`,
  );
  await passed();
  assert.deepEqual(await fields(4), {
    ...{ id: '4', name: 'eins', visits: '6', picture: 'xx', total: '1.50', note: 'new' },
  });
  assert.deepEqual(await fields(1), {});
  assert.deepEqual(await fields(2), { id: '2', name: 'zwei', visits: '60' });
  assert.equal(conflicts(), 5);

  const settings = {
    hostname: rig.server.host,
    port: rig.server.port,
    username: rig.server.user,
    password: rig.server.password,
  };
  const reading = mysqlConfig.parse({ ...settings, tables: `${name}.\\.*`, ...both });
  await using source = new MysqlReader({ config: reading, context });
  await using target = new RedisReader(config, context);
  const verify = async (more: Partial<VerificationOptions> = {}): Promise<string> => {
    const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 100, waitMs: 60_000 };
    const [result] = await new Verification({ ...options, ...more }).run(never);
    const { mismatched, missing, extra } = result!.counts;
    return `${result!.status} ${mismatched}/${missing}/${extra}`;
  };
  assert.equal(await verify(), 'equal 0/0/0');
  await inside.ask('HSET', key(4), 'name', 'wrong', 'note', 'wrong');
  await inside.ask('UNLINK', key(3));
  await inside.ask('HSET', key(2), 'note', 'not NULL', 'visits', '61');
  assert.equal(await verify(), 'different 2/1/0');
  assert.equal(await verify({ repair: true }), 'equal 0/0/0');
  assert.equal((await fields(4))['visits'], '6');
  assert.deepEqual(await fields(3), { id: '3', name: 'three', visits: '7', doc: '[]', picture: 'y', total: '0.00' });
  assert.deepEqual(await fields(2), { id: '2', name: 'zwei', visits: '61' });
  stop.abort();
  await running;
});
