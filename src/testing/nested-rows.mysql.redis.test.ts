/** Rows with the rows that refer to them, from MySQL's foreign keys into JSON: what Redis holds is what a join in MySQL gives. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { silent } from './pipeline-rig.ts';
import { RedisSinkRig } from './redis-sink-rig.ts';
import { launchRedis } from './servers/launch-redis.ts';
import { testServers } from './servers/test-servers.ts';

const joined = `SELECT o.shop, o.id, o.note,
  (SELECT JSON_OBJECTAGG(l.line, JSON_OBJECT('line', l.line, 'sku', l.sku)) FROM order_lines l WHERE l.order_shop = o.shop AND l.order_id = o.id)
  FROM orders o ORDER BY o.shop, o.id`;

// MariaDB runs cascades without logging the children; MySQL logs them from 9.6 on.
for (const flavor of ['mysql', 'mariadb'] as const) {
  const server = testServers().find((each) => each.flavor === flavor);
  if (server === undefined) continue;
  test(`orders hold their lines as a join in ${flavor} gives them: snapshot, both sides' changes, cascades, a flush`, async () => {
    await using redis = await launchRedis({ server: 'redis-7.0' });
    await using target = await RedisSinkRig.open(redis);
    await using source = await MysqlRig.open(server);
    const { database: db } = source;
    await source.run(
      'CREATE TABLE orders (shop VARCHAR(9), id INT, note TEXT, PRIMARY KEY (shop, id))',
      `CREATE TABLE order_lines (line INT PRIMARY KEY, order_id INT, order_shop VARCHAR(9), sku TEXT,
        FOREIGN KEY (order_shop, order_id) REFERENCES orders (shop, id) ON DELETE CASCADE ON UPDATE CASCADE)`,
      'CREATE TABLE done (id INT PRIMARY KEY)',
      "INSERT INTO orders VALUES ('a', 1, 'first'), ('a', 2, NULL), ('b', 1, 'third')",
      "INSERT INTO order_lines VALUES (1, 1, 'a', 'x'), (2, 1, 'a', NULL), (3, 2, 'a', 'y'), (4, NULL, 'a', 'z')",
    );
    // The page's own statement says what the foreign keys are.
    const page = await readFile(new URL('../../docs/connectors/redis.md', import.meta.url), 'utf8');
    const [, statement] = /```sql\n(SELECT CONCAT.*?);\n```/s.exec(page)!;
    const [[nest], ...others] = (await source.query(statement!.replace("'shop' GROUP", `'${db}' GROUP`))) as [string[]];
    assert.equal(nest, `${db}.order_lines=${db}.orders(shop=order_shop,id=order_id) cascade`);
    assert.deepEqual(others, []);
    const config = redisSinkConfig.parse({
      hostname: redis.host,
      port: redis.port,
      'sink.tableId-to-value.mapping': `${db}.orders=json`,
      'sink.tableId-to-nest.mapping': nest!.replace(' cascade', ' as lines cascade'),
    });
    const stop = new AbortController();
    const pipeline = createPipeline({
      name: db,
      source: async () => source.source({ 'scan.startup.mode': 'initial' }),
      sinks: [{ name: 'redis', open: () => openRedisSink(config, { pipeline: db, clock: systemClock, log: silent }) }],
      clock: systemClock,
      log: silent,
      retry: { maxMs: 200 },
    });
    const running = pipeline.run(stop.signal);
    running.catch(() => {});
    let marker = 0;
    const isEqual = async (): Promise<void> => {
      marker += 1;
      await source.run(`INSERT INTO done VALUES (${marker})`);
      const key = `${db}:done:${marker}`;
      while ((await target.ask('EXISTS', key)) !== 1 || pipeline.status().health === 'snapshotting') {
        await Promise.race([systemClock.sleep(20), running]);
      }
      const keys = ((await target.ask('KEYS', `${db}:orders:*`)) as readonly Buffer[]).map(String).sort();
      const found = await Promise.all(keys.map(async (each) => JSON.parse(String(await target.ask('GET', each)))));
      const expected = (await source.query(joined)).map(([shop, id, note, lines]) => ({
        shop,
        id: Number(id),
        note,
        ...(lines === null ? {} : { lines: JSON.parse(lines!) }),
      }));
      assert.deepEqual(found, expected);
    };
    try {
      await isEqual();
      await source.run(
        "UPDATE orders SET note = 'changed' WHERE id = 1",
        "UPDATE order_lines SET sku = 'other' WHERE line = 2",
        'UPDATE order_lines SET order_id = 2 WHERE line = 1',
        'UPDATE order_lines SET order_id = NULL WHERE line = 3',
        "UPDATE order_lines SET order_id = 1, order_shop = 'b' WHERE line = 4",
      );
      await isEqual();
      // The server moves lines 1 and 2 by itself, and removes line 4.
      await source.run(
        "UPDATE orders SET id = 7 WHERE shop = 'a' AND id = 2",
        "UPDATE orders SET shop = 'c' WHERE shop = 'a' AND id = 1",
        "DELETE FROM orders WHERE shop = 'b'",
        "INSERT INTO orders VALUES ('b', 1, 'again')",
        "INSERT INTO order_lines VALUES (5, 1, 'b', 'new')",
      );
      await isEqual();
      await target.ask('FLUSHALL');
      await source.run("UPDATE order_lines SET sku = 'while it is empty' WHERE line = 5");
      await isEqual();
    } finally {
      stop.abort();
      await running;
    }
  });
}
