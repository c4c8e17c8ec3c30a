import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlSinkConfig } from '../connectors/mysql/sink/config.ts';
import { openMysqlSink } from '../connectors/mysql/sink/sink.ts';
import { redisSource } from '../connectors/redis/source/connector.ts';
import { openRedisSource } from '../connectors/redis/source/source.ts';
import type { Log, LogFields } from '../core/log.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { CommandWriter, encodeCommand } from '../protocol/redis/command-writer.ts';
import { ReplyError } from '../protocol/redis/reply.ts';
import { MysqlRig } from './mysql-rig.ts';
import { launchRedis } from './servers/launch-redis.ts';
import { connectRedis } from './servers/redis-rig.ts';
import { testServers } from './servers/test-servers.ts';

const patienceMs = 90_000;

test('hashes of Redis are kept as rows of MySQL, though links break and the server starts anew', async () => {
  const server = testServers().find(({ flavor }) => flavor === 'mysql') ?? testServers()[0]!;
  await using target = await MysqlRig.open(server);
  await using redis = await launchRedis({
    settings: { 'repl-diskless-sync-delay': '0', appendonly: 'yes', appendfsync: 'always' },
  });
  let connection = await connectRedis(redis);
  const said: string[] = [];
  const say = (message: string, fields: LogFields = {}): void => void said.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug() {}, info: say, warn: say, error: say };

  const write = async (from: number, count: number, note: string): Promise<void> => {
    const commands = new CommandWriter();
    for (let id = from; id < from + count; id += 1) commands.add('HSET', `user:${id}`, 'name', note, 'n', id);
    const replies = await connection.send(commands.view(), commands.commands);
    assert.deepEqual(
      replies.find((reply) => reply instanceof ReplyError),
      undefined,
    );
  };
  await write(0, 3_000, 'first');

  const source = redisSource.config.parse({
    hostname: redis.host,
    port: redis.port,
    schema: `CREATE TABLE ${target.database}.users (id INT PRIMARY KEY, name VARCHAR(40), n INT)`,
    key: 'user:%{id}',
  });
  const { host, port, user, password } = target.server;
  const sink = mysqlSinkConfig.parse({
    hostname: host,
    port,
    username: user,
    password,
    'position.database': target.database,
  });
  const stop = new AbortController();
  const pipeline = createPipeline({
    name: 'from-redis',
    source: () => openRedisSource(source, { pipeline: 'from-redis', clock: systemClock, log }),
    operators: [],
    sinks: [{ name: 'mysql', open: () => openMysqlSink(sink, { pipeline: 'from-redis', clock: systemClock, log }) }],
    clock: systemClock,
    log,
  });
  const running = pipeline.run(stop.signal);
  running.catch(() => {});
  const reached = async (count: number, note: string): Promise<void> => {
    const patience = performance.now() + patienceMs;
    for (;;) {
      const there = (await target.query(`SHOW TABLES LIKE 'users'`)).length > 0;
      const rows = there ? await target.query(`SELECT COUNT(*) FROM users WHERE name = '${note}' AND n = id`) : [];
      if (Number(rows[0]?.[0]) === count) return;
      assert.ok(performance.now() < patience, `not ${count} rows of ${note} within 90 s\n${said.join('\n')}`);
      await Promise.race([systemClock.sleep(20), running]);
    }
  };

  await reached(3_000, 'first');
  await write(1_000, 1_000, 'second');
  await connection.command('CLIENT', 'KILL', 'TYPE', 'replica');
  await write(1_500, 1_500, 'second');
  await reached(2_000, 'second');
  connection.close();
  await redis.kill();
  await redis.start();
  connection = await connectRedis(redis);
  while ((await connection.send(encodeCommand('EXISTS', 'user:1'), 1))[0] instanceof ReplyError)
    await systemClock.sleep(5);
  await write(0, 500, 'third');
  await reached(500, 'third');
  await reached(500, 'first');
  // Redis says no time: lag counts from when its commands came.
  const { count, sumSeconds } = pipeline.status().latency;
  assert.ok(count > 0 && sumSeconds > 0, `${count} writes took ${sumSeconds} s`);
  stop.abort();
  await running;
  connection.close();
});
