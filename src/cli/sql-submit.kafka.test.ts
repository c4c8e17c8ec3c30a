import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaSettings } from '../testing/kafka-exactly-once.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const brokers = await testKafka();
const folder = mkdtempSync(join(tmpdir(), 'millrace-submit-'));
after(() => rmSync(folder, { recursive: true }));

const prefix = `fed_${process.pid}`;
writeFileSync(
  join(folder, 'job.sql'),
  `CREATE TABLE orders (id BIGINT, total DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'mysql-cdc', 'hostname' = 'db1',
     'username' = 'u', 'password' = '\${PW}', 'database-name' = 'shop', 'table-name' = 'orders');
   CREATE TABLE seen (id BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'blackhole');
   INSERT INTO seen SELECT id FROM orders;\n`,
);

/** Serves what `answer` says; what was asked is kept. */
const answering = async (answer: (method: string, path: string, body: string) => Promise<[number, unknown]>) => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      void answer(request.method!, request.url!, body).then(([status, said]) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const submit = async (...args: readonly string[]) => {
  const line = [main, 'sql', 'submit', 'job.sql', '--kafka', brokers, '--topic-prefix', prefix, ...args];
  const env = { ...process.env, PW: 'a secret', HOME: folder };
  const child = spawn(process.execPath, line, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
};

test('topics are fed under millrace serve before a job is sent, by one pipeline each, whoever asks', async () => {
  const happened: string[] = [];
  const files = new Map<string, string>();
  const topic = `${prefix}.shop.orders`;
  using cluster = new Cluster(kafkaSettings(brokers), systemClock);
  const api = await answering(async (method, path, body) => {
    const name = decodeURIComponent(path.split('/')[4] ?? '');
    if (method === 'GET' && name === '') return [200, { pipelines: [] }];
    if (method === 'GET' && !files.has(name))
      return [404, { error: { code: 'API_UNKNOWN_PIPELINE', message: 'none', hint: 'none', retryable: false } }];
    if (method !== 'GET') happened.push(`${method} ${path}`);
    if (method === 'PUT') {
      files.set(name, body);
      await cluster.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, configs: {} }]);
    }
    return [200, { pipeline: name }];
  });
  const gateway = await answering(async (method, path) => {
    if (path === '/v3/sessions') happened.push('a session of Flink');
    if (path === '/v3/sessions') return [200, { sessionHandle: 's' }];
    if (method === 'POST') return [200, { operationHandle: 'o' }];
    return [200, { resultType: 'EOS', jobID: 'abc', results: { data: [] } }];
  });
  try {
    const first = await submit('--gateway', gateway.url, '--api-url', api.url);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, new RegExp(`fed under millrace serve; to end that: millrace stop ${topic}-feed`));
    assert.deepEqual(happened, [`PUT /api/v1/pipelines/${topic}-feed`, 'a session of Flink']);
    const { source, sink } = JSON.parse(files.get(`${topic}-feed`)!) as Record<string, Record<string, unknown>>;
    // The secret is the server's to fill in.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the variable as pipeline files write it.
    assert.deepEqual([source!['password'], source!['tables'], sink!['topic']], ['${PW}', 'shop.orders', topic]);

    happened.length = 0;
    const second = await submit('--gateway', gateway.url, '--api-url', api.url);
    assert.equal(second.status, 0, second.stderr);
    assert.deepEqual(happened, [`POST /api/v1/pipelines/${topic}-feed/resume`, 'a session of Flink']);
  } finally {
    for (const { server } of [api, gateway]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

test('where nothing serves, a file says what is to be run, and no secret is in it', async () => {
  const nobody = 'http://127.0.0.1:1';
  const { status, stderr } = await submit('--gateway', nobody, '--api-url', nobody, '--feed-file', 'job.feed.yaml');
  assert.notEqual(status, 0);
  assert.match(stderr, /nothing feeds the topics yet; this does: millrace run job\.feed\.yaml/);
  assert.match(stderr, /FLINK_UNREACHABLE/);
  assert.doesNotMatch(readFileSync(join(folder, 'job.feed.yaml'), 'utf8') + stderr, /a secret/);
});
