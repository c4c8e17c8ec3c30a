import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Origin, RowsChange } from '../../../core/change.ts';
import { isMillraceError } from '../../../core/errors.ts';
import type { Row } from '../../../core/value.ts';
import { DebeziumAvroEncoder } from '../../../formats/debezium-avro/encoder.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import type { Message } from '../../../formats/json-rows/message.ts';
import { OutputBuffer } from '../../../formats/output-buffer.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { bigint, column, table, varchar } from '../../../testing/sample-tables.ts';
import { scriptedRegistry } from '../../../testing/scripted-registry.ts';
import { kafkaSourceConfig } from './config.ts';
import { valueReader } from './value-reader.ts';

const amount = { kind: 'decimal', precision: 12, scale: 2, unsigned: false } as const;
const orders = table(
  'orders',
  [column('id', bigint, { nullable: false }), column('amount', amount), column('note', varchar)],
  [0],
);
const mysql = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'f',
  offset: 4,
  commitMicros: 0,
  thread: null,
  query: null,
} as const;

const message = (key: Uint8Array | null, value: Uint8Array | null): Message => ({
  key,
  value,
  database: 'shop',
  table: 'orders',
  offset: 0,
  origin: (): Origin => ({ kind: 'kafka', topic: 't', partition: 0, offset: 0n, timestampMs: 0, key, headers: [] }),
});

const options = { name: 'p', version: '1', now: () => 0 };

/** What the Kafka sink writes of changes: keys of schema 1, values of schema 2. */
const written = (changes: readonly RowsChange[], rowsOnly: boolean): readonly Message[] => {
  const messages: Message[] = [];
  const out = new OutputBuffer();
  const encoder = new DebeziumAvroEncoder(options, rowsOnly, out);
  const keys = new OutputBuffer();
  for (const change of changes) {
    encoder.encodeRows(
      change,
      { key: 1, value: 2 },
      {
        keys,
        record: ({ start, end, keyStart, keyEnd }) => {
          const value = start === end ? null : Buffer.from(out.bytes.subarray(start, end));
          messages.push(message(Buffer.from(keys.bytes.subarray(keyStart, keyEnd)), value));
        },
      },
    );
  }
  return messages;
};

const change = (op: RowsChange['op'], before: Row | null, after: Row | null): RowsChange => ({
  kind: 'rows',
  op,
  table: orders,
  rows: new ArrayRowImages(orders, { before: before && [before], after: after && [after] }),
  origin: mysql,
});

const first = [2n ** 53n + 1n, '1.50', 'a'];
const second = [2n ** 53n + 1n, '-0.01', null];
const changes = [change('create', null, first), change('update', first, second), change('delete', second, null)];

for (const [format, expected] of [
  [
    'debezium-avro',
    [
      ['create', null, first],
      ['update', first, second],
      ['delete', second, null],
    ],
  ],
  [
    'avro-confluent',
    [
      ['create', null, first],
      ['create', null, second],
      ['delete', [first[0], undefined, undefined], null],
    ],
  ],
] as const) {
  test(`the rows of ${format} records are those that were written, with their types and their key`, async () => {
    const { key, value } = new DebeziumAvroEncoder(options, format === 'avro-confluent', new OutputBuffer()).schemasOf(
      orders,
      'mysql',
    );
    using registry = await scriptedRegistry([200, { schema: key }], [200, { schema: value }]);
    const collector = new ChangeCollector(1);
    const reader = readerOf(format, registry.url, collector);
    for (const one of written(changes, format === 'avro-confluent')) {
      if (!reader.isReady!(one)) await reader.learn!();
      assert.ok(reader.isReady!(one));
      reader.read(one);
    }
    const found = collector.take().map((each) => {
      assert.ok(each.kind === 'rows');
      assert.deepEqual(
        each.table.columns.map(({ name, type }) => `${name} ${type.kind}`),
        ['id integer', 'amount decimal', 'note text'],
      );
      assert.deepEqual(each.table.primaryKey, [0]);
      return [each.op, each.rows.before(0), each.rows.after(0)];
    });
    assert.deepEqual(found, expected);
    assert.equal(registry.asked.length, 2);
  });
}

const readerOf = (
  format: 'debezium-avro' | 'avro-confluent',
  url: string,
  collector: ChangeCollector,
  keys: Readonly<Record<string, string>> = {},
) =>
  valueReader(
    kafkaSourceConfig.parse({
      'properties.bootstrap.servers': 'nowhere:1',
      topic: 't',
      'value.format': format,
      'schema.registry.url': url,
      ...keys,
    }),
    collector,
    systemClock,
  );

test('the key of an Avro row may be Avro, JSON or a bare text, and hold a column that the row lacks', async () => {
  const rowSchema = '{"type":"record","name":"R","fields":[{"name":"status","type":"string"}]}';
  const value = Buffer.from([0, 0, 0, 0, 2, 6, ...Buffer.from('new')]);
  for (const [format, key, schema, id] of [
    [
      'avro-confluent',
      Buffer.from([0, 0, 0, 0, 1, 14]),
      '{"type":"record","name":"K","fields":[{"name":"id","type":"int"}]}',
      7,
    ],
    ['avro-confluent', Buffer.from([0, 0, 0, 0, 1, 14]), '"int"', 7],
    ['json', Buffer.from('{"id":7}'), null, 7],
    ['raw', Buffer.from('7'), null, '7'],
  ] as const) {
    const answers = [schema, rowSchema].flatMap((each) => (each === null ? [] : [[200, { schema: each }] as const]));
    using registry = await scriptedRegistry(...answers);
    const collector = new ChangeCollector(1);
    const reader = readerOf('avro-confluent', registry.url, collector, { 'key.format': format, 'key.fields': 'id' });
    const one = message(key, value);
    while (!reader.isReady!(one)) await reader.learn!();
    reader.read(one);
    const [found] = collector.take();
    assert.ok(found?.kind === 'rows');
    assert.deepEqual(
      found.table.columns.map(({ name }) => name),
      ['id', 'status'],
    );
    assert.deepEqual(found.rows.after(0), [id, 'new']);
    assert.deepEqual(found.table.primaryKey, [0]);
  }
});

for (const [name, code, value] of [
  ['a value without the frame', 'FORMAT_MESSAGE_UNREADABLE', Buffer.from('{"id":1}')],
  ['a value shorter than the frame', 'FORMAT_MESSAGE_UNREADABLE', Buffer.from([0, 0, 0, 7])],
  ['a value that is damaged', 'FORMAT_MESSAGE_UNREADABLE', Buffer.from([0, 0, 0, 0, 7, 2, 0])],
  ['a value of a schema that the registry lacks', 'FORMAT_SCHEMA_UNUSABLE', Buffer.from([0, 0, 0, 0, 8, 2])],
] as const) {
  test(`${name} is ${code}`, async () => {
    using registry = await scriptedRegistry(
      value[4] === 8
        ? [404, {}]
        : [200, { schema: '{"type":"record","name":"R","fields":[{"name":"id","type":"int"}]}' }],
    );
    const reader = readerOf('avro-confluent', registry.url, new ChangeCollector(1));
    if (!reader.isReady!(message(null, value))) await reader.learn!();
    assert.throws(
      () => reader.read(message(null, value)),
      (error) => isMillraceError(error, code),
    );
  });
}
