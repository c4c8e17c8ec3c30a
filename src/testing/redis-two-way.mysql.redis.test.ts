import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlSinkConfig } from '../connectors/mysql/sink/config.ts';
import { openMysqlSink } from '../connectors/mysql/sink/sink.ts';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import { redisSource } from '../connectors/redis/source/connector.ts';
import { openRedisSource } from '../connectors/redis/source/source.ts';
import type { Sink, Source } from '../core/connector.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { RedisSinkRig } from './redis-sink-rig.ts';
import { launchRedis } from './servers/launch-redis.ts';
import { testServers } from './servers/test-servers.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const patienceMs = 120_000;
const each = 40;

const server = testServers().find(({ flavor }) => flavor === 'mysql') ?? testServers()[0]!;
test('rows written in MySQL and rows written in Redis are on both sides, and none of them comes back', async () => {
  await using mysql = await MysqlRig.open(server);
  await using launched = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
  await using redis = await RedisSinkRig.open(launched);
  const { database } = mysql;
  const definition = `${database}.users (id INT PRIMARY KEY, name VARCHAR(40))`;
  await mysql.run(`CREATE TABLE ${definition}`, "INSERT INTO users VALUES (0, 'first')");
  const stop = new AbortController();
  const run = (name: string, source: () => Promise<Source>, open: () => Promise<Sink>): Pipeline => {
    const pipeline = createPipeline({ name, source, sinks: [{ name: 'sink', open }], clock: systemClock, log });
    running.push(pipeline.run(stop.signal));
    return pipeline;
  };
  const running: Promise<unknown>[] = [];
  const out = `out_${database}`;
  const back = `back_${database}`;
  // Transactions of the sink are told apart in the stream of all databases.
  await redis.ask('SELECT', 2);
  const toRedis = redisSinkConfig.parse({ hostname: launched.host, port: launched.port, database: 2 });
  const { host, port, user, password } = mysql.server;
  const toMysql = mysqlSinkConfig.parse({
    ...{ hostname: host, port, username: user, password },
    'position.database': database,
  });
  const fromRedis = redisSource.config.parse({
    ...{ hostname: launched.host, port: launched.port, database: 2 },
    schema: `CREATE TABLE ${definition}`,
    'scan.startup.mode': 'latest-offset',
    'skip.own.writes': true,
  });
  const backward = run(
    back,
    () => openRedisSource(fromRedis, { pipeline: back, clock: systemClock, log }),
    () => openMysqlSink(toMysql, { pipeline: back, clock: systemClock, log }),
  );
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const patience = performance.now() + patienceMs;
    while (!(await holds())) {
      assert.ok(performance.now() < patience, `${what} did not happen within ${patienceMs} ms`);
      await Promise.race([systemClock.sleep(20), ...running]);
    }
  };
  // A link is there once its position is: what is written in Redis from now on is what changes.
  await until('the link', async () => (await mysql.query(`SHOW TABLES LIKE 'millrace_position'`)).length > 0);
  await until('its place', async () => (await mysql.query('SELECT 1 FROM millrace_position')).length > 0);
  const forward = run(
    out,
    async () =>
      mysql.source({ 'scan.startup.mode': 'initial', 'skip.own.writes': true, tables: `${database}.users` }, out),
    () => openRedisSink(toRedis, { pipeline: out, clock: systemClock, log }),
  );
  const key = (id: number): string => `${database}:users:${id}`;
  await until('the snapshot', async () => (await redis.ask('EXISTS', key(0))) === 1);

  const write = async (id: number): Promise<void> => {
    await mysql.run(`INSERT INTO users VALUES (${id}, 'of MySQL')`);
    await redis.ask('HSET', key(1_000 + id), 'id', 1_000 + id, 'name', 'of Redis');
  };
  for (let id = 1; id <= each; id += 1) await write(id);
  const arrived = async (id: number): Promise<boolean> =>
    (await redis.ask('EXISTS', key(id))) === 1 &&
    (await mysql.query(`SELECT 1 FROM users WHERE id = ${1_000 + id}`)).length === 1;
  await until('the last of both', () => arrived(each));
  // What came back would come before these.
  await write(each + 1);
  await until('one more of both', () => arrived(each + 1));

  assert.equal(Number((await mysql.query('SELECT COUNT(*) FROM users'))[0]![0]), 1 + 2 * (each + 1));
  assert.equal(((await redis.ask('KEYS', `${database}:users:*`)) as unknown[]).length, 1 + 2 * (each + 1));
  assert.equal(forward.status().totals.sync.rows, 1 + each + 1);
  assert.equal(backward.status().totals.sync.rows, each + 1);
  stop.abort();
  await Promise.all(running);
});
