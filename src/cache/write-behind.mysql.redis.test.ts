/** Rows that are written to Redis first: MySQL gets them in order, once, whoever is killed, and what changed there meanwhile is not lost. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { type LaunchedRedis, launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { type Cache, createCache } from './cache.ts';

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const patience = performance.now() + 120_000;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `waited in vain for ${what}`);
    await systemClock.sleep(5);
  }
};

const failed = async (process: ChildProcess): Promise<never> => {
  await once(process, 'exit');
  throw new Error('an applier ended before it was killed');
};

const [server] = testServers();
if (server !== undefined) {
  const primary = { hostname: server.host, port: server.port, username: server.user, password: server.password };
  let redis: LaunchedRedis;
  let inside: RedisSinkRig;
  let mysql: MysqlRig;
  before(async () => {
    redis = await launchRedis();
    inside = await RedisSinkRig.open(redis);
    mysql = await MysqlRig.open(server);
    await mysql.run(
      'CREATE TABLE carts (id BIGINT PRIMARY KEY, total DECIMAL(10,2), code VARCHAR(10) NOT NULL, doc JSON, UNIQUE KEY (code))',
      'CREATE TABLE counts (id INT PRIMARY KEY, n INT NOT NULL)',
      'CREATE TABLE derived (id INT PRIMARY KEY, twice INT AS (id * 2))',
    );
  });
  after(async () => {
    await mysql[Symbol.asyncDispose]();
    await inside[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });
  const open = (): Promise<Cache> =>
    createCache({ redis: { hostname: redis.host, port: redis.port }, mysql: primary, redisTimeoutMs: 60_000 });
  const inMysql = async (table: string): Promise<unknown> => await mysql.query(`SELECT * FROM ${table} ORDER BY id`);

  test('what is put is read at once, and comes into MySQL when it is applied; of a row the last alone', async () => {
    await using cache = await open();
    const carts = await cache.table(`${mysql.database}.carts`, { writeBehind: { conflicts: 'mysql' } });
    const key = `${mysql.database}:carts:1`;
    const one = { id: 1, total: '1.50', code: 'a', doc: '{"b":1, "a":[null]}' };
    await carts.put(one);
    assert.deepEqual(await carts.get({ id: 1 }), one);
    for (let i = 0; i < 20; i += 1) await carts.put({ ...one, total: `${i}.00` });
    await carts.put({ id: 2, total: null, code: 'b', doc: null });
    await carts.put({ id: 3, total: null, code: 'c', doc: null });
    await carts.remove({ id: 3 });
    assert.equal(await carts.get({ id: 3 }), null);
    // Nothing takes away what MySQL does not have yet.
    await carts.invalidate({ id: 1 });
    assert.equal(await inside.ask('PTTL', key), -1);
    assert.deepEqual(await inMysql('carts'), []);

    const stop = new AbortController();
    const applying = cache.applyWrites(stop.signal);
    await until(
      'the journal to be empty',
      async () => (await inside.ask('XLEN', `millrace:writes:${mysql.database}.carts`)) === 0,
    );
    assert.equal(
      JSON.stringify(await mysql.query('SELECT id, total, code FROM carts ORDER BY id')),
      '[["1","19.00","a"],["2",null,"b"]]',
    );
    // As MySQL words it, and with a time to live from now on.
    assert.deepEqual(await carts.get({ id: 1 }), { ...one, total: '19.00', doc: '{"a": [null], "b": 1}' });
    assert.ok(Number(await inside.ask('PTTL', key)) > 0);
    await carts.put({ ...one, total: '20.00' });
    await carts.remove({ id: 2 });
    await until('the rest', async () => (await inside.ask('XLEN', `millrace:writes:${mysql.database}.carts`)) === 0);
    assert.equal(JSON.stringify(await mysql.query('SELECT id, total FROM carts')), '[["1","20.00"]]');
    const { writes, appliedWrites, conflicts, refusedWrites } = carts.stats();
    assert.deepEqual(
      { writes, appliedWrites, conflicts, refusedWrites },
      { writes: 26, appliedWrites: 26, conflicts: 0, refusedWrites: 0 },
    );
    stop.abort();
    await applying;
  });

  test('a row that changed in MySQL meanwhile is a conflict, and one that MySQL refuses does not hold up the others', async () => {
    await using cache = await open();
    const name = `${mysql.database}.carts`;
    const carts = await cache.table(name, { writeBehind: { conflicts: 'mysql' } });
    await mysql.run("INSERT INTO carts VALUES (10, 1, 'k', NULL), (11, 1, 'l', NULL)");
    const row = await carts.get({ id: 10 });
    await until(
      'the row in Redis',
      async () => String(await inside.ask('HGET', `${mysql.database}:carts:10`, 'code')) === 'k',
    );
    await mysql.run('UPDATE carts SET total = 99 WHERE id = 10');
    await carts.put({ ...row!, total: '2.00' });
    await carts.put({ ...row!, total: '3.00' });
    await carts.put({ id: 12, total: null, code: 'l', doc: null });
    await carts.put({ id: 13, total: '5.00', code: 'm', doc: null });
    const stop = new AbortController();
    const applying = cache.applyWrites(stop.signal);
    const empty = async (): Promise<boolean> => (await inside.ask('XLEN', `millrace:writes:${name}`)) === 0;
    await until('the journal to be empty', empty);
    const rows = await mysql.query('SELECT id, total, code FROM carts WHERE id >= 10 ORDER BY id');
    assert.equal(JSON.stringify(rows), '[["10","99.00","k"],["11","1.00","l"],["13","5.00","m"]]');
    assert.equal((await carts.get({ id: 10 }))!['total'], '99.00');
    assert.equal(await carts.get({ id: 12 }), null);
    const { conflicts, refusedWrites } = carts.stats();
    assert.deepEqual({ conflicts, refusedWrites }, { conflicts: 2, refusedWrites: 1 });
    const kept = await mysql.query(
      "SELECT JSON_VALUE(written, '$.total'), reason FROM millrace_write_conflicts ORDER BY id",
    );
    assert.equal(JSON.stringify(kept.slice(0, 2)), '[["2.00","changed in MySQL"],["3.00","changed in MySQL"]]');
    assert.equal(kept.length, 3);
    stop.abort();
    await applying;

    await using other = await open();
    const forced = await other.table(name, { writeBehind: { conflicts: 'redis' } });
    const thirteen = await forced.get({ id: 13 });
    await mysql.run('UPDATE carts SET total = 6 WHERE id = 13');
    await forced.put({ ...thirteen!, total: '7.00' });
    const again = new AbortController();
    const forcing = other.applyWrites(again.signal);
    await until('the journal to be empty', empty);
    assert.equal(JSON.stringify(await mysql.query('SELECT total FROM carts WHERE id = 13')), '[["7.00"]]');
    assert.equal(forced.stats().conflicts, 1);
    again.abort();
    await forcing;
  });

  test('writes that appliers were killed over are applied once, in order', async () => {
    await using cache = await open();
    const name = `${mysql.database}.counts`;
    const counts = await cache.table(name, { writeBehind: { conflicts: 'mysql' } });
    const script = fileURLToPath(new URL('../testing/write-applier-process.ts', import.meta.url));
    const args = [script, name, redis.port, server.host, server.port, server.user, server.password].map(String);
    const random = new SeededRandom(5);
    const expected = new Map<number, number>();
    let killed = false;
    // Only while somebody applies: a machine that takes long to start processes must not have more to do for it.
    let applied = false;
    const writing = (async () => {
      for (let n = 0; !killed; n += 1) {
        if (!applied) {
          await systemClock.sleep(2);
          continue;
        }
        const id = random.integer(1, 20);
        if (random.chance(0.1)) {
          await counts.remove({ id });
          expected.delete(id);
        } else {
          await counts.put({ id, n });
          expected.set(id, n);
        }
      }
    })();
    try {
      for (let round = 0; round < 3; round += 1) {
        // Two at once: one works, and the other takes over.
        const appliers = [0, 1].map(() => spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
        const ready = (each: ChildProcess): Promise<unknown> =>
          Promise.race([once(each.stdout!, 'data'), failed(each)]);
        await Promise.all(appliers.map(ready));
        applied = true;
        await systemClock.sleep(random.integer(20, 200));
        for (const each of appliers) {
          each.kill('SIGKILL');
          if (each.exitCode === null && each.signalCode === null) await once(each, 'exit');
        }
        applied = false;
      }
    } finally {
      killed = true;
      await writing;
    }
    const stop = new AbortController();
    const applying = cache.applyWrites(stop.signal);
    await until('the journal to be empty', async () => (await inside.ask('XLEN', `millrace:writes:${name}`)) === 0);
    stop.abort();
    await applying;
    const rows = [...expected].toSorted(([a], [b]) => a - b).map(([id, n]) => [String(id), String(n)]);
    assert.deepEqual(await inMysql('counts'), rows);
    const conflicts = await mysql.query(
      `SELECT COUNT(*) FROM millrace_write_conflicts WHERE journal = 'millrace:writes:${name}'`,
    );
    assert.equal(JSON.stringify(conflicts), '[["0"]]');
  });

  test('what could be lost unseen, or is no row, is refused', async () => {
    await using cache = await open();
    const carts = await cache.table(`${mysql.database}.carts`, { writeBehind: { conflicts: 'mysql' } });
    const refused = (error: unknown): boolean => isMillraceError(error, 'CACHE_WRITE_REFUSED');
    await assert.rejects(carts.put({ id: 5, total: '1.5', code: 'x', doc: null }), refused);
    await assert.rejects(carts.put({ id: 5, total: '1.50', code: null, doc: null }), refused);
    await assert.rejects(carts.put({ id: 5, total: '1.50', code: 'x' }), refused);
    const plain = await cache.table(`${mysql.database}.counts`);
    await assert.rejects(plain.put({ id: 1, n: 1 }), (error) => isMillraceError(error, 'CACHE_TABLE_REFUSED'));
    const behind = { conflicts: 'mysql' } as const;
    for (const options of [{ mode: 'mirror' }, { mode: 'aside', negativeTtlMs: 0 }] as const) {
      await using piped = await createCache({
        redis: { hostname: redis.host, port: redis.port },
        mysql: primary,
        pipeline: 'shop',
      });
      await assert.rejects(piped.table(`${mysql.database}.carts`, { ...options, writeBehind: behind }), (error) =>
        isMillraceError(error, 'CACHE_TABLE_REFUSED'),
      );
    }
    await assert.rejects(cache.table(`${mysql.database}.derived`, { writeBehind: behind }), (error) =>
      isMillraceError(error, 'CACHE_TABLE_REFUSED'),
    );
    await inside.ask('CONFIG', 'SET', 'maxmemory', '100mb');
    await inside.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await using evicted = await open();
    const lost = await evicted.table(`${mysql.database}.carts`, { writeBehind: behind });
    await assert.rejects(lost.put({ id: 5, total: '1.50', code: 'x', doc: null }), refused);
    assert.equal(await lost.get({ id: 5 }), null);
  });
}
