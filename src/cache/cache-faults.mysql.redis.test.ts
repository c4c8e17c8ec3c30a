/** What an application sees of its cache while servers are away, tables are altered and keys are odd. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { FaultProxy } from '../testing/fault-proxy.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { type LaunchedRedis, launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { type Cache, createCache } from './cache.ts';
import type { CacheOptions } from './cache-options.ts';

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const patience = performance.now() + 120_000;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `waited in vain for ${what}`);
    await systemClock.sleep(5);
  }
};
const isAway = (error: unknown): boolean =>
  isMillraceError(error, 'NET_CLOSED') || isMillraceError(error, 'NET_UNREACHABLE');

const [server] = testServers();
if (server !== undefined) {
  let redis: LaunchedRedis;
  let mysql: MysqlRig;
  before(async () => {
    redis = await launchRedis();
    mysql = await MysqlRig.open(server);
    await mysql.run(
      'CREATE TABLE items (id INT PRIMARY KEY, note VARCHAR(20))',
      "INSERT INTO items WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100) SELECT id, CONCAT('note ', id) FROM n",
    );
  });
  after(async () => {
    await mysql[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });
  const open = async (
    ends: { readonly redis?: FaultProxy; readonly mysql?: FaultProxy } = {},
    options: Partial<CacheOptions> = {},
  ): Promise<Cache> => {
    const { host, port } = ends.mysql ?? server;
    return await createCache({
      redis: { hostname: '127.0.0.1', port: (ends.redis ?? redis).port },
      mysql: { hostname: host, port, username: server.user, password: server.password },
      redisTimeoutMs: 60_000,
      ...options,
    });
  };

  test('while MySQL is away rows are served from Redis and in their grace, and others say that it is away', async () => {
    await using proxy = await FaultProxy.start(server);
    await using cache = await open({ mysql: proxy });
    const key = 'away:%{table}:%{key}';
    const items = await cache.table(`${mysql.database}.items`, { key, ttlMs: 1, graceMs: 600_000 });
    const failed: unknown[] = [];
    cache.on('renewal-failed', (told) => failed.push(told));
    assert.deepEqual(await items.get({ id: 1 }), { id: 1, note: 'note 1' });
    await until('the row to be kept', () => items.stats().fills === 1);
    await systemClock.sleep(3);
    proxy.refuse(true);
    proxy.cut();
    await until('a renewal that fails', async () => {
      assert.deepEqual(await items.get({ id: 1 }), { id: 1, note: 'note 1' });
      return failed.length > 0;
    });
    const [{ table, key: of, code }] = failed as [{ table: string; key: object; code: string }];
    assert.deepEqual([table, of], [`${mysql.database}.items`, { id: 1 }]);
    assert.match(code, /^NET_/);
    const others = await Promise.allSettled([2, 2, 3].map((id) => items.get({ id })));
    for (const each of others) assert.ok(each.status === 'rejected' && isAway(each.reason));
    await assert.rejects(items.getMany([{ id: 4 }, { id: 5 }]), isAway);
    await assert.rejects(
      cache.write(async () => {}),
      isAway,
    );
    proxy.refuse(false);
    const notes = await items.getMany([2, 3, 4, 5].map((id) => ({ id })));
    assert.deepEqual(
      notes.map((row) => row!['note']),
      ['note 2', 'note 3', 'note 4', 'note 5'],
    );
    await mysql.run("UPDATE items SET note = 'anew' WHERE id = 1");
    await until('the row to be brought anew', async () => (await items.get({ id: 1 }))!['note'] === 'anew');
  });

  test('while Redis is away thousands of reads cost MySQL one statement for each row, and what comes back is true', async () => {
    await using proxy = await FaultProxy.start(redis);
    await using cache = await open({ redis: proxy }, { maxReads: 4, maxWaitingReads: 10_000 });
    const turns: string[] = [];
    cache.on('down', () => turns.push('down')).on('up', () => turns.push('up'));
    const items = await cache.table(`${mysql.database}.items`, {
      key: 'gone:%{table}:%{key}',
      local: { maxRows: 100 },
    });
    const ids = Array.from({ length: 30 }, (_, i) => i + 40);
    await items.getMany(ids.map((id) => ({ id })));
    await until('the rows to be kept', () => items.stats().fills === ids.length);
    await items.getMany(ids.map((id) => ({ id })));
    assert.equal(items.stats().localRows, ids.length);
    proxy.refuse(true);
    proxy.cut();
    await until('the link to break', () => cache.stats().redis === 'down');
    assert.equal(items.stats().localRows, 0, 'of what changes now nobody tells');
    for (let round = 0; round < 3; round += 1) {
      const before = items.stats().loads;
      const reads = Array.from({ length: 1_500 }, (_, i) => items.get({ id: ids[i % ids.length]! }));
      for (const [i, row] of (await Promise.all(reads)).entries())
        assert.equal(row!['note'], `note ${ids[i % ids.length]}`);
      assert.equal(items.stats().loads - before, ids.length);
    }
    assert.equal(cache.stats().waitingReads, 0);
    await mysql.run("UPDATE items SET note = 'changed' WHERE id = 40");
    await assert.rejects(items.invalidate({ id: 40 }), isAway);
    proxy.refuse(false);
    await until('the link', () => cache.stats().redis === 'up');
    await items.invalidate({ id: 40 });
    assert.equal((await items.get({ id: 40 }))!['note'], 'changed');
    await until('word of both turns', () => turns.length >= 2);
    assert.deepEqual(turns, ['down', 'up']);
  });

  test('processes that opened a table before and after it was altered share its rows, and each gets them whole', async () => {
    await mysql.run(
      'CREATE TABLE altered (id INT PRIMARY KEY, gone INT, kind INT NOT NULL)',
      'INSERT INTO altered VALUES (1, 10, 7), (2, 20, 8)',
    );
    const name = `${mysql.database}.altered`;
    await using one = await open();
    await using two = await open();
    const old = await one.table(name);
    assert.deepEqual(await old.get({ id: 1 }), { id: 1, gone: 10, kind: 7 });
    await until('the row to be kept', () => old.stats().fills === 1);
    await mysql.run('ALTER TABLE altered ADD COLUMN more INT DEFAULT 5');
    const young = await two.table(name);
    assert.deepEqual(await young.get({ id: 1 }), { id: 1, gone: 10, kind: 7, more: 5 });
    await until('the row to be kept', () => young.stats().fills === 1);
    assert.deepEqual(await old.get({ id: 1 }), { id: 1, gone: 10, kind: 7 });
    assert.deepEqual(await young.get({ id: 1 }), { id: 1, gone: 10, kind: 7, more: 5 });
    assert.deepEqual([old.stats().loads, young.stats().loads], [1, 1], 'who knows more has what the other needs');

    await mysql.run('ALTER TABLE altered DROP COLUMN gone');
    const changed = (error: unknown): boolean => isMillraceError(error, 'CACHE_TABLE_CHANGED');
    await assert.rejects(old.get({ id: 2 }), changed);
    const again = await one.table(name);
    assert.deepEqual(await again.get({ id: 2 }), { id: 2, kind: 8, more: 5 });
    await until('the row to be kept', () => again.stats().fills === 1);

    // Another type: what was brought as the old one is none of the new, nor the other way round.
    await mysql.run(
      'ALTER TABLE altered MODIFY kind VARCHAR(40) NOT NULL',
      "UPDATE altered SET kind = 'now it is a text'",
    );
    const typed = await two.table(name);
    await typed.invalidate({ id: 1 }, { id: 2 });
    assert.deepEqual(await typed.get({ id: 2 }), { id: 2, kind: 'now it is a text', more: 5 });
    await until('the row to be kept', () => typed.stats().fills === 1);
    assert.equal(two.stats().redis, 'up');
    await mysql.run('DROP TABLE altered');
    await assert.rejects(again.get({ id: 1 }), changed);
    await assert.rejects(typed.getMany([{ id: 3 }]), changed);
  });

  test('keys of any letters name their own rows, in MySQL, in Redis and in the process', async () => {
    const odd = [
      '',
      ' ',
      'a:b',
      '%3A',
      '%{key}',
      '{',
      '}',
      '{tag}',
      '\0',
      'a\nb\r\n',
      '\'"`\\',
      '😀',
      'ключ',
      '*',
      '__proto__',
    ];
    odd.push('x'.repeat(300), '%', '$5', '-1', '1e3', 'NULL');
    await mysql.run(
      'CREATE TABLE odd (a VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, b VARBINARY(40), n INT NOT NULL, PRIMARY KEY (a, b))',
    );
    const bytes = [new Uint8Array(), new Uint8Array([0, 255, 58]), new Uint8Array([37, 51, 65])];
    const keys = odd.flatMap((a) => bytes.map((b) => ({ a, b })));
    // The server's own literals: what the cache writes as text is not tested by itself.
    const values = keys.map(
      ({ a, b }, n) =>
        `(CONVERT(x'${Buffer.from(a).toString('hex')}' USING utf8mb4), x'${Buffer.from(b).toString('hex')}', ${n})`,
    );
    // With spaces at the end equal to none, as most collations have them, '' and ' ' would be one key.
    const kept = values.filter((_, n) => keys[n]!.a !== ' ');
    await mysql.run(`INSERT INTO odd VALUES ${kept.join(', ')}`);
    await using cache = await open();
    const rows = await cache.table(`${mysql.database}.odd`, { local: { maxRows: 1_000 } });
    const numbers = (found: readonly (object | null)[]) =>
      found.map((row) => (row as { readonly n: number } | null)?.n ?? null);
    const expected = keys.map(({ a }, n) => (a === ' ' ? null : n));
    assert.deepEqual(numbers(await rows.getMany(keys)), expected);
    await until('the rows to be kept', () => rows.stats().fills === keys.length);
    assert.deepEqual(numbers(await Promise.all(keys.map((key) => rows.get(key)))), expected);
    assert.deepEqual(numbers(await Promise.all(keys.map((key) => rows.get(key)))), expected);
    const { loads, localHits } = rows.stats();
    assert.deepEqual([loads, localHits], [1, kept.length]);
    for (const wrong of [{ a: 1, b: bytes[0]! }, { a: 'x', b: 'y' }, { a: 'x' }, {}])
      await assert.rejects(rows.get(wrong), (error) => isMillraceError(error, 'CACHE_KEY_INVALID'));
    const items = await cache.table(`${mysql.database}.items`);
    assert.deepEqual(await items.get({ id: 7n }), { id: 7, note: 'note 7' });
  });
}
