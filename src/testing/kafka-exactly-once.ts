import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSettings } from '../connectors/kafka/client/client-settings.ts';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { Producer } from '../connectors/kafka/client/producer.ts';
import { readPartition } from '../connectors/kafka/client/read-partition.ts';
import { type RecordBatch, RecordBatchWriter } from '../connectors/kafka/client/record-batch.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';

export const kafkaSettings = (bootstrapServers: string): ClientSettings => ({
  bootstrapServers: bootstrapServers.split(','),
  clientId: 'millrace-test',
  tls: null,
  sasl: null,
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
});

export const kafkaProducer = async (cluster: Cluster, transactionalId: string | null): Promise<Producer> => {
  const producer = new Producer(cluster, {
    transactionalId,
    transactionTimeoutMs: 60_000,
    deliveryTimeoutMs: 60_000,
    requestTimeoutMs: 30_000,
    fenced: () => new MillraceError('SINK_FENCED', { sink: 'kafka', pipeline: 'test', lane: 'log' }),
  });
  await producer.begin();
  return producer;
};

/** Records without keys. */
export const batchOf = async (values: readonly string[], transactional = false): Promise<RecordBatch> => {
  const bytes = values.map((value) => Buffer.from(value));
  const room = bytes.reduce((sum, { length }) => sum + RecordBatchWriter.sizeOf(0, length, []), 61);
  const writer = new RecordBatchWriter(Buffer.allocUnsafe(room), Date.now());
  for (const value of bytes) writer.add(null, 0, 0, value, 0, value.length);
  return await writer.finish('none', transactional);
};

/** What a reader of committed records finds in a partition once no transaction is open there; '' for tombstones. */
export const valuesIn = async (cluster: Cluster, topic: string, partition = 0): Promise<readonly string[]> => {
  await transactionsEnded(cluster, topic, partition);
  const values: string[] = [];
  await readPartition(cluster, topic, partition, 0, ({ bytes, valueStart, valueEnd }) => {
    values.push(valueStart < 0 ? '' : bytes.utf8Slice(valueStart, valueEnd));
  });
  return values;
};

/** A commit is decided when it resolves, and the partitions learn of it a moment later. */
const transactionsEnded = async (cluster: Cluster, topic: string, partition: number): Promise<void> => {
  for (let i = 0; i < 500; i += 1) {
    const decided = await cluster.offset(topic, partition, 'latest', 'read_committed');
    if (decided === (await cluster.offset(topic, partition, 'latest', 'read_uncommitted'))) return;
    await sleep(10);
  }
  assert.fail(`a transaction stays open in ${topic}`);
};

let made = 0;

/** A topic of its own for each test. */
export const makeTopic = async (cluster: Cluster, partitions = 1): Promise<string> => {
  made += 1;
  const name = `test-${process.pid}-${made}`;
  await cluster.createTopics([{ name, partitions, replicationFactor: null, configs: {} }]);
  return name;
};

/** Where clients of Kafka have been found to lose, double or leak records. Each must hold, on one broker and on three. */
export const kafkaExactlyOnce = (
  name: string,
  bootstrapServers: () => string,
  ClusterKind: typeof Cluster = Cluster,
): void => {
  const run = (rule: string, body: (cluster: Cluster) => Promise<void>): void => {
    test(`${name}: ${rule}`, async () => {
      using cluster = new ClusterKind(kafkaSettings(bootstrapServers()), systemClock);
      await body(cluster);
    });
  };

  /** Sends values in a transaction of their own. */
  const transact = async (
    producer: Producer,
    topic: string,
    values: readonly string[],
    end: 'commit' | 'abort',
  ): Promise<void> => {
    await producer.enlist([{ topic, partition: 0 }]);
    await producer.send({ topic, partition: 0 }, await batchOf(values, true));
    await producer[end]();
  };

  run('hides two aborted transactions of one producer that come in one fetch', async (cluster) => {
    const topic = await makeTopic(cluster);
    const producer = await kafkaProducer(cluster, `${topic}-id`);
    await transact(producer, topic, ['one'], 'commit');
    await transact(producer, topic, ['aborted first'], 'abort');
    await transact(producer, topic, ['two'], 'commit');
    await transact(producer, topic, ['aborted second'], 'abort');
    await transact(producer, topic, ['three'], 'commit');
    assert.deepEqual(await valuesIn(cluster, topic), ['one', 'two', 'three']);
  });

  run('hides an aborted transaction that goes over several fetches', async (cluster) => {
    const topic = await makeTopic(cluster);
    const producer = await kafkaProducer(cluster, `${topic}-id`);
    const place = { topic, partition: 0 };
    await transact(producer, topic, ['before'], 'commit');
    await producer.enlist([place]);
    // More than a fetch brings, in batches of half a megabyte.
    const values = Array.from({ length: 512 }, (_, i) => `aborted ${i} `.padEnd(1_000, '.'));
    const sends: Promise<number>[] = [];
    for (let i = 0; i < 20; i += 1) sends.push(producer.send(place, await batchOf(values, true)));
    await Promise.all(sends);
    await producer.abort();
    await transact(producer, topic, ['after'], 'commit');
    assert.deepEqual(await valuesIn(cluster, topic), ['before', 'after']);
  });

  run('goes on under the same transactional id after a restart, without what was left open', async (cluster) => {
    const topic = await makeTopic(cluster);
    const first = await kafkaProducer(cluster, `${topic}-id`);
    await transact(first, topic, ['kept'], 'commit');
    await first.enlist([{ topic, partition: 0 }]);
    await first.send({ topic, partition: 0 }, await batchOf(['left open'], true));
    const second = await kafkaProducer(cluster, `${topic}-id`);
    assert.deepEqual(await valuesIn(cluster, topic), ['kept']);
    await transact(second, topic, ['next'], 'commit');
    assert.deepEqual(await valuesIn(cluster, topic), ['kept', 'next']);
  });

  run('lets no producer write once another has begun under its transactional id', async (cluster) => {
    const topic = await makeTopic(cluster);
    const place = { topic, partition: 0 };
    const zombie = await kafkaProducer(cluster, `${topic}-id`);
    await transact(zombie, topic, ['one'], 'commit');
    await zombie.enlist([place]);
    await zombie.send(place, await batchOf(['of the zombie'], true));
    const heir = await kafkaProducer(cluster, `${topic}-id`);
    const isFenced = (error: unknown): boolean => isMillraceError(error, 'SINK_FENCED');
    await assert.rejects(zombie.commit(), isFenced);
    await assert.rejects(transact(zombie, topic, ['of the zombie too'], 'commit'), isFenced);
    await transact(heir, topic, ['two'], 'commit');
    assert.deepEqual(await valuesIn(cluster, topic), ['one', 'two']);
  });

  run('keeps each of fifty idempotent sends at once, in their order', async (cluster) => {
    const topic = await makeTopic(cluster);
    const producer = await kafkaProducer(cluster, null);
    const batches = await Promise.all(
      Array.from({ length: 50 }, (_, i) => batchOf(Array.from({ length: 10 }, (_, j) => `${i}.${j}`))),
    );
    const offsets = await Promise.all(batches.map((batch) => producer.send({ topic, partition: 0 }, batch)));
    await producer.send({ topic, partition: 0 }, await batchOf(['last']));
    const expected = Array.from({ length: 500 }, (_, i) => `${Math.floor(i / 10)}.${i % 10}`);
    assert.deepEqual(await valuesIn(cluster, topic), [...expected, 'last']);
    assert.deepEqual(
      offsets,
      Array.from({ length: 50 }, (_, i) => i * 10),
    );
  });
};
