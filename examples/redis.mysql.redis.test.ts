import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { systemClock } from '../src/pipeline/system-clock.ts';
import { RedisSinkRig } from '../src/testing/redis-sink-rig.ts';
import { launchRedis } from '../src/testing/servers/launch-redis.ts';
import { launchServer } from '../src/testing/servers/launch-server.ts';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

const [server, redis] = await Promise.all([launchServer({ flavor: 'mysql' }), launchRedis()]);
const connection = await mysql.createConnection({
  host: server.host,
  port: server.port,
  user: server.user,
  multipleStatements: true,
});
after(async () => {
  connection.destroy();
  await server[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

/** Runs an example until each of `steps` is through, and stops it as a user does. */
const runExample = async (name: string, steps: () => Promise<void>): Promise<void> => {
  const child = spawn(process.execPath, [main, 'run', fileURLToPath(new URL(name, import.meta.url))], {
    env: { ...process.env, MYSQL_PORT: String(server.port), REDIS_PORT: String(redis.port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  try {
    await steps().catch((error: unknown) => assert.fail(`${String(error)}\n${errors}`));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    assert.equal((await ended)[0], 0, errors);
  } finally {
    child.kill('SIGKILL');
  }
};

/** Until what is asked for is there. */
const becomes = async (ask: () => Promise<unknown>, wanted: unknown): Promise<void> => {
  const patience = performance.now() + 60_000;
  let found = await ask();
  while (JSON.stringify(found) !== JSON.stringify(wanted)) {
    assert.ok(performance.now() < patience, `${JSON.stringify(found)} did not become ${JSON.stringify(wanted)}`);
    await systemClock.sleep(20);
    found = await ask();
  }
};

test('the example mysql-to-redis.yaml keeps hashes, an index and documents with their lines as the tables are', async () => {
  await using inside = await RedisSinkRig.open(redis);
  await connection.query(`
    CREATE DATABASE shop; USE shop;
    CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(20), total DECIMAL(10,2));
    CREATE TABLE carts (id INT PRIMARY KEY, customer VARCHAR(20));
    CREATE TABLE cart_lines (cart_id INT, line INT, sku VARCHAR(20), PRIMARY KEY (cart_id, line));
    INSERT INTO orders VALUES (7, 'ann', 9.50); INSERT INTO carts VALUES (7, 'ann'); INSERT INTO cart_lines VALUES (7, 1, 'pen')`);
  const cart = async () => JSON.parse(String((await inside.ask('GET', 'shop:carts:7')) ?? 'null')) as unknown;
  const byCustomer = async () => String(await inside.ask('SMEMBERS', 'idx:shop:orders:customer:ann'));
  await runExample('mysql-to-redis.yaml', async () => {
    await becomes(async () => await inside.hash('order:7'), { id: '7', customer: 'ann', total: '9.50' });
    await becomes(cart, { id: 7, customer: 'ann', cart_lines: { 1: { line: 1, sku: 'pen' } } });
    await becomes(byCustomer, 'order:7');
    await connection.query(`
      UPDATE shop.orders SET customer = 'bob' WHERE id = 7; INSERT INTO shop.cart_lines VALUES (7, 2, 'ink')`);
    const lines = { 1: { line: 1, sku: 'pen' }, 2: { line: 2, sku: 'ink' } };
    await becomes(cart, { id: 7, customer: 'ann', cart_lines: lines });
    await becomes(byCustomer, '');
  });
});

test('the example redis-to-mysql.yaml brings hashes and a sorted set into tables that it makes', async () => {
  await using inside = await RedisSinkRig.open(redis);
  await inside.ask('HSET', 'player:1', 'name', 'ann', 'coins', '5');
  await inside.ask('ZADD', 'scores', '1.5', 'ann');
  const rows = async (query: string) => {
    try {
      return (await connection.query({ sql: query, rowsAsArray: true }))[0];
    } catch {
      // The table is not made yet.
      return null;
    }
  };
  const players = async () => await rows('SELECT id, name, coins, seen_until IS NULL FROM game.players ORDER BY id');
  await connection.query('CREATE DATABASE game');
  await runExample('redis-to-mysql.yaml', async () => {
    await becomes(players, [[1, 'ann', 5, 1]]);
    await inside.ask('HINCRBY', 'player:1', 'coins', '2');
    await inside.ask('PEXPIREAT', 'player:1', '4102444800000');
    await inside.ask('ZADD', 'scores', '2', 'bob');
    await becomes(players, [[1, 'ann', 7, 0]]);
    await becomes(
      async () => await rows('SELECT player, score FROM game.scores ORDER BY player'),
      [
        ['ann', 1.5],
        ['bob', 2],
      ],
    );
  });
});
