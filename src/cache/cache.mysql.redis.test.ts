/** The cache on real servers: what MySQL holds comes out of Redis as it went in, with a pipeline beside it and without. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2';
import { isMillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { RedisMirror } from '../testing/redis-mirror.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { createCache } from './cache.ts';

const wide = `CREATE TABLE wide (
  shop VARCHAR(20) NOT NULL, id BIGINT UNSIGNED NOT NULL, price DECIMAL(12,2), status ENUM('new', 'größer') NOT NULL,
  tags SET('a', 'b'), note TEXT, seen DATETIME(6), paid TIMESTAMP(3) NULL, day DATE, span TIME(2), ratio DOUBLE, single FLOAT,
  flags BIT(60), raw VARBINARY(20), doc JSON, year YEAR, tiny TINYINT, PRIMARY KEY (shop, id))`;

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const patience = performance.now() + 120_000;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `waited in vain for ${what}`);
    await systemClock.sleep(10);
  }
};

const [server] = testServers();
if (server !== undefined) {
  const { host, port, user, password } = server;
  const primary = { hostname: host, port, username: user, password };

  test('without a pipeline: rows come from Redis as they came from MySQL, and Redis may be away', async () => {
    await using redis = await launchRedis();
    await using mysql = await MysqlRig.open(server);
    await mysql.run(
      wide,
      'CREATE TABLE keyless (id INT)',
      `INSERT INTO wide VALUES
        ('a:b', 18446744073709551615, -0.05, 'größer', 'a,b', 'ä%{}', '2026-01-02 03:04:05.678901', '2026-07-01 00:00:00.500',
         '0001-01-01', '-838:59:59.00', -0.1, 0.1, b'1111', x'00ff', '{"b": 1, "a": [null]}', 1999, -128),
        ('a', 1, NULL, 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        ('a', 2, 1.00, 'new', '', '', '1000-01-01 00:00:00', '1970-01-01 00:00:01', '9999-12-31', '00:00:00', 1e300, 3.4e38,
         b'0', '', '[]', 2155, 127)`,
    );
    const address = { hostname: redis.host, port: redis.port };
    await using cache = await createCache({
      redis: address,
      mysql: primary,
      redisTimeoutMs: 1_000,
      maxReads: 1,
      maxWaitingReads: 1,
    });
    const name = `${mysql.database}.wide`;
    const rows = await cache.table(name);
    const keys = [
      { shop: 'a:b', id: 18446744073709551615n },
      { shop: 'a', id: 1 },
      { shop: 'a', id: 2 },
      { shop: 'A', id: 2 },
    ];
    const brought = await rows.getMany(keys);
    assert.equal(brought[3], null, 'a key is found by its very value');
    assert.equal(rows.stats().loads, 1);
    await until('the rows to be kept', () => rows.stats().fills === 4);
    const held = await Promise.all(keys.map((key) => rows.get(key)));
    assert.deepEqual(held, brought);
    const { loads, hits, negativeHits } = rows.stats();
    assert.deepEqual({ loads, hits, negativeHits }, { loads: 1, hits: 3, negativeHits: 1 });
    assert.deepEqual(
      [held[0]!['id'], held[0]!['price'], held[0]!['flags'], held[0]!['single'], held[1]!['note'], held[2]!['note']],
      [18446744073709551615n, '-0.05', 15, Math.fround(0.1), null, ''],
    );

    const { result } = await cache.write(async (tx) => {
      await tx.query(`UPDATE ${name} SET note = 'changed' WHERE shop = 'a'`);
      const [[cipher]] = await tx.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
      return cipher!['Value'];
    });
    assert.match(result, /^TLS_/, 'writes are as private as reads, where the server can');
    await rows.invalidate(keys[1]!, keys[2]!);
    assert.equal((await rows.get(keys[1]!))!['note'], 'changed');
    await assert.rejects(
      cache.write(async (tx) => {
        await tx.query(`DELETE FROM ${name}`);
        throw new TypeError('changed my mind');
      }),
      TypeError,
    );
    assert.equal((await mysql.query('SELECT COUNT(*) FROM wide'))[0]![0], '3');

    // Redis stops answering, and nobody waits for long. More than may ask MySQL at once wait, and more than may wait are refused.
    redis.pause();
    const asked = await Promise.allSettled(keys.map((key) => rows.get(key)));
    assert.ok(asked.some(({ status }) => status === 'fulfilled'));
    const refused = asked.filter((each) => each.status === 'rejected');
    assert.ok(refused.every(({ reason }) => isMillraceError(reason, 'CACHE_OVERLOADED')));
    assert.equal(cache.stats().redis, 'down');
    assert.equal((await rows.get(keys[2]!))!['note'], 'changed');
    await assert.rejects(rows.invalidate(keys[2]!), (error) => isMillraceError(error, 'NET_CLOSED'));
    redis.resume();
    await until('Redis to be back', () => cache.stats().redis === 'up');
    assert.equal((await rows.get(keys[2]!))!['note'], 'changed');

    const refusal = (error: unknown): boolean => isMillraceError(error, 'CACHE_TABLE_REFUSED');
    await assert.rejects(cache.table(`${mysql.database}.nowhere`), refusal);
    await assert.rejects(cache.table(`${mysql.database}.keyless`), refusal);
    await assert.rejects(cache.table(name, { mode: 'hot' }), refusal);
  });

  test('with a pipeline: reads wait for what they wrote, and rows that are brought are read where it has been applied', async () => {
    await using redis = await launchRedis({ server: 'redis-7.0' });
    await using mysql = await MysqlRig.open(server);
    await mysql.run('CREATE TABLE items (id INT PRIMARY KEY, note VARCHAR(20))', "INSERT INTO items VALUES (1, 'a')");
    const pipeline = new RedisMirror(mysql, redis);
    const mirror = `redis://${redis.host}:${redis.port}`;
    await using cache = await createCache({
      redis: mirror,
      mysql: primary,
      replicas: [primary],
      pipeline: pipeline.name,
    });
    const name = `${mysql.database}.items`;
    const heard: unknown[] = [];
    cache.on('behind', (told) => heard.push(told));
    const items = await cache.table(name, { local: { maxRows: 100 }, indexes: ['note'] });
    try {
      await until('the snapshot', async () => (await items.get({ id: 2 })) === null && items.stats().negativeHits > 0);
      for (let round = 0; round < 50; round += 1) {
        const note = `note ${round}`;
        const { token } = await cache.write(async (tx) => {
          await tx.query(`UPDATE ${name} SET note = ? WHERE id = 1`, [note]);
        });
        const [row] = await items.getMany([{ id: 1 }], { atLeast: token, timeoutMs: 60_000, onTimeout: 'throw' });
        assert.equal(row!['note'], note);
        assert.equal((await items.get({ id: 1 }, { atLeast: token }))!['note'], note);
        // What is kept in the process is no older than what was just seen.
        assert.equal((await items.get({ id: 1 }))!['note'], note);
      }
      assert.equal(items.stats().behind, 0);
      // What changed nothing has seen what others did: here, what has just been applied.
      const { token: seen } = await cache.write(async (tx) => {
        await tx.query(`UPDATE ${name} SET note = 'note 49' WHERE id = 1`);
      });
      const patient = { atLeast: seen, timeoutMs: 60_000, onTimeout: 'throw' } as const;
      assert.equal((await items.get({ id: 1 }, patient))!['note'], 'note 49');
      // The sink keeps no such index, which an empty set does not tell from one without these values.
      assert.deepEqual(await items.getBy({ note: 'note 49' }), [{ id: 1, note: 'note 49' }]);
      await assert.rejects(cache.table(name, { mode: 'hot', indexes: ['note'] }), (error) =>
        isMillraceError(error, 'CACHE_TABLE_REFUSED'),
      );

      // The same Redis, as if the pipeline only refreshed what is there.
      const hot = await cache.table(name, { mode: 'hot', key: 'hot:%{table}:%{key}' });
      assert.equal((await hot.get({ id: 1 }))!['note'], 'note 49');
      await until('the row to be kept', () => hot.stats().fills === 1);
      assert.equal(hot.stats().replicaLoads, 1);
    } finally {
      await pipeline[Symbol.asyncDispose]();
    }
    const { token } = await cache.write(async (tx) => {
      await tx.query(`UPDATE ${name} SET note = 'unapplied' WHERE id = 1`);
    });
    const soon = { atLeast: token, timeoutMs: 5 } as const;
    const late = await cache.table(name);
    assert.equal((await late.get({ id: 1 }, soon))!['note'], 'unapplied');
    assert.equal((await late.getMany([{ id: 1 }], soon))[0]!['note'], 'unapplied');
    assert.equal((await late.get({ id: 1 }, { ...soon, onTimeout: 'stale' }))!['note'], 'note 49');
    await assert.rejects(late.get({ id: 1 }, { ...soon, onTimeout: 'throw' }), (error) =>
      isMillraceError(error, 'CACHE_BEHIND'),
    );
    assert.deepEqual(
      heard,
      ['mysql', 'mysql', 'stale', 'throw'].map((onTimeout) => ({ table: name, waitedMs: 5, onTimeout })),
    );
    // A transaction that changed nothing, while another's change is not applied: the read must show that as well.
    const { token: saw } = await cache.write(async (tx) => {
      await tx.query(`UPDATE ${name} SET note = 'unapplied' WHERE id = 1`);
    });
    assert.equal((await late.get({ id: 1 }, { atLeast: saw, timeoutMs: 5 }))!['note'], 'unapplied');
    await using nowhere = await createCache({ redis: mirror, mysql: { ...primary, port: 1 } });
    await assert.rejects(
      nowhere.write(async () => {}),
      (error) => isMillraceError(error, 'NET_CLOSED') || isMillraceError(error, 'NET_UNREACHABLE'),
    );
    const refused = { name: 'ZodError' };
    await assert.rejects(createCache({ redis: mirror, mysql: primary, maxReads: 0 }), refused);
    for (const options of [{ ttlMs: -1 }, { jitter: 2 }, { leaseMs: 0.5 }, { ttl: 5 } as object]) {
      await assert.rejects(cache.table(name, options), refused);
    }
    await assert.rejects(cache.table('items'), /database\.table/);
  });
}
