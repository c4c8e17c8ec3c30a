import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { RecordBatchWriter } from '../connectors/kafka/client/record-batch.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaProducer, kafkaSettings, makeTopic } from '../testing/kafka-exactly-once.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const bootstrapServers = await testKafka();

const millrace = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [main, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
};

/** Key and value; null: the record has none. */
type Sent = readonly [string | null, string | null];

const send = async (cluster: Cluster, topic: string, records: readonly Sent[]): Promise<void> => {
  const writer = new RecordBatchWriter(Buffer.allocUnsafe(65_536), Date.now());
  for (const [key, value] of records) {
    const [keyBytes, valueBytes] = [key, value].map((text) => (text === null ? null : Buffer.from(text)));
    writer.add(keyBytes!, 0, keyBytes?.length ?? 0, valueBytes!, 0, valueBytes?.length ?? 0);
  }
  const producer = await kafkaProducer(cluster, null);
  await producer.send({ topic, partition: 0 }, await writer.finish('none', false));
};

/** What stands where, and which of it no table can take. */
const records: readonly Sent[] = [
  ['{"id":1}', '{"id":1,"amount":"1.50"}'],
  ['{"id":2}', '{"id":2'],
  [null, '{"amount":"3.00"}'],
  ['{"id":4}', '{"id":4,"amount":"a secret amount"}'],
  ['{"id":5}', '{"id":5,"amount":"5.00","note":"hi"}'],
  [null, null],
  ['{"id":6}', '{"id":6,"amount":"6.00"}'],
];

test('messages that cannot be read stop the pipeline, or wait in the dead letters until they are replayed or dropped', async () => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const topic = await makeTopic(cluster);
  await send(cluster, topic, records);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-dlq-'));
  const path = join(folder, 'payments.yaml');
  const letters = join(folder, 'letters.ndjson');
  const mirror = join(folder, 'mirror.db');
  const file = (tolerance: 'none' | 'all', columns = ''): void => {
    writeFileSync(
      path,
      JSON.stringify({
        source: {
          type: 'kafka',
          'properties.bootstrap.servers': bootstrapServers,
          topic,
          'value.format': 'json',
          table: 'shop.payments',
          schema: `CREATE TABLE payments (id INT PRIMARY KEY, amount DECIMAL(12,2)${columns})`,
          'scan.bounded.mode': 'latest-offset',
        },
        sink: { type: 'sqlite', path: mirror },
        pipeline: {
          name: `payments-${topic}`,
          'errors.tolerance': tolerance,
          ...(tolerance === 'all' ? { 'errors.deadletterqueue.path': letters } : {}),
        },
      }),
    );
  };
  const rows = (): readonly unknown[] => {
    using database = new DatabaseSync(mirror, { readOnly: true });
    return database
      .prepare('SELECT id, amount FROM "shop.payments" ORDER BY id')
      .all()
      .map((row) => Object.values(row));
  };
  const shown = async () =>
    (await millrace('dlq', 'show', path, '-o', 'jsonl')).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  try {
    file('none');
    const stopped = await millrace('run', path);
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, new RegExp(`KAFKA_MESSAGE_UNREADABLE[^]*offset 1 of partition 0 of ${topic}`));

    file('all');
    const ran = await millrace('run', path);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /messages that could not be read are in the dead letters/);
    assert.doesNotMatch(ran.stderr, /a secret amount/);
    assert.deepEqual(rows(), [
      [1, '1.50'],
      [6, '6.00'],
    ]);
    const waiting = await shown();
    assert.deepEqual(
      waiting.map(({ offset, code }) => [offset, code]),
      [
        [1, 'FORMAT_MESSAGE_UNREADABLE'],
        [2, 'FORMAT_KEY_MISSING'],
        [3, 'FORMAT_VALUE_UNREADABLE'],
        [4, 'FORMAT_FIELD_UNKNOWN'],
        [5, 'FORMAT_MESSAGE_UNREADABLE'],
      ],
    );
    assert.deepEqual(
      waiting.map(({ key, value }) =>
        [key, value].map((text) => (text === null ? null : Buffer.from(text, 'base64').toString())),
      ),
      records.slice(1, 6),
    );
    assert.match((await millrace('dlq', 'show', path)).stdout, /key {4}\{"id":2\}\n {2}value {2}\{"id":2\n/);
    assert.match((await millrace('dlq', 'list', path)).stdout, new RegExp(`FORMAT_KEY_MISSING +1 +- +topic ${topic}`));

    file('all', ', note TEXT');
    const replayed = await millrace('dlq', 'replay', path, '--all', '-o', 'json');
    assert.equal(replayed.code, 1, replayed.stderr);
    const { data } = JSON.parse(replayed.stdout);
    assert.deepEqual([data.replayed.length, data.refused.length], [1, 4]);
    assert.deepEqual(rows(), [
      [1, '1.50'],
      [5, '5.00'],
      [6, '6.00'],
    ]);
    assert.equal((await millrace('dlq', 'drop', path, '--all', '--yes')).code, 0);
    assert.deepEqual(await shown(), []);
    assert.match(readFileSync(letters, 'utf8'), /"how":"replayed"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
