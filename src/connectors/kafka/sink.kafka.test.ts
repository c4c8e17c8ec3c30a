import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeTransactionsV0 } from '@platformatic/kafka';
import type { z } from 'zod';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, Op, RowsChange } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { isMillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { kafkaSettings } from '../../testing/kafka-exactly-once.ts';
import { origin } from '../../testing/sample-origin.ts';
import { column, int, ordersTable, table, varchar } from '../../testing/sample-tables.ts';
import { testKafka } from '../../testing/servers/test-kafka.ts';
import { type SinkHarness, sinkContract } from '../../testing/sink-contract.ts';
import { Cluster } from './client/cluster.ts';
import { murmur2 } from './client/murmur2.ts';
import { readPartition } from './client/read-partition.ts';
import { readHeaders } from './client/record-reader.ts';
import { kafkaConfig } from './config.ts';
import { KafkaSink } from './sink.ts';

const bootstrapServers = await testKafka();
const never = new AbortController().signal;

type Settings = Partial<z.input<typeof kafkaConfig>>;

let harnesses = 0;

/** Names that nothing else in this Kafka has. */
const ownName = (): string => {
  harnesses += 1;
  return `sink-${process.pid}-${harnesses}`;
};

const contextOf = (pipeline: string): Context => ({
  pipeline,
  clock: systemClock,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});

const open = (pipeline: string, settings: Settings = {}): KafkaSink =>
  new KafkaSink(
    kafkaConfig.parse({
      'properties.bootstrap.servers': bootstrapServers,
      'topic.prefix': pipeline,
      'skipped.operations': 'none',
      ...settings,
    }),
    contextOf(pipeline),
  );

interface Found {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** A commit is decided when it resolves, and the partitions learn of it a moment later. */
const untilDecided = async (cluster: Cluster, pipeline: string): Promise<void> => {
  const id = `millrace-${pipeline}`;
  for (;;) {
    const coordinator = await cluster.coordinator('transaction', id);
    const { transactionStates } = await coordinator.request(describeTransactionsV0.api, [id]);
    if (!transactionStates[0]!.transactionState.startsWith('Prepare')) return;
    await sleep(5);
  }
};

/** What a reader of committed records finds in a topic that a pipeline writes. */
const recordsIn = async (pipeline: string, topic: string): Promise<readonly Found[]> => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  await untilDecided(cluster, pipeline);
  const found: Found[] = [];
  const count = (await cluster.partitionCounts([topic])).get(topic)!;
  for (let partition = 0; partition < count; partition += 1) {
    await readPartition(cluster, topic, partition, 0, (record) => {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = record;
      const headers: Record<string, string> = {};
      readHeaders(record, (name, start, end) => {
        headers[name] = start < 0 ? '' : bytes.utf8Slice(start, end);
      });
      found.push({
        partition,
        key: keyStart < 0 ? null : bytes.utf8Slice(keyStart, keyEnd),
        value: valueStart < 0 ? null : bytes.utf8Slice(valueStart, valueEnd),
        headers,
      });
    });
  }
  return found;
};

interface Envelope {
  readonly op: 'c' | 'r' | 'u' | 'd' | 't';
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly source: { readonly db: string; readonly table: string };
}

/** What a reader has after applying every record of a table's topic to an empty table. */
const replay = (found: readonly Found[], target: Table): readonly Row[] => {
  const key = target.primaryKey.length > 0 ? target.primaryKey : target.columns.map((_, i) => i);
  const names = key.map((index) => target.columns[index]!.name);
  /** Rows by key; without one, equal rows are kept side by side. */
  const rows = new Map<string, Record<string, unknown>[]>();
  const keyOf = (row: Record<string, unknown>): string => JSON.stringify(names.map((name) => row[name]));
  const take = (wanted: Record<string, unknown>): Record<string, unknown> | undefined => rows.get(keyOf(wanted))?.pop();
  const put = (row: Record<string, unknown>): void => {
    const same = rows.get(keyOf(row));
    if (same === undefined) rows.set(keyOf(row), [row]);
    else same.push(row);
  };
  for (const { value } of found) {
    if (value === null) continue;
    const { op, before, after } = JSON.parse(value) as Envelope;
    if (op === 't') rows.clear();
    if (op === 'd' || op === 'u') {
      const old = take(before!);
      if (after) put({ ...old, ...after });
    } else if (after) {
      if (target.primaryKey.length > 0) take(after);
      put(after);
    }
  }
  return [...rows.values()].flat().map((row) => target.columns.map(({ name }) => row[name] as Row[number]));
};

const topicOf = (prefix: string, { database, name }: Table): string =>
  `${prefix}.${database}.${name}`.replaceAll(/[^a-zA-Z0-9._-]/g, '_');

const harness = async (settings: Settings): Promise<SinkHarness> => {
  const pipeline = ownName();
  const opened: Sink[] = [];
  return {
    open: async () => {
      const sink = open(pipeline, settings);
      opened.push(sink);
      return sink;
    },
    rows: async (target) => replay(await recordsIn(pipeline, topicOf(pipeline, target)), target),
    [Symbol.asyncDispose]: async () => {
      for (const sink of opened) await sink[Symbol.asyncDispose]();
    },
  };
};

sinkContract('kafka exactly once', () => harness({}), { mirror: false });
sinkContract('kafka at least once', () => harness({ 'sink.delivery-guarantee': 'at-least-once' }), {
  mirror: false,
  keyless: false,
  atomicParts: false,
  fencedRows: false,
});

const rows = (target: Table, op: Op, images: { before?: readonly Row[]; after?: readonly Row[] }): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before: images.before ?? null, after: images.after ?? null }),
  origin,
});

const batch = (number: number, ...changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(String(number))]]),
  version: String(number).padStart(10, '0'),
});

const create = (target: Table, ...after: readonly Row[]): Change => rows(target, 'create', { after });
const remove = (target: Table, ...before: readonly Row[]): Change => rows(target, 'delete', { before });

const opened = async (pipeline: string, settings: Settings = {}): Promise<KafkaSink> => {
  const sink = open(pipeline, settings);
  await sink.claim('log');
  return sink;
};

test('at least once, a writer that was replaced learns of it and changes no position', async () => {
  const pipeline = ownName();
  const settings = { 'sink.delivery-guarantee': 'at-least-once' } as const;
  await using older = await opened(pipeline, settings);
  await older.write(batch(1, create(ordersTable, [1, 'new', 1])), never);
  await using newer = open(pipeline, settings);
  assert.equal(await newer.claim('log'), '1');
  await newer.write(batch(2, create(ordersTable, [2, 'new', 2])), never);
  await assert.rejects(older.write(batch(9), never), (error) => isMillraceError(error, 'SINK_FENCED'));
  await newer.write(batch(3), never);
  await using next = open(pipeline, settings);
  assert.equal(await next.claim('log'), '3');
});

test('a pipeline goes on where it was when its guarantee is changed, either way', async () => {
  const pipeline = ownName();
  let held: string | null = null;
  for (const [i, guarantee] of (['exactly-once', 'at-least-once', 'exactly-once'] as const).entries()) {
    await using sink = open(pipeline, { 'sink.delivery-guarantee': guarantee });
    assert.equal(await sink.claim('log'), held);
    await sink.write(batch(i + 1, create(ordersTable, [i, 'new', i])), never);
    held = String(i + 1);
  }
  assert.equal((await recordsIn(pipeline, topicOf(pipeline, ordersTable))).length, 3);
});

test('keys are the primary key, deletes have a tombstone, and a changed key names the other one in a header', async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline);
  const moved = rows(ordersTable, 'update', { before: [[1, 'new', 1]], after: [[2, 'new', 1]] });
  await sink.write(batch(1, create(ordersTable, [1, 'new', 1]), moved, remove(ordersTable, [2, 'new', 1])), never);
  const found = await recordsIn(pipeline, topicOf(pipeline, ordersTable));
  const told = found.map(({ key, value, headers }) => [key, value && (JSON.parse(value) as Envelope).op, headers]);
  assert.deepEqual(told, [
    ['{"id":1}', 'c', {}],
    ['{"id":1}', 'd', { '__debezium.newkey': '{"id":2}' }],
    ['{"id":1}', null, { '__debezium.newkey': '{"id":2}' }],
    ['{"id":2}', 'c', { '__debezium.oldkey': '{"id":1}' }],
    ['{"id":2}', 'd', {}],
    ['{"id":2}', null, {}],
  ]);
});

test('with its schema, each key and value stands behind it, and a tombstone still has no value', async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline, { 'debezium-json.schema-include': true });
  const notes = table('notes', [column('id', int, { nullable: false }), column('note', varchar)], [0]);
  await sink.write(batch(1, create(notes, [1, 'a']), remove(notes, [1, 'a'])), never);
  const found = await recordsIn(pipeline, topicOf(pipeline, notes));
  const idOnly = { type: 'struct', fields: [{ type: 'int32', optional: false, field: 'id' }], optional: false };
  const key = { schema: { ...idOnly, name: `${pipeline}.shop.notes.Key` }, payload: { id: 1 } };
  assert.deepEqual(
    found.map((record) => record.key),
    Array(3).fill(JSON.stringify(key)),
  );
  assert.deepEqual(
    found.map(({ value }) => value && (JSON.parse(value) as { payload: Envelope }).payload.op),
    ['c', 'd', null],
  );
  assert.match(
    found[0]!.value!,
    /^\{"schema":\{"type":"struct",.*\.shop\.notes\.Envelope","version":2\},"payload":\{"before":null,/,
  );
});

test('leaves out the operations that are skipped, and writes the rows of snapshots all the same', async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline, { 'skipped.operations': 'c,d' });
  const changed = rows(ordersTable, 'update', { before: [[1, 'new', 1]], after: [[1, 'old', 1]] });
  const read = rows(ordersTable, 'read', { after: [[2, 'new', 2]] });
  const changes = [create(ordersTable, [1, 'new', 1]), changed, remove(ordersTable, [1, 'old', 1]), read];
  await sink.write(batch(1, ...changes), never);
  const found = await recordsIn(pipeline, topicOf(pipeline, ordersTable));
  assert.deepEqual(
    found.map(({ value }) => (JSON.parse(value!) as Envelope).op),
    ['u', 'r'],
  );
});

test('leaves tombstones out, takes other key columns and adds headers when asked to', async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline, {
    topic: `${pipeline}.all`,
    'tombstones.on.delete': false,
    'message.key.columns': 'shop.orders:status,id',
    'sink.add-tableId-to-header-enabled': true,
    'sink.custom-header': 'team:a, site:b',
  });
  await sink.write(batch(1, create(ordersTable, [1, 'new', 1]), remove(ordersTable, [1, 'new', 1])), never);
  const headers = { namespace: '', schemaName: 'shop', tableName: 'orders', team: 'a', site: 'b' };
  const found = await recordsIn(pipeline, `${pipeline}.all`);
  assert.deepEqual(
    found.map((record) => [record.key, record.headers]),
    [
      ['{"status":"new","id":1}', headers],
      ['{"status":"new","id":1}', headers],
    ],
  );
});

test('routes tables by a template and by their names, and makes topics with the settings given', async () => {
  const pipeline = ownName();
  const settings = {
    topic: `${pipeline}-%{table}-of-%{database}`,
    'sink.tableId-to-topic.mapping': `shop.pairs:${pipeline}-x`,
  };
  const pairs = table('pairs', [column('a', int, { nullable: false }), column('b', varchar)], [0]);
  const made = { partitions: '3', 'cleanup.policy': 'compact' };
  await using sink = await opened(pipeline, { ...settings, 'topic.creation.default': made });
  await sink.write(batch(1, create(ordersTable, [1, 'new', 1]), create(pairs, [1, 'x'])), never);
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const names = [`${pipeline}-orders-of-shop`, `${pipeline}-x`];
  assert.deepEqual([...(await cluster.partitionCounts(names)).values()], [3, 3]);
  assert.equal(await cluster.topicSetting(names[0]!, 'cleanup.policy'), 'compact');
  assert.equal((await recordsIn(pipeline, `${pipeline}-x`)).length, 1);
});

const strategies: Readonly<Record<string, (key: string) => number | null>> = {
  'hash-by-key': (key) => (murmur2(Buffer.from(key)) & 0x7fffffff) % 5,
  'hash-by-table': () => (murmur2(Buffer.from(qualifiedName(ordersTable))) & 0x7fffffff) % 5,
  'all-to-zero': () => 0,
  // All of one transaction, whichever it is.
  'hash-by-transaction': () => null,
};

for (const [strategy, partitionOf] of Object.entries(strategies)) {
  test(`with ${strategy}, records come into the partition they belong in`, async () => {
    const pipeline = ownName();
    await using sink = await opened(pipeline, {
      'partition.strategy': strategy as 'hash-by-key',
      'topic.creation.default': { partitions: '5' },
    });
    const all = Array.from({ length: 40 }, (_, id): Row => [id, 'new', id]);
    await sink.write(batch(1, create(ordersTable, ...all)), never);
    const found = await recordsIn(pipeline, topicOf(pipeline, ordersTable));
    assert.equal(found.length, 40);
    for (const { key, partition } of found) assert.equal(partition, partitionOf(key!) ?? found[0]!.partition);
  });
}

test('with debezium-avro, records name the schemas that the registry gave ids', async () => {
  const subjects: string[] = [];
  const registry = createServer((request, response) => {
    subjects.push(request.url!);
    request.resume();
    response.end(JSON.stringify({ id: 40 + subjects.length }));
  });
  registry.listen(0, '127.0.0.1');
  await once(registry, 'listening');
  try {
    const { port } = registry.address() as AddressInfo;
    const pipeline = ownName();
    await using sink = await opened(pipeline, {
      'value.format': 'debezium-avro',
      'skipped.operations': 't',
      'schema.registry.url': `http://127.0.0.1:${port}`,
    });
    await sink.write(batch(1, create(ordersTable, [1, 'new', 1])), never);
    await sink.write(batch(2, create(ordersTable, [2, 'new', 2])), never);
    const topic = topicOf(pipeline, ordersTable);
    const found = await recordsIn(pipeline, topic);
    assert.deepEqual(subjects, [`/subjects/${topic}-key/versions`, `/subjects/${topic}-value/versions`]);
    assert.deepEqual(
      found.map(({ key, value }) => [key!.slice(0, 5), value!.slice(0, 5)]),
      Array.from({ length: 2 }, () => ['\0\0\0\0)', '\0\0\0\0*']),
    );
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
});

test('stops at a topic that is missing when it may not make it', async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline, { 'topic.creation.enable': false });
  await assert.rejects(
    sink.write(batch(1, create(ordersTable, [1, 'new', 1])), never),
    (error) => isMillraceError(error, 'KAFKA_TOPIC_MISSING') && error.message.endsWith('.shop.orders'),
  );
  await using next = open(pipeline);
  assert.equal(await next.claim('log'), null);
});

test('stops at a record that is too large for its topic, names the place and not the row, and leaves nothing', async () => {
  const pipeline = ownName();
  const made = { 'max.message.bytes': '20000' };
  for (const compression of ['none', 'lz4'] as const) {
    await using sink = await opened(pipeline, {
      'topic.creation.default': made,
      'properties.compression.type': compression,
    });
    const noise = Array.from({ length: 30_000 }, () => String.fromCharCode(33 + Math.random() * 90)).join('');
    await assert.rejects(
      sink.write(batch(1, create(ordersTable, [1, 'fits', 1], [2, noise, 2])), never),
      (error) =>
        isMillraceError(error, 'KAFKA_RECORD_TOO_LARGE') &&
        error.details.limit === 20_000 &&
        !JSON.stringify(error.details).includes('id'),
    );
  }
  await using sink = await opened(pipeline);
  // Many rows that fit are sent in as many batches as it takes.
  const many = Array.from({ length: 500 }, (_, id): Row => [id, `status ${id}`, id]);
  await sink.write(batch(1, create(ordersTable, ...many)), never);
  const keys = (await recordsIn(pipeline, topicOf(pipeline, ordersTable))).map(({ key }) => key);
  assert.deepEqual(
    keys,
    many.map(([id]) => `{"id":${id}}`),
  );
});

const otherFormats: Readonly<Record<string, readonly (readonly [key: string, told: string | null])[]>> = {
  json: [
    ['{"id":1}', '{"id":1,"status":"new","total":1}'],
    ['{"id":1}', null],
    ['{"id":2}', '{"id":2,"status":"new","total":1}'],
    ['{"id":2}', null],
  ],
  'maxwell-json': [
    ['{"id":1}', 'insert'],
    ['{"id":2}', 'update'],
    ['{"id":2}', 'delete'],
  ],
  'canal-json': [
    ['{"id":1}', 'INSERT'],
    ['{"id":2}', 'UPDATE'],
    ['{"id":2}', 'DELETE'],
  ],
};

for (const [format, expected] of Object.entries(otherFormats)) {
  test(`writes ${format} under the row's key`, async () => {
    const pipeline = ownName();
    await using sink = await opened(pipeline, { 'value.format': format as 'json' });
    const moved = rows(ordersTable, 'update', { before: [[1, 'new', 1]], after: [[2, 'new', 1]] });
    await sink.write(batch(1, create(ordersTable, [1, 'new', 1]), moved, remove(ordersTable, [2, 'new', 1])), never);
    const found = await recordsIn(pipeline, topicOf(pipeline, ordersTable));
    const told = found.map(({ key, value }) => [
      key,
      value && ((JSON.parse(value) as { type?: string }).type ?? value),
    ]);
    assert.deepEqual(told, expected);
  });
}

test("writes schema changes to a topic of their own when asked to, as Debezium's records", async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline, { 'include.schema.changes': true });
  const statement = 'CREATE TABLE orders (id INT PRIMARY KEY)';
  await sink.write(batch(1, { kind: 'schema', before: null, after: ordersTable, statement, origin }), never);
  const [record, ...more] = await recordsIn(pipeline, pipeline);
  assert.equal(more.length, 0);
  assert.equal(record!.key, '{"databaseName":"shop"}');
  const { ddl, tableChanges } = JSON.parse(record!.value!) as { ddl: string; tableChanges: { type: string }[] };
  assert.deepEqual([ddl, tableChanges.map(({ type }) => type)], [statement, ['CREATE']]);
});

test('marks each transaction that committed in a topic of its own, once, however often its parts were begun', async () => {
  const pipeline = ownName();
  await using sink = await opened(pipeline, { 'provide.transaction.metadata': true });
  const change = (number: number): Change => ({
    ...(create(ordersTable, [number, 'new', number]) as RowsChange),
    origin: { ...origin, gtid: 'a:1' },
  });
  const part = (number: number, index: number, last = false): Batch => ({
    ...batch(1, change(number)),
    part: { transaction: 'a:1', index, last },
  });
  await sink.write(part(1, 0), never);
  await sink.write(part(2, 1), never);
  await sink.write(part(1, 0), never);
  await sink.write(part(2, 1, true), never);
  assert.deepEqual(
    (await recordsIn(pipeline, topicOf(pipeline, ordersTable))).map(
      ({ value }) => (JSON.parse(value!) as { transaction: object }).transaction,
    ),
    [1, 2].map((number) => ({ id: 'a:1', total_order: number, data_collection_order: number })),
  );
  const marks = await recordsIn(pipeline, `${pipeline}.transaction`);
  assert.deepEqual(
    marks.map(({ key, value }) => [key, (JSON.parse(value!) as { event_count: number | null }).event_count]),
    [
      ['{"id":"a:1"}', null],
      ['{"id":"a:1"}', 2],
    ],
  );
});

test('sends the rows of an outbox to the topics that they name, beside the rows of other tables', async () => {
  const pipeline = ownName();
  const columns = [
    column('id', int, { nullable: false }),
    ...['aggregatetype', 'aggregateid', 'type', 'payload'].map((name) => column(name, varchar)),
    column('slot', int),
    column('at', { kind: 'datetime', fsp: 0 }),
  ];
  const outbox = table('outbox', columns, [0]);
  const settings: Settings = {
    'outbox.tables': 'shop.outbox',
    'outbox.route.topic.replacement': `${pipeline}.$1`,
    'outbox.route.topic.regex': '(.*)',
    'outbox.table.fields.additional.placement': 'slot:partition,type:header',
    'outbox.table.field.event.timestamp': 'at',
    'topic.creation.default': { partitions: '3' },
  };
  await using sink = await opened(pipeline, settings);
  const event = (id: number, type: string | null, slot: number) =>
    create(outbox, [id, 'order', `o-${id}`, type, `event ${id}`, slot, '2024-05-06 07:08:09']);
  await sink.write(batch(1, event(1, 'Placed', 2), create(ordersTable, [1, 'new', 1]), event(2, null, 0)), never);
  assert.deepEqual(
    (await recordsIn(pipeline, `${pipeline}.order`)).map(({ partition, key, value }) => [partition, key, value]),
    [
      [0, 'o-2', 'event 2'],
      [2, 'o-1', 'event 1'],
    ],
  );
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const told: unknown[] = [];
  await readPartition(cluster, `${pipeline}.order`, 0, 0, (record) => {
    const headers: unknown[] = [];
    readHeaders(record, (name, start) => headers.push([name, start < 0]));
    told.push([record.timestamp, headers]);
  });
  assert.deepEqual(told, [
    [
      Date.UTC(2024, 4, 6, 7, 8, 9),
      [
        ['id', false],
        ['type', true],
      ],
    ],
  ]);
  assert.equal((await recordsIn(pipeline, topicOf(pipeline, ordersTable))).length, 1);
  await assert.rejects(
    sink.write(batch(2, event(3, null, 3)), never),
    (error) => isMillraceError(error, 'KAFKA_OUTBOX_ROW') && error.details.reason.includes('which has 3'),
  );
});

test("writes Debezium's heartbeat records beside rows and without them, no more often than asked", async () => {
  const pipeline = ownName();
  let steadyMs = 0;
  const clock = { ...systemClock, monotonic: () => steadyMs, now: () => 1_700_000_000_000 + steadyMs };
  const settings = { 'properties.bootstrap.servers': bootstrapServers, 'topic.prefix': pipeline };
  const config = kafkaConfig.parse({ ...settings, 'heartbeat.interval.ms': '10s' });
  await using sink = new KafkaSink(config, { ...contextOf(pipeline), clock });
  await sink.claim('log');
  await sink.write(batch(1, create(ordersTable, [1, 'a', 1])), never);
  steadyMs = 9_999;
  await sink.write(batch(2), never);
  steadyMs = 10_000;
  await sink.write(batch(3), never);
  assert.deepEqual(
    (await recordsIn(pipeline, `__debezium-heartbeat.${pipeline}`)).map(({ key, value }) => [key, value]),
    [1_700_000_000_000, 1_700_000_010_000].map((ms) => [`{"serverName":"${pipeline}"}`, `{"ts_ms":${ms}}`]),
  );
});

for (const settings of [{ 'value.format': 'json' }, { 'debezium-json.schema-include': true }] as const) {
  test(`refuses heartbeat records with ${Object.keys(settings)[0]}`, () => {
    assert.throws(
      () => open(ownName(), { ...settings, 'heartbeat.interval.ms': '1s' }),
      (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE'),
    );
  });
}
