import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { streams } from '../src/stream.ts';
import { MysqlRig } from '../src/testing/mysql-rig.ts';
import { testKafka } from '../src/testing/servers/test-kafka.ts';
import { testServers } from '../src/testing/servers/test-servers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [server] = testServers();

test('the example stream.ts keeps totals of a topic in a table of MySQL', {
  skip: server === undefined,
  timeout: 120_000,
}, async () => {
  const kafka = await testKafka();
  const topic = `example-stream-${process.pid}`;
  await using rig = await MysqlRig.open(server!);
  // Ten orders of two customers; every second one is paid.
  const made = streams({ name: `${topic}-made`, bounded: true });
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

  const { host, port, user, password } = server!;
  const child = spawn(process.execPath, ['--import', './scripts/use-sources.mjs', 'examples/stream.ts'], {
    cwd: root,
    env: {
      ...process.env,
      KAFKA: kafka,
      TOPIC: topic,
      PIPELINE: topic,
      MYSQL_HOST: host,
      MYSQL_PORT: String(port),
      MYSQL_USER: user,
      MYSQL_PASSWORD: password,
      MYSQL_DATABASE: rig.database,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  try {
    const wanted = [
      ['1', '2', '12'],
      ['2', '3', '18'],
    ];
    for (;;) {
      const found = await rig
        .query('SELECT customer, orders, cents FROM paid_totals ORDER BY customer')
        .catch(() => []);
      if (JSON.stringify(found) === JSON.stringify(wanted)) break;
      assert.equal(child.exitCode, null, errors);
      await sleep(50);
    }
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    assert.equal(status, 0, errors);
  } finally {
    child.kill('SIGKILL');
  }
});
