import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offsetCommitV8 } from '@platformatic/kafka';
import type { z } from 'zod';
import type { Batch, Lane, Position } from '../../../core/batch.ts';
import type { Context } from '../../../core/connector.ts';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { batchOf, kafkaProducer, kafkaSettings, makeTopic } from '../../../testing/kafka-exactly-once.ts';
import { scriptedRegistry } from '../../../testing/scripted-registry.ts';
import { testKafka } from '../../../testing/servers/test-kafka.ts';
import { type CommittedRow, type SourceHarness, sourceContract } from '../../../testing/source-contract.ts';
import { Cluster } from '../client/cluster.ts';
import type { Producer } from '../client/producer.ts';
import { RecordBatchWriter } from '../client/record-batch.ts';
import { kafkaSourceConfig } from './config.ts';
import { fetchGroupOffsets } from './group-offsets.ts';
import { laneOf, placeOf } from './lane.ts';
import { KafkaSource } from './source.ts';

const bootstrapServers = await testKafka();

type Settings = Partial<z.input<typeof kafkaSourceConfig>>;

const context: Context = {
  pipeline: `source-${process.pid}`,
  clock: systemClock,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

/** `sinks`: with several, each message is a change of its own. */
const open = (settings: Settings, sinks = 1): KafkaSource =>
  new KafkaSource(
    kafkaSourceConfig.parse({
      'properties.bootstrap.servers': bootstrapServers,
      'value.format': 'json',
      'scan.topic-partition-discovery.interval': '100ms',
      'properties.fetch.max.wait.ms': '50ms',
      ...settings,
    }),
    { ...context, sinks },
  );

/** A cluster and a producer, closed together. */
class Writer implements AsyncDisposable {
  readonly cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  readonly #producers: Producer[] = [];

  async write(topic: string, values: readonly object[], partition = 0): Promise<void> {
    const producer = await this.#producer();
    await producer.send({ topic, partition }, await batchOf(values.map((value) => JSON.stringify(value))));
  }

  async #producer(): Promise<Producer> {
    const [known] = this.#producers;
    if (known !== undefined) return known;
    const made = await kafkaProducer(this.cluster, null);
    this.#producers.push(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cluster[Symbol.dispose]();
  }
}

class Harness implements SourceHarness {
  readonly rowsForParts = null;
  readonly #writer: Writer;
  readonly #topic: string;

  constructor(writer: Writer, topic: string) {
    this.#writer = writer;
    this.#topic = topic;
  }

  async open(): Promise<KafkaSource> {
    return open({ topic: this.#topic }, 2);
  }

  async commit(rows: readonly CommittedRow[]): Promise<void> {
    await this.#writer.write(this.#topic, rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }
}

sourceContract('kafka source', async () => {
  const writer = new Writer();
  return new Harness(writer, await makeTopic(writer.cluster));
});

const nothing = async (): Promise<Position | null> => null;

/** Reads until `count` rows have come, and gives their ids with the last places. */
const readIds = async (
  source: KafkaSource,
  count: number,
  held: (lane: Lane) => Promise<Position | null> = nothing,
): Promise<{
  readonly ids: readonly unknown[];
  readonly places: ReadonlyMap<Lane, Position>;
  readonly batches: readonly Batch[];
}> => {
  const ids: unknown[] = [];
  const places = new Map<Lane, Position>();
  const batches: Batch[] = [];
  for await (const batch of source.read(held, AbortSignal.timeout(20_000))) {
    batches.push(batch);
    for (const change of batch.changes) {
      if (change.kind !== 'rows') continue;
      for (let i = 0; i < change.rows.length; i += 1) ids.push((change.rows.after(i) ?? change.rows.before(i))![0]);
    }
    for (const [lane, at] of batch.positions) places.set(lane, at);
    if (ids.length >= count) break;
  }
  assert.ok(ids.length >= count, `${ids.length} of ${count} rows came`);
  return { ids, places, batches };
};

const failureOf = async (settings: Settings, held = nothing): Promise<unknown> => {
  await using source = open(settings);
  try {
    for await (const batch of source.read(held, AbortSignal.timeout(20_000))) assert.ok(batch.changes.length >= 0);
  } catch (error) {
    assert.ok(isMillraceError(error), String(error));
    return error.code;
  }
  return null;
};

test('begins where the group is, at a time, at offsets, at the end, as it is asked to', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster);
  await writer.write(topic, [{ id: 0 }, { id: 1 }, { id: 2 }]);
  const group = `group-${topic}`;
  const ids = async (settings: Settings, count: number): Promise<readonly unknown[]> => {
    await using source = open({
      topic,
      'properties.group.id': group,
      'scan.bounded.mode': 'latest-offset',
      ...settings,
    });
    return (await readIds(source, count)).ids;
  };
  assert.deepEqual(await ids({}, 3), [0, 1, 2]);
  const coordinator = await writer.cluster.coordinator('group', group);
  const partitions = [{ partitionIndex: 0, committedOffset: 2n, committedLeaderEpoch: -1, committedMetadata: '' }];
  await coordinator.request(offsetCommitV8.api, group, -1, '', null, [{ name: topic, partitions }]);
  assert.deepEqual(await ids({}, 1), [2]);
  assert.deepEqual(await ids({ 'scan.startup.mode': 'earliest-offset' }, 3), [0, 1, 2]);
  const specific = {
    'scan.startup.mode': 'specific-offsets',
    'scan.startup.specific-offsets': 'partition:0,offset:1',
  } as const;
  assert.deepEqual(await ids(specific, 2), [1, 2]);
  const from = (time: number) => ({ 'scan.startup.mode': 'timestamp', 'scan.startup.timestamp-millis': time }) as const;
  assert.deepEqual(await ids(from(0), 3), [0, 1, 2]);
  // Times are of batches as their writer's clock had them: one that is later by far stands apart from all above.
  const later = Date.now() + 600_000;
  const record = new RecordBatchWriter(Buffer.alloc(200), later);
  const value = Buffer.from('{"id":3}');
  record.add(null, 0, 0, value, 0, value.length);
  await (await kafkaProducer(writer.cluster, null)).send({ topic, partition: 0 }, await record.finish('none', false));
  assert.deepEqual(await ids(from(later), 1), [3]);
  assert.deepEqual(await ids(from(later + 1), 0), []);
  assert.deepEqual(await ids({ 'scan.startup.mode': 'latest-offset' }, 0), []);
  assert.equal(
    await failureOf({ topic, 'properties.group.id': `no-${topic}`, 'properties.auto.offset.reset': 'none' }),
    'KAFKA_GROUP_OFFSET_MISSING',
  );
});

test('ends where a bounded topic ended when reading began, whatever came since', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster, 3);
  for (const partition of [0, 2]) await writer.write(topic, [{ id: partition }], partition);
  await using source = open({ topic, 'scan.bounded.mode': 'latest-offset' });
  const seen: unknown[] = [];
  for await (const { changes } of source.read(nothing, AbortSignal.timeout(20_000))) {
    for (const change of changes) if (change.kind === 'rows') seen.push(change.rows.after(0)![0]);
    if (seen.length === 1) await writer.write(topic, [{ id: 9 }], 2);
  }
  assert.deepEqual(seen.sort(), [0, 2]);
});

test('says how many records are behind the places that are held', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster);
  await writer.write(topic, [{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }]);
  await using source = open({ topic });
  assert.equal(source.figures(new Map())[0]?.recordsBehind, undefined);
  const { places } = await readIds(source, 4);
  const name = { topic, partition: 0 };
  const behind = (held: ReadonlyMap<Lane, Position>) => source.figures(held)[0]?.recordsBehind;
  assert.equal(behind(new Map([[laneOf(name), placeOf(name, 1)]])), 3);
  assert.equal(behind(places), 0);
});

test('reads topics and partitions that appear later from their beginning, also when it began at the end', async () => {
  await using writer = new Writer();
  const first = await makeTopic(writer.cluster);
  await writer.write(first, [{ id: 1 }]);
  // Its name holds the pattern's, and is another topic's all the same.
  const other = `a-${first}-more`;
  await writer.cluster.createTopics([{ name: other, partitions: 1, replicationFactor: 1, configs: {} }]);
  await using source = open({ 'topic-pattern': `${first}(-more)?`, 'scan.startup.mode': 'latest-offset' });
  const reading = readIds(source, 2);
  await systemClock.sleep(300);
  await writer.write(other, [{ id: 8 }]);
  await writer.cluster.createTopics([{ name: `${first}-more`, partitions: 1, replicationFactor: 1, configs: {} }]);
  await writer.write(`${first}-more`, [{ id: 2 }, { id: 3 }]);
  assert.deepEqual((await reading).ids, [2, 3]);
});

test('never shows records of aborted transactions, and moves past them', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster);
  const producer = await kafkaProducer(writer.cluster, `txn-${topic}`);
  for (const [id, commit] of [
    [1, true],
    [2, false],
    [3, false],
    [4, true],
    [5, false],
  ] as const) {
    await producer.enlist([{ topic, partition: 0 }]);
    await producer.send({ topic, partition: 0 }, await batchOf([JSON.stringify({ id })], true));
    await (commit ? producer.commit() : producer.abort());
  }
  await using source = open({ topic });
  const places: Position[] = [];
  const ids: unknown[] = [];
  for await (const { changes, positions } of source.read(nothing, AbortSignal.timeout(20_000))) {
    for (const change of changes) {
      assert.equal(change.kind, 'rows');
      if (change.kind === 'rows') for (let i = 0; i < change.rows.length; i += 1) ids.push(change.rows.after(i)![0]);
    }
    places.push(...positions.values());
    // Five records, each with the mark behind it.
    if (places.at(-1) === placeOf({ topic, partition: 0 }, 10)) break;
  }
  assert.deepEqual(ids, [1, 4]);
});

test('tells the group how far the sinks are, when it is time and when it is closed', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster);
  await writer.write(topic, [{ id: 1 }, { id: 2 }]);
  const group = `told-${topic}`;
  {
    await using source = open({ topic, 'properties.group.id': group });
    const { places } = await readIds(source, 2);
    await source.acknowledge(places);
  }
  const offsets = await fetchGroupOffsets(writer.cluster, group, [{ topic, partition: 0 }]);
  assert.deepEqual([...offsets], [[`${topic}/0`, 2]]);
});

test('stops at a message it cannot read, with its place, once what came before it is handed on', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster, 2);
  await writer.write(topic, [{ id: 9 }], 1);
  const producer = await kafkaProducer(writer.cluster, null);
  // In one batch, so in one fetch: two that are good, one whose row must not come by halves, and one behind it.
  await producer.send({ topic, partition: 0 }, await batchOf(['{"id":1}', '{"id":2}', '{"id":3,"new":1', '{"id":4}']));
  await using source = open({ topic });
  const ids: unknown[] = [];
  const places = new Map<Lane, Position>();
  await assert.rejects(
    async () => {
      for await (const { changes, positions } of source.read(nothing, AbortSignal.timeout(20_000))) {
        for (const change of changes) {
          assert.equal(change.kind, 'rows');
          if (change.kind !== 'rows') continue;
          for (let i = 0; i < change.rows.length; i += 1) ids.push(change.rows.after(i)![0]);
        }
        for (const [lane, at] of positions) places.set(lane, at);
      }
    },
    (error) =>
      isMillraceError(error, 'KAFKA_MESSAGE_UNREADABLE') && error.details.offset === 2 && error.details.topic === topic,
  );
  assert.deepEqual(ids.sort(), [1, 2, 9]);
  assert.equal(places.get(`${topic}/0`), placeOf({ topic, partition: 0 }, 2));
});

test('reads Avro through a schema registry, learning of schemas between records, and names a record whose schema is unknown', async () => {
  const fields = [{ name: 'id', type: 'int' }];
  const wider = [...fields, { name: 'note', type: ['null', 'string'] }];
  using registry = await scriptedRegistry(
    [200, { schema: JSON.stringify({ type: 'record', name: 'Row', fields }) }],
    [200, { schema: JSON.stringify({ type: 'record', name: 'Row', fields: wider }) }],
    [404, { error_code: 40_403 }],
  );
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster);
  const producer = await kafkaProducer(writer.cluster, null);
  const write = async (...records: readonly (readonly number[])[]): Promise<void> => {
    const values = records.map((bytes) => String.fromCharCode(...bytes));
    await producer.send({ topic, partition: 0 }, await batchOf(values));
  };
  // An int is zigzag: 2 is 1, 4 is 2.
  await write([0, 0, 0, 0, 7, 2], [0, 0, 0, 0, 7, 4], [0, 0, 0, 0, 8, 6, 2, 2, 0x61]);
  const settings = {
    topic,
    'value.format': 'avro-confluent',
    'schema.registry.url': registry.url,
    'primary-key': 'id',
  } as const;
  await using source = open(settings);
  const { ids, batches } = await readIds(source, 3);
  assert.deepEqual(ids, [1, 2, 3]);
  const altered = batches.flatMap(({ changes }) => changes).filter(({ kind }) => kind === 'schema');
  assert.equal(altered.length, 1);
  assert.deepEqual(
    registry.asked.map(({ path }) => path),
    ['/schemas/ids/7', '/schemas/ids/8'],
  );
  await write([0, 0, 0, 0, 9, 8]);
  await using again = open(settings);
  await assert.rejects(
    async () => {
      for await (const batch of again.read(
        async () => placeOf({ topic, partition: 0 }, 3),
        AbortSignal.timeout(20_000),
      ))
        assert.ok(batch);
    },
    (error) =>
      isMillraceError(error, 'KAFKA_MESSAGE_UNREADABLE') &&
      isMillraceError(error.cause, 'FORMAT_SCHEMA_UNUSABLE') &&
      error.details.topic === topic &&
      error.details.partition === 0 &&
      error.details.offset === 3,
  );
});

test('says of an offset that is gone what the partition holds', async () => {
  await using writer = new Writer();
  const topic = await makeTopic(writer.cluster);
  await writer.write(topic, [{ id: 1 }]);
  assert.equal(await failureOf({ topic }, async () => placeOf({ topic, partition: 0 }, 77)), 'KAFKA_OFFSET_GONE');
});

test('names a topic that is not there', async () => {
  assert.equal(await failureOf({ topic: 'there-is-no-such-topic' }), 'KAFKA_TOPIC_MISSING');
});
