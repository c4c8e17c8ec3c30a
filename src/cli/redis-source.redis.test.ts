/** What somebody who moves Redis data does on the command line, and what happens to it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeCommand } from '../protocol/redis/command-writer.ts';
import { launchRedis } from '../testing/servers/launch-redis.ts';
import { connectRedis } from '../testing/servers/redis-rig.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-source-'));
after(() => rmSync(folder, { recursive: true }));

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const write = (name: string, source: object, sink: object, more: object = {}): string => {
  const file = { source: { type: 'redis', ...source }, sink, pipeline: { name, ...more } };
  writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(file));
  return `${name}.yaml`;
};

/** One command line, to its end. `enough`: it gets the signal once that holds. */
const millrace = async (
  args: readonly string[],
  enough: () => boolean = () => false,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { cwd: folder });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  let isClosed = false;
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve)).finally(() => {
    isClosed = true;
  });
  const patience = performance.now() + 60_000;
  while (!isClosed && performance.now() < patience && !enough()) await sleep(2);
  child.kill(signal);
  return { code: await closed, ...output };
};

test('a letter of a Redis source is replayed once its key is corrected; one that is none still is refused again', async () => {
  await using redis = await launchRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
  await using connection = await connectRedis(redis);
  await connection.command('HSET', 'user:1', 'name', 'Ada', 'score', '5');
  await connection.command('HSET', 'user:2', 'name', 'Bob', 'score', 'a secret');
  await connection.command('HSET', 'user:x', 'name', 'Eve');
  const source = {
    hostname: redis.host,
    port: redis.port,
    key: 'user:%{id}',
    schema: 'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40), score INT)',
  };
  const letters = join(folder, 'letters.ndjson');
  const keeping = { 'errors.tolerance': 'all', 'errors.deadletterqueue.path': letters };
  const file = write('users', source, { type: 'sqlite', path: 'users.db' }, keeping);
  const rows = (): readonly unknown[] => {
    if (!existsSync(join(folder, 'users.db'))) return [];
    using db = new DatabaseSync(join(folder, 'users.db'), { readOnly: true });
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'shop.users'").get() === undefined) return [];
    return db
      .prepare('SELECT id, name, score FROM "shop.users" ORDER BY id')
      .all()
      .map((row) => Object.values(row));
  };
  const ran = await millrace(['run', file], () => sizeOf(letters) > 0 && rows().length === 1);
  assert.match(ran.stderr + ran.stdout, /dead letters/);

  const shown = await millrace(['dlq', 'show', file]);
  assert.match(shown.stdout, /REDIS_KEY_UNREADABLE .*user:2 .*score/);
  assert.doesNotMatch(shown.stdout + ran.stdout + ran.stderr + readFileSync(letters, 'utf8'), /a secret/);
  await connection.command('HSET', 'user:2', 'score', '7');
  const again = await millrace(['dlq', 'replay', file, '--all']);
  assert.deepEqual([again.code, /1 replayed, 1 refused again/.test(again.stderr)], [1, true], again.stderr);
  // The other is no row any more once it is gone.
  await connection.command('DEL', 'user:x');
  const last = await millrace(['dlq', 'replay', file, '--all']);
  assert.deepEqual([last.code, /1 replayed/.test(last.stderr)], [0, true], last.stderr);
  assert.deepEqual(rows(), [
    [1, 'Ada', 5],
    [2, 'Bob', 7],
  ]);
});

test('an import of a saved file or a log that is killed at any place goes on, with every row once', async () => {
  await using redis = await launchRedis({ settings: { appendonly: 'yes', appendfsync: 'no' } });
  await using connection = await connectRedis(redis);
  const entries = 8_000;
  const commands: Uint8Array[] = [];
  for (let number = 1; number <= entries; number += 1) {
    const of = String(number % 300);
    commands.push(encodeCommand('XADD', `events:${of}`, `${number}-1`, 'note', `entry ${number}`));
    commands.push(encodeCommand('RPUSH', `items:${of}`, `item ${number}`));
  }
  await connection.send(Buffer.concat(commands), commands.length);
  await connection.command('SAVE');
  const source = {
    schema: `CREATE TABLE d.events (id INT, at VARCHAR(42), note VARCHAR(40), PRIMARY KEY (id, at));
      CREATE TABLE d.items (id INT, position INT, item VARCHAR(40), PRIMARY KEY (id, position))`,
    'source.tableId-to-key.mapping': 'd.events=events:%{id};d.items=items:%{id}',
    'source.tableId-to-type.mapping': 'd.events=stream;d.items=list',
  };
  for (const what of ['dump.rdb', 'appendonlydir']) {
    const name = `import-${what.slice(0, 4)}`;
    const path = join(folder, `${name}.ndjson`);
    const sink = { type: 'file', path, 'value.format': 'json' };
    const file = write(name, { ...source, path: join(redis.folder, what) }, sink);
    let kills = 0;
    for (const beyond of [0, 200_000]) {
      const { code } = await millrace(['run', file], () => sizeOf(path) > beyond, 'SIGKILL');
      if (code === null) kills += 1;
    }
    assert.ok(kills > 0, 'it was over before it was killed');
    const { code, stderr } = await millrace(['run', file]);
    assert.equal(code, 0, stderr);
    const texts = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { note?: string; item?: string });
    assert.equal(texts.length, 2 * entries, what);
    assert.equal(new Set(texts.map(({ note, item }) => note ?? item)).size, 2 * entries, what);
  }
});
