import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import {
  batchOf,
  kafkaExactlyOnce,
  kafkaProducer,
  kafkaSettings,
  makeTopic,
  valuesIn,
} from '../../../testing/kafka-exactly-once.ts';
import { testKafka } from '../../../testing/servers/test-kafka.ts';
import { Cluster } from './cluster.ts';
import { compressionNames } from './compression.ts';
import { readPartition } from './read-partition.ts';
import { RecordBatchWriter } from './record-batch.ts';
import { readHeaders } from './record-reader.ts';

const bootstrapServers = await testKafka();

kafkaExactlyOnce('one broker', () => bootstrapServers);

/** Its partitions are announced to the coordinator, as brokers before Kafka 4.0 need it. */
class OlderCluster extends Cluster {
  override async featureLevel(): Promise<number> {
    return 0;
  }
}
kafkaExactlyOnce('one broker, as before Kafka 4.0', () => bootstrapServers, OlderCluster);

test('makes partitions part of a transaction by what is sent to them where brokers offer it', async () => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  assert.equal(await cluster.featureLevel('transaction.version'), 2);
  assert.equal(await cluster.featureLevel('no.such.feature'), 0);
});

for (const compression of compressionNames) {
  test(`what is written with compression ${compression} is read back, keys, headers and tombstones too`, async () => {
    using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
    const topic = await makeTopic(cluster);
    const producer = await kafkaProducer(cluster, null);
    const writer = new RecordBatchWriter(Buffer.alloc(400_000), 1_700_000_000_123);
    const key = Buffer.from('xxthe keyxx');
    const value = Buffer.from(`a value ${'of some length '.repeat(20)}`);
    for (let i = 0; i < 1_000; i += 1) writer.add(key, 2, 9, value, 0, value.length);
    writer.add(null, 0, 0, value, 0, 0);
    writer.add(key, 2, 9, null, 0, 0, [{ name: Buffer.from('why'), bytes: value, start: 0, end: 7 }]);
    await producer.send({ topic, partition: 0 }, await writer.finish(compression, false));
    const found: string[] = [];
    await readPartition(cluster, topic, 0, 0, (record) => {
      const { bytes, offset, timestamp, keyStart, keyEnd, valueStart, valueEnd } = record;
      let text = `${offset} ${timestamp} ${keyStart < 0 ? null : bytes.utf8Slice(keyStart, keyEnd)}`;
      text += ` ${valueStart < 0 ? null : bytes.utf8Slice(valueStart, valueEnd).length}`;
      readHeaders(record, (name, start, end) => (text += ` ${name}=${bytes.utf8Slice(start, end)}`));
      found.push(text);
    });
    assert.deepEqual(found.slice(998), [
      '998 1700000000123 the key 308',
      '999 1700000000123 the key 308',
      '1000 1700000000123 null 0',
      '1001 1700000000123 the key null why=a value',
    ]);
    assert.equal(found.length, 1_002);
  });
}

test('says how many partitions a topic has, and that there is none', async () => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const topic = await makeTopic(cluster, 3);
  const counts = await cluster.partitionCounts([topic, 'no-such-topic']);
  assert.deepEqual(
    [...counts],
    [
      [topic, 3],
      ['no-such-topic', 0],
    ],
  );
  assert.ok((await cluster.topicNames()).includes(topic));
  assert.equal(await cluster.topicSetting(topic, 'cleanup.policy'), 'delete');
  // Made once more, it stays as it is.
  await cluster.createTopics([{ name: topic, partitions: 1, replicationFactor: null, configs: {} }]);
  assert.equal((await cluster.partitionCounts([topic])).get(topic), 3);
});

test('says where a partition begins and ends', async () => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const topic = await makeTopic(cluster);
  const producer = await kafkaProducer(cluster, null);
  await producer.send({ topic, partition: 0 }, await batchOf(['a', 'b', 'c']));
  assert.equal(await cluster.offset(topic, 0, 'earliest'), 0);
  assert.equal(await cluster.offset(topic, 0, 'latest'), 3);
  assert.equal(await cluster.offset(topic, 0, Date.now() - 60_000), 0);
  assert.equal(await cluster.offset(topic, 0, Date.now() + 60_000), -1);
  assert.deepEqual(await valuesIn(cluster, topic), ['a', 'b', 'c']);
});

test('says that nobody answers', async () => {
  using cluster = new Cluster(kafkaSettings('127.0.0.1:1'), systemClock);
  await assert.rejects(cluster.any(), (error) => isMillraceError(error, 'KAFKA_UNREACHABLE') && error.retryable);
});

test('says that the cluster refuses to make a topic, and why', async () => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const refused = cluster.createTopics([{ name: 'too-many-copies', partitions: 1, replicationFactor: 9, configs: {} }]);
  await assert.rejects(
    refused,
    (error) => isMillraceError(error, 'KAFKA_TOPIC_REFUSED') && /replica/i.test(error.message),
  );
});
