/** A pipeline from MySQL into Redis on real servers: what both hold is compared, text by text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { RedisSinkRig } from './redis-sink-rig.ts';
import { launchRedis } from './servers/launch-redis.ts';
import { testServers } from './servers/test-servers.ts';

const orders = `CREATE TABLE orders (
  shop VARCHAR(20) NOT NULL, id BIGINT UNSIGNED NOT NULL, price DECIMAL(12,2), status ENUM('new', 'größer') NOT NULL,
  tags SET('a', 'b'), note TEXT, seen DATETIME(6), paid TIMESTAMP(3) NULL, day DATE, PRIMARY KEY (shop, id))`;

/** What MySQL shows and what the hashes hold, of the same columns, sorted. */
const bothSides = async (
  mysql: MysqlRig,
  redis: RedisSinkRig,
  table: string,
): Promise<readonly [string[], string[]]> => {
  const columns = (
    await mysql.query(
      `SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '${mysql.database}' AND TABLE_NAME = '${table}' ORDER BY ORDINAL_POSITION`,
    )
  ).map(([name]) => name!);
  const rows = await mysql.query(`SELECT ${columns.map((name) => `\`${name}\``).join(', ')} FROM ${table}`);
  const keys = (await redis.ask('KEYS', `${mysql.database}:${table}:*`)) as readonly Buffer[];
  const hashes = await Promise.all(keys.map((key) => redis.hash(key)));
  const known = hashes.map((hash) => {
    assert.deepEqual(
      Object.keys(hash).filter((field) => !columns.includes(field)),
      [],
    );
    return JSON.stringify(columns.map((name) => hash[name] ?? null));
  });
  return [rows.map((row) => JSON.stringify(row)).sort(), known.sort()];
};

const [server] = testServers();
if (server !== undefined) {
  test('hashes are what MySQL holds after a snapshot, changes, definitions, a flush and a Redis that lost all', async () => {
    await using redis = await launchRedis({ server: 'redis-7.0' });
    await using target = await RedisSinkRig.open(redis);
    await using source = await MysqlRig.open(server);
    await source.run(
      orders,
      'CREATE TABLE done (id INT PRIMARY KEY)',
      `INSERT INTO orders VALUES
        ('berlin', 1, 9.90, 'new', 'a,b', 'ä:{%}', '2026-01-02 03:04:05.678901', '2026-07-01 00:00:00.500', '2026-02-03'),
        ('berlin', 18446744073709551615, NULL, 'größer', '', NULL, NULL, NULL, '0001-01-01'),
        ('a:b', 2, -0.05, 'new', NULL, '', '1000-01-01 00:00:00', '2026-01-01 00:00:00', NULL)`,
    );
    const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port });
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const name = `r_${source.database}`;
    const stop = new AbortController();
    const pipeline = createPipeline({
      name,
      source: async () => source.source({ 'scan.startup.mode': 'initial' }, name),
      sinks: [{ name: 'redis', open: () => openRedisSink(config, { pipeline: name, clock: systemClock, log }) }],
      clock: systemClock,
      log,
      retry: { maxMs: 200 },
    });
    const running = pipeline.run(stop.signal);
    running.catch(() => {});
    const patience = performance.now() + 120_000;
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      while (!(await holds())) {
        assert.ok(performance.now() < patience, `waited in vain for ${what}`);
        await Promise.race([systemClock.sleep(20), running]);
      }
    };
    let marker = 0;
    /** Waits until a row that is written now has come, so that all before it has. */
    const isEqual = async (table: string): Promise<void> => {
      marker += 1;
      await source.run(`INSERT INTO done VALUES (${marker})`);
      const key = `${source.database}:done:${marker}`;
      await until(`row ${marker}`, async () => (await target.ask('EXISTS', key)) === 1);
      await until('the end of a snapshot', async () => pipeline.status().health !== 'snapshotting');
      const [expected, found] = await bothSides(source, target, table);
      assert.deepEqual(found, expected);
      assert.ok(expected.length > 0);
    };
    try {
      await isEqual('orders');
      await source.run(
        "UPDATE orders SET note = NULL, price = 1.10 WHERE shop = 'berlin'",
        "UPDATE orders SET shop = 'x', id = 7 WHERE id = 2",
        'DELETE FROM orders WHERE id = 1',
        "INSERT INTO orders (shop, id, status) VALUES ('new', 1, 'new'), ('new', 2, 'new'), ('new', 3, 'größer')",
      );
      await isEqual('orders');

      await source.run(
        'ALTER TABLE orders DROP COLUMN tags, ADD COLUMN remark TEXT',
        "UPDATE orders SET remark = 'later' WHERE id = 2",
        'RENAME TABLE orders TO bills',
        "INSERT INTO bills (shop, id, status) VALUES ('after', 1, 'new')",
      );
      await isEqual('bills');
      assert.deepEqual(await target.ask('KEYS', `${source.database}:orders:*`), []);

      // Nothing is written: it is found all the same. What is gone from MySQL meanwhile must not stay.
      await target.ask('FLUSHALL');
      const { shop, id } = { shop: 'ghost', id: '1' };
      await target.ask('HSET', `${source.database}:bills:${shop}:${id}`, 'shop', shop, 'id', id);
      await until('the rows to come back', async () => {
        const [expected, found] = await bothSides(source, target, 'bills');
        return JSON.stringify(found) === JSON.stringify(expected);
      });
      await isEqual('bills');

      await redis.kill();
      await source.run("DELETE FROM bills WHERE shop = 'after'");
      await redis.start();
      await target.reconnect();
      await isEqual('bills');
      await source.run('TRUNCATE TABLE bills', "INSERT INTO bills (shop, id, status) VALUES ('last', 1, 'new')");
      await isEqual('bills');
    } finally {
      stop.abort();
      await running;
    }
  });
}
