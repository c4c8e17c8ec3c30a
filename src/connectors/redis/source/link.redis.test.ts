import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Batch } from '../../../core/batch.ts';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { HeldRows, patienceMs, readRedis } from '../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';
import { redisSource } from './connector.ts';
import { openRedisSource } from './source.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const settings = { schema: 'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40))', key: 'user:%{id}' };
const quick = { 'repl-diskless-sync-delay': '0' };
const isReadAgain = (words: string): boolean => /read again/.test(words);

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  const patience = performance.now() + patienceMs;
  while (!(await holds())) {
    assert.ok(performance.now() < patience, `${what} did not happen within ${patienceMs} ms`);
    await systemClock.sleep(10);
  }
};

test('a replica that was promoted goes on where the primary ended, without a snapshot, one that is sent from disk before', async () => {
  await using primary = await launchRedis({ settings: { ...quick, 'repl-diskless-sync': 'no' } });
  await using replica = await launchRedis({ settings: quick });
  const held = new HeldRows();
  {
    await using connection = await connectRedis(primary);
    await using other = await connectRedis(replica);
    await connection.command('HSET', 'user:1', 'name', 'of the snapshot');
    await other.command('REPLICAOF', primary.host, String(primary.port));
    await until('the replica', async () =>
      /master_link_status:up/.test(String(await other.command('INFO', 'replication'))),
    );
    await connection.command('SELECT', '1');
    await readRedis(primary, held, () => held.rows.has('users 1') && held.positions.size > 0, settings);
    await connection.command('SELECT', '0');
    await connection.command('HSET', 'user:2', 'name', 'of the primary');
    await connection.command('WAIT', '1', '0');
    await primary.kill();
    await other.command('REPLICAOF', 'NO', 'ONE');
    await other.command('HSET', 'user:3', 'name', 'of the new one');
  }
  const before = [...held.positions.values()].map((at) => at.split(':')[0]);
  held.rows.clear();
  await readRedis(replica, held, () => held.rows.has('users 3'), settings);
  assert.deepEqual([...held.rows.keys()], ['users 2', 'users 3']);
  assert.ok(!held.said.some(isReadAgain), held.said.join('\n'));
  assert.notDeepEqual(
    [...held.positions.values()].map((at) => at.split(':')[0]),
    before,
  );
});

test('while the target stands still the stream waits on disk, and is there after a restart though the server has let go of it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-spool-test-'));
  try {
    await using redis = await launchRedis({
      // A replica that does not read for a moment would be ended.
      settings: { ...quick, 'repl-backlog-size': '16kb', 'client-output-buffer-limit': 'replica 1mb 1mb 1' },
    });
    await using connection = await connectRedis(redis);
    await connection.command('HSET', 'user:1', 'name', 'first');
    const held = new HeldRows();
    const kept = { ...settings, 'spool.directory': directory };
    await readRedis(redis, held, () => held.positions.size > 0, kept);
    held.rows.clear();

    const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...kept });
    const stop = new AbortController();
    {
      await using source = await openRedisSource(config, { pipeline: 'test', clock: systemClock, log: quiet });
      const batches = source
        .read(async (lane) => held.positions.get(lane) ?? null, stop.signal)
        [Symbol.asyncIterator]();
      let [sent, batch] = [0, null as Batch | null];
      const first = (async () => {
        while ((batch?.changes.length ?? 0) === 0) batch = (await batches.next()).value as Batch;
      })();
      await connection.command('HSET', 'user:2', 'name', 'second');
      await first;
      // The batch is never taken, and nobody asks for the next one.
      for (; sent < 64; sent += 1) await connection.command('SET', 'filler', 'x'.repeat(100_000));
      await connection.command('HSET', 'user:3', 'name', 'third');
      await connection.command('SET', 'filler', 'x'.repeat(100_000));
      await until('the stream on disk', async () => (await folderBytes(directory)) > 6_500_000);
      const { bytesBehind, spoolBytes, readAgain } = source.figures!(held.positions)[0]!;
      assert.ok(bytesBehind! > 6_400_000 && spoolBytes! > 6_400_000, `${bytesBehind} behind, ${spoolBytes} wait`);
      assert.equal(readAgain, 0);
      stop.abort();
    }
    await readRedis(redis, held, () => held.rows.has('users 3'), kept);
    assert.deepEqual([...held.rows.keys()], ['users 2', 'users 3']);
    assert.ok(!held.said.some(isReadAgain), held.said.join('\n'));
  } finally {
    await rm(directory, { recursive: true });
  }
});

const folderBytes = async (folder: string): Promise<number> => {
  let sum = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const facts = await stat(join(folder, name)).catch(() => null);
    if (facts?.isFile()) sum += facts.size;
  }
  return sum;
};

test('a server that ends every link inside its snapshot stops the source, which names the settings', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const name of bytes.toString().match(/PING|REPLCONF|SETNAME|PSYNC|INFO|CONFIG|CLUSTER/g) ?? []) {
        if (name === 'PSYNC') socket.end(`+FULLRESYNC ${'0'.repeat(40)} 7\r\n$1000\r\nREDIS0011`);
        else socket.write('+OK\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const { port } = server.address() as { readonly port: number };
    const config = redisSource.config.parse({ hostname: '127.0.0.1', port, ...settings });
    const codes: string[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await using source = await openRedisSource(config, { pipeline: 'test', clock: systemClock, log: quiet });
      try {
        for await (const _ of source.read(async () => null, AbortSignal.timeout(patienceMs)));
      } catch (error) {
        assert.ok(isMillraceError(error));
        codes.push(error.code);
        if (attempt === 4) assert.match(error.hint, /client-output-buffer-limit.*repl-backlog-size/);
      }
    }
    assert.deepEqual(codes, [...Array(4).fill('NET_CLOSED'), 'REDIS_REPLICATION_CUT_OFF']);
  } finally {
    server.close();
  }
});
