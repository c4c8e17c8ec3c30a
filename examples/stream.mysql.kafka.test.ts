import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { streams } from '../src/stream.ts';
import { MysqlRig } from '../src/testing/mysql-rig.ts';
import { testKafka } from '../src/testing/servers/test-kafka.ts';
import { testServers } from '../src/testing/servers/test-servers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [server] = testServers();

test('the example stream.ts keeps totals of a topic in a table of MySQL, and goes on after kill -9', {
  skip: server === undefined,
  timeout: 120_000,
}, async () => {
  const kafka = await testKafka();
  const topic = `example-stream-${process.pid}`;
  await using rig = await MysqlRig.open(server!);
  using state = mkdtempDisposableSync(join(tmpdir(), 'millrace-example-stream-'));
  /** Ten orders of two customers; every second one is paid. */
  const order = async (round: string): Promise<void> => {
    const made = streams({ name: `${topic}-${round}`, bounded: true });
    made
      .stream(
        { id: 'BIGINT' },
        { connector: 'datagen', 'fields.id.kind': 'sequence', 'fields.id.start': 1, 'fields.id.end': 10 },
      )
      .map({ customer: 'BIGINT', status: 'STRING', cents: 'BIGINT' }, ({ id }) => ({
        customer: Number(id) % 4 < 2 ? 1 : 2,
        status: Number(id) % 2 === 0 ? 'paid' : 'new',
        cents: id,
      }))
      .to(topic, { connector: 'kafka', 'properties.bootstrap.servers': kafka, format: 'json' });
    await made.run();
  };
  const { host, port, user, password } = server!;
  const env = {
    ...process.env,
    KAFKA: kafka,
    TOPIC: topic,
    PIPELINE: topic,
    MYSQL_HOST: host,
    MYSQL_PORT: String(port),
    MYSQL_USER: user,
    MYSQL_PASSWORD: password,
    MYSQL_DATABASE: rig.database,
    MILLRACE_STATE: state.path,
  };
  /** Runs the example until the table has these rows, and ends it by the signal. */
  const runUntil = async (wanted: readonly (readonly string[])[], end: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const child = spawn(process.execPath, ['--import', './scripts/use-sources.mjs', 'examples/stream.ts'], {
      cwd: root,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    try {
      for (;;) {
        const found = await rig
          .query('SELECT customer, orders, cents FROM paid_totals ORDER BY customer')
          .catch(() => []);
        if (JSON.stringify(found) === JSON.stringify(wanted)) break;
        assert.equal(child.exitCode, null, errors);
        await sleep(50);
      }
      child.kill(end);
      const [status] = await ended;
      assert.equal(status, end === 'SIGTERM' ? 0 : null, errors);
    } finally {
      child.kill('SIGKILL');
    }
  };

  await order('first');
  await runUntil(
    [
      ['1', '2', '12'],
      ['2', '3', '18'],
    ],
    'SIGKILL',
  );
  await order('second');
  await runUntil(
    [
      ['1', '4', '24'],
      ['2', '6', '36'],
    ],
    'SIGTERM',
  );
  assert.deepEqual(
    readdirSync(state.path).map((name) => name.slice(0, topic.length)),
    [topic],
  );
});
