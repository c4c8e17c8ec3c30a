/** What is lost, and what is not, of rows that were written to Redis first when Redis or the application is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { type LaunchedRedis, launchRedis } from '../testing/servers/launch-redis.ts';
import { connectRedis } from '../testing/servers/redis-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { type Cache, createCache } from './cache.ts';
import type { CachedTable } from './cached-table.ts';

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const patience = performance.now() + 120_000;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `waited in vain for ${what}`);
    await systemClock.sleep(5);
  }
};

const [server] = testServers();
if (server !== undefined) {
  let mysql: MysqlRig;
  before(async () => {
    mysql = await MysqlRig.open(server);
  });
  after(async () => await mysql[Symbol.asyncDispose]());

  const open = async (redis: LaunchedRedis): Promise<Cache> =>
    await createCache({
      redis: { hostname: redis.host, port: redis.port },
      mysql: { hostname: server.host, port: server.port, username: server.user, password: server.password },
      redisTimeoutMs: 60_000,
    });
  const behind = { writeBehind: { conflicts: 'mysql' }, local: { maxRows: 100 } } as const;
  const inMysql = async (table: string): Promise<ReadonlyMap<number, number>> =>
    new Map((await mysql.query(`SELECT id, n FROM ${table}`)).map(([id, n]) => [Number(id), Number(n)]));

  /** Carries what the journal has into MySQL, and compares what readers are told with what is there. */
  const settle = async (cache: Cache, carts: CachedTable, table: string): Promise<ReadonlyMap<number, number>> => {
    const stop = new AbortController();
    const applying = cache.applyWrites(stop.signal);
    const key = { id: 1_000_000 };
    await carts.put({ ...key, n: 1 });
    // The last that was written, so all before it is applied when it is there.
    await until('the journal to be applied', async () => (await inMysql(table)).has(key.id));
    stop.abort();
    await applying;
    await mysql.run(`DELETE FROM ${table} WHERE id = ${key.id}`);
    const rows = await inMysql(table);
    for (let id = 0; id < 20; id += 1)
      assert.equal((await carts.get({ id }))?.['n'], rows.get(id), `what readers are told of ${id}`);
    return rows;
  };

  for (const kept of [true, false]) {
    test(`a Redis that is killed while rows are put ${kept ? 'and saves each write loses none that was answered' : 'and saves nothing loses row and journal together'}`, async () => {
      const table = kept ? 'saved' : 'unsaved';
      await mysql.run(
        `CREATE TABLE ${table} (id INT PRIMARY KEY, n INT NOT NULL)`,
        `INSERT INTO ${table} VALUES (0, -1), (1, -1)`,
      );
      const settings = kept ? { appendonly: 'yes', appendfsync: 'always' } : {};
      await using redis = await launchRedis({ settings });
      await using cache = await open(redis);
      await using reader = await open(redis);
      const carts = await cache.table(`${mysql.database}.${table}`, behind);
      const watched = await reader.table(`${mysql.database}.${table}`, behind);
      const answered = new Map<number, number>();
      let killed = false;
      const putting = (async () => {
        for (let n = 1; ; n += 1) {
          try {
            await carts.put({ id: n % 20, n });
          } catch (error) {
            if (!isMillraceError(error, 'NET_CLOSED')) throw error;
            assert.ok(killed, 'only a Redis that is away refuses');
            return n;
          }
          answered.set(n % 20, n);
        }
      })();
      await until('rows', () => answered.size === 20);
      for (let id = 0; id < 20; id += 1) await watched.get({ id });
      killed = true;
      await redis.kill();
      const unanswered = await putting;
      await until('the reader to hear of it', () => watched.stats().localRows === 0);
      await redis.start();
      await until('both to be connected', () => [cache, reader].every((each) => each.stats().redis === 'up'));
      await using inside = await connectRedis(redis);
      assert.equal(Number(await inside.command('XLEN', `millrace:writes:${mysql.database}.${table}`)) > 0, kept);
      const rows = await settle(cache, carts, table);
      if (kept) {
        // The one that was not answered may be there or not.
        for (const [id, n] of answered) {
          const expected = id === unanswered % 20 ? [n, unanswered] : [n];
          assert.ok(expected.includes(rows.get(id)!), `${rows.get(id)} is none of ${expected}`);
        }
      } else
        assert.deepEqual(
          [...rows],
          [
            [0, -1],
            [1, -1],
          ],
        );
      for (let id = 0; id < 20; id += 1)
        assert.equal((await watched.get({ id }))?.['n'], rows.get(id), 'another process is told the same');
    });
  }

  test('what an application was answered is applied, when it was killed before anybody carried it into MySQL', async () => {
    await mysql.run('CREATE TABLE orphans (id INT PRIMARY KEY, n INT NOT NULL)');
    await using redis = await launchRedis();
    const script = fileURLToPath(new URL('../testing/cart-writer-process.ts', import.meta.url));
    const name = `${mysql.database}.orphans`;
    const args = [script, name, redis.port, server.host, server.port, server.user, server.password].map(String);
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    writer.stdout!.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    await until('writes', () => told.length > 200);
    writer.kill('SIGKILL');
    await once(writer.stdout!, 'close');
    const last = Number(told.trimEnd().split('\n').at(-1));
    await using cache = await open(redis);
    const carts = await cache.table(name, behind);
    const rows = await settle(cache, carts, 'orphans');
    const applied = Math.max(...rows.values());
    // One more may have been written and not told of.
    assert.ok(applied === last || applied === last + 1, `${applied} was applied, ${last} answered`);
    for (let n = applied; n > applied - 20 && n > 0; n -= 1) assert.equal(rows.get(n % 20), n);
    assert.equal(carts.stats().conflicts, 0);
  });
}
