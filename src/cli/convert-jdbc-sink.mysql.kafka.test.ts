import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { RecordBatchWriter } from '../connectors/kafka/client/record-batch.ts';
import { commitGroupOffsets } from '../connectors/kafka/source/group-offsets.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaProducer, kafkaSettings, makeTopic } from '../testing/kafka-exactly-once.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const [server] = testServers();

test("a JDBC sink's settings become a pipeline that goes on where its consumer group stands", {
  skip: server === undefined,
}, async () => {
  const bootstrapServers = await testKafka();
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const topic = await makeTopic(cluster);
  await using rig = await MysqlRig.open(server!);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-jdbc-'));
  const millrace = (...args: readonly string[]) =>
    new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
      const env = { ...process.env, TARGET_PASSWORD: rig.server.password, KAFKA_BROKERS: bootstrapServers };
      execFile(process.execPath, [main, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr }),
      );
    });
  try {
    const writer = new RecordBatchWriter(Buffer.allocUnsafe(65_536), Date.now());
    const add = (id: number, value: object | null): void => {
      const key = Buffer.from(JSON.stringify({ id }));
      const bytes = value === null ? null : Buffer.from(JSON.stringify(value));
      writer.add(key, 0, key.length, bytes, 0, bytes?.length ?? 0);
    };
    add(1, { note: 'written by the connector' });
    add(2, { note: 'two' });
    add(3, { note: 'three' });
    add(2, { note: 'changed' });
    add(3, null);
    const producer = await kafkaProducer(cluster, null);
    await producer.send({ topic, partition: 0 }, await writer.finish('none', false));
    await commitGroupOffsets(cluster, `connect-${topic}`, [{ topic, partition: 0, offset: 1 }]);
    const config = {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
      topics: topic,
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
      'connection.url': `jdbc:mysql://${rig.server.host}:${rig.server.port}/${rig.database}`,
      'connection.user': rig.server.user,
      'connection.password': 'not copied',
      'table.name.format': 'payments',
      'insert.mode': 'upsert',
      'pk.mode': 'record_key',
      'pk.fields': 'id',
      'delete.enabled': 'true',
    };
    const [connector, file] = [join(folder, 'sink.json'), join(folder, 'sink.yaml')];
    writeFileSync(connector, JSON.stringify({ name: topic, config }));
    const converted = await millrace('convert', 'debezium', connector);
    assert.equal(converted.code, 0, converted.stderr);
    writeFileSync(file, converted.stdout);
    const ran = await millrace('run', file, '--set', 'source.scan.bounded.mode=latest-offset');
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(await rig.query('SELECT id, note FROM payments ORDER BY id'), [['2', 'changed']]);
  } finally {
    await rig.run(`DROP DATABASE ${rig.database}`);
    rmSync(folder, { recursive: true });
  }
});
