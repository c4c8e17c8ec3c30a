import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaSettings, valuesIn } from '../testing/kafka-exactly-once.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const [server] = testServers();

test("a Debezium connector that is posted to serve runs, stops, and goes on where a Debezium's offset says", {
  skip: server === undefined,
}, async () => {
  const bootstrapServers = await testKafka();
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  await using rig = await MysqlRig.open(server!);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-serve-connect-'));
  await rig.run('CREATE TABLE orders (id INT PRIMARY KEY)', 'INSERT INTO orders VALUES (1)');
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const serving = spawn(process.execPath, [main, 'serve', '--dir', folder, '--allow-empty', '--listen', '127.0.0.1:0']);
  let said = '';
  serving.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (!(await holds())) {
      if (performance.now() > deadline) assert.fail(`waited in vain until ${what}; serve said:\n${said.slice(-3_000)}`);
      await sleep(50);
    }
  };
  try {
    await until('serve listens', () => /url=(\S+)/.test(said));
    const url = /url=(\S+)/.exec(said)![1]!;
    // biome-ignore lint/suspicious/noExplicitAny: what the API answers is looked at field by field.
    const ask = async (method: string, path: string, sent?: unknown): Promise<any> => {
      const body = sent === undefined ? {} : { body: JSON.stringify(sent) };
      const response = await fetch(`${url}${path}`, { method, ...body });
      const text = await response.text();
      assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
      return text === '' ? null : JSON.parse(text);
    };
    const stateIs = (state: string | undefined) =>
      until(
        `the task is ${state}`,
        async () => (await ask('GET', '/connectors/shop/status')).tasks[0]?.state === state,
      );
    const topic = `dbz-${rig.database}.${rig.database}.orders`;
    const ids = async (): Promise<readonly number[]> =>
      (await cluster.topicNames()).includes(topic)
        ? (await valuesIn(cluster, topic)).map((value) => JSON.parse(value).after.id)
        : [];

    const { host, port, user, password } = rig.server;
    const config = {
      'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
      'database.hostname': host,
      'database.port': port,
      'database.user': user,
      'database.password': password,
      'table.include.list': `${rig.database}.orders`,
      'topic.prefix': `dbz-${rig.database}`,
      'schema.history.internal.kafka.bootstrap.servers': bootstrapServers,
      'schema.history.internal.kafka.topic': 'history',
    };
    await ask('POST', '/connectors', { name: 'shop', initial_state: 'STOPPED', config });
    assert.deepEqual((await ask('GET', '/connectors/shop/status')).connector.state, 'STOPPED');
    await ask('PUT', '/connectors/shop/resume');
    await until('the snapshot is there', async () => (await ids()).includes(1));
    await stateIs('RUNNING');
    assert.deepEqual(await ask('GET', '/connectors/shop/topics'), { shop: { topics: [topic] } });

    await ask('PUT', '/connectors/shop/stop');
    const { offsets } = await ask('GET', '/connectors/shop/offsets');
    assert.deepEqual(offsets[0].partition, { server: `dbz-${rig.database}` });
    assert.ok(offsets[0].offset.file.length > 0 && offsets[0].offset.pos >= 4, JSON.stringify(offsets));
    await rig.run('INSERT INTO orders VALUES (2)');
    await ask('PUT', '/connectors/shop/resume');
    await until('the second row is there', async () => (await ids()).includes(2));
    await ask('PUT', '/connectors/shop/stop');
    await ask('PATCH', '/connectors/shop/offsets', { offsets });
    assert.deepEqual(await ids(), [1, 2]);
    await ask('PUT', '/connectors/shop/resume');
    await until('it is there again', async () => (await ids()).length === 3);
    assert.deepEqual(await ids(), [1, 2, 2], 'the rows before the offset are not');

    await ask('PUT', '/connectors/shop/pause');
    await stateIs('PAUSED');
    await ask('DELETE', '/connectors/shop');
    assert.deepEqual(await ask('GET', '/connectors'), []);
  } finally {
    const ended = new Promise((resolve) => serving.once('exit', resolve));
    serving.kill('SIGTERM');
    await ended;
    await rig.run(`DROP DATABASE ${rig.database}`);
    rmSync(folder, { recursive: true, force: true });
  }
});
