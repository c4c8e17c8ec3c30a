import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPipelineFile } from '../config/pipeline-file.ts';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { RecordBatchWriter } from '../connectors/kafka/client/record-batch.ts';
import { connectors } from '../connectors/registry.ts';
import type { LogFields } from '../core/log.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaProducer, kafkaSettings, makeTopic } from '../testing/kafka-exactly-once.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { followSignals } from './follow-signals.ts';
import { pipelineOptions } from './open-pipeline.ts';

const server = testServers().find(({ name }) => name === 'mysql-9.7');

test('a signal in a Kafka topic makes a running pipeline read a table again, and wrong ones are warned of', {
  skip: server === undefined,
  timeout: 120_000,
}, async () => {
  const bootstrapServers = await testKafka();
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  await using rig = await MysqlRig.open(server!);
  const topic = await makeTopic(cluster);
  const producer = await kafkaProducer(cluster, null);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-signals-'));
  const changes = join(folder, 'changes.ndjson');
  const { host, port, user, password } = rig.server;
  const name = `signals-${rig.database}`;
  const text = JSON.stringify({
    source: {
      type: 'mysql',
      hostname: host,
      port,
      username: user,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is put in by whoever reads the file
      password: '${PASSWORD}',
      tables: `${rig.database}.t`,
      'scan.startup.mode': 'latest-offset',
      'heartbeat.interval': '200ms',
    },
    sink: { type: 'file', path: changes },
    pipeline: { name, 'signal.kafka.topic': topic, 'signal.kafka.bootstrap.servers': bootstrapServers },
  });
  const loaded = await loadPipelineFile(join(folder, 'signals.yaml'), {
    env: { PASSWORD: password },
    overrides: [],
    version: '0',
    connectors,
    readText: () => text,
  });
  const [file] = loaded.pipelines;
  assert.ok(file !== undefined, loaded.diagnostics.map(({ error }) => error.message).join('\n'));

  const said: { readonly message: string; readonly fields: LogFields }[] = [];
  const say = (message: string, fields: LogFields = {}): void => void said.push({ message, fields });
  const log = { debug: say, info: say, warn: say, error: say };
  const pipeline = createPipeline(await pipelineOptions(file, { log, clock: systemClock }));
  const stop = new AbortController();
  const until = async (what: string, done: () => boolean): Promise<void> => {
    for (let left = 4_000; !done(); left -= 1) {
      assert.ok(left > 0, `${what}: ${JSON.stringify(said)}`);
      await systemClock.sleep(20);
    }
  };
  const send = async (...signals: readonly (readonly [key: string, value: string])[]): Promise<void> => {
    const writer = new RecordBatchWriter(Buffer.alloc(10_000), Date.now());
    for (const [key, value] of signals.map((each) => each.map((part) => Buffer.from(part))))
      writer.add(key!, 0, key!.length, value!, 0, value!.length);
    await producer.send({ topic, partition: 0 }, await writer.finish('none', false));
  };
  const execute = (table: string): string =>
    JSON.stringify({ type: 'execute-snapshot', data: { 'data-collections': [table], type: 'incremental' } });
  const read = (): string[] =>
    readFileSync(changes, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"op":"r"'));
  try {
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2), (3)');
    await send([name, execute(`${rig.database}.t`)]);
    const run = pipeline.run(stop.signal);
    const signals = followSignals(file, pipeline, log, stop.signal);
    await until('signals are read', () => said.some(({ message }) => message === 'signals are read'));
    await until('the log is followed', () => pipeline.source?.snapshots !== null && pipeline.source !== null);
    await send(
      ['another', execute(`${rig.database}.t`)],
      [name, 'no json'],
      [name, execute(`${rig.database}.other`)],
      [name, execute(`${rig.database}.t`)],
    );
    await until('the table is read', () => said.some(({ message }) => message === 'snapshot of a table ended'));
    await until('its rows are written', () => read().length >= 3);
    stop.abort();
    await Promise.all([run, signals]);
    assert.equal(read().length, 3);
    assert.deepEqual(
      said
        .filter(({ message }) => message.startsWith('a signal was'))
        .map(({ fields }) => fields['code'] ?? fields['type']),
      ['SIGNAL_REFUSED', 'SNAPSHOT_UNKNOWN_TABLE', 'execute-snapshot'],
    );
  } finally {
    stop.abort();
    rmSync(folder, { recursive: true });
  }
});
