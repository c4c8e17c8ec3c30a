import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { RowsChange } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { Row } from '../../core/value.ts';
import { recorded, replay, testdata } from '../../testing/debezium-recordings.ts';
import { origin } from '../../testing/sample-origin.ts';
import { column, int, table, varchar } from '../../testing/sample-tables.ts';
import { OutboxEvents, type OutboxOptions } from './outbox-events.ts';
import { topicRoute } from './topic-route.ts';

const formats = { name: 'obx', version: '1', now: () => 0 };

const optionsOf = (more: Partial<OutboxOptions> = {}): OutboxOptions => ({
  id: 'id',
  key: 'aggregateid',
  payload: 'payload',
  timestamp: null,
  routeBy: 'aggregatetype',
  topicOf: (routedBy) => `outbox.event.${routedBy}`,
  additional: [],
  whereMissing: 'error',
  expand: null,
  tombstoneOnEmpty: false,
  ...more,
});

/** What the recorded connectors were set to: debezium-json/testdata/README.md. */
const recordings = [
  {
    file: 'outbox-texts',
    tables: ['outbox', 'outtexts'],
    options: optionsOf({
      topicOf: topicRoute('(.*)', 'obx.$1'),
      additional: [
        { column: 'type', placement: 'header', alias: 'eventType' },
        { column: 'version', placement: 'header', alias: 'version' },
      ],
      tombstoneOnEmpty: true,
    }),
  },
  {
    file: 'outbox-envelopes',
    tables: ['outbox'],
    options: optionsOf({
      topicOf: topicRoute('(.*)-(.*)', 'oby.$2.$1'),
      additional: [
        { column: 'type', placement: 'envelope', alias: 'kind' },
        { column: 'version', placement: 'envelope', alias: 'version' },
        { column: 'at', placement: 'envelope', alias: 'at' },
      ],
      expand: { keepsNulls: false, keepsEmptyArrays: false },
      timestamp: 'at',
    }),
  },
];

for (const { file, tables, options } of recordings) {
  test(`the rows of an outbox become the records that Debezium's event router made of them: ${file}`, () => {
    const events = new OutboxEvents(options, formats);
    const ours: object[] = [];
    replay(testdata('modes/binlog.000002.zst'), (change) => {
      if (change.kind !== 'rows' || change.op !== 'create' || !tables.includes(change.table.name)) return;
      for (let row = 0; row < change.rows.length; row += 1) {
        const { topic, key, value, headers, timestampMs } = events.eventOf(change, row);
        const texts = headers.map(([name, bytes]) => [name, bytes?.toString() ?? null]);
        // Without a column for it, and where it is NULL, the time is that of the connector's run.
        const time = timestampMs === null ? {} : { timestamp: timestampMs };
        ours.push({
          topic,
          key: key?.toString(),
          value: value?.toString() ?? null,
          headers: Object.fromEntries(texts),
          ...time,
        });
      }
    });
    const byTopic = (topics: readonly object[]) =>
      topics.toSorted((a, b) => ('topic' in a && 'topic' in b && String(a.topic) < String(b.topic) ? -1 : 0));
    const prefix = options.topicOf('x-x').slice(0, 4);
    const theirs = recorded(`modes/${file}.jsonl.zst`)
      .filter(({ topic }) => topic.startsWith(prefix))
      .map(({ timestamp, ...message }) => ({
        ...message,
        ...(options.timestamp !== null && !message.value?.includes('"at":null') ? { timestamp } : {}),
      }));
    assert.deepEqual(byTopic(ours), byTopic(theirs));
    assert.ok(ours.length >= 4);
  });
}

const outbox = table(
  'outbox',
  [
    column('id', int, { nullable: false }),
    column('aggregatetype', varchar),
    column('aggregateid', varchar),
    column('payload', { kind: 'binary', fixed: false, maxBytes: 100 }),
    column('slot', int),
    column('at', { kind: 'timestamp', fsp: 3 }),
  ],
  [0],
);

const created = (...after: readonly Row[]): RowsChange => ({
  kind: 'rows',
  op: 'create',
  table: outbox,
  rows: new ArrayRowImages(outbox, { before: null, after }),
  origin,
});

const eventOf = (row: Row, more: Partial<OutboxOptions> = {}) =>
  new OutboxEvents(optionsOf(more), formats).eventOf(created(row), 0);

test('a payload of bytes is the value as it is, and a key that is NULL is none', () => {
  const payload = Uint8Array.from([0, 255, 34, 10]);
  const { topic, key, value, partition, timestampMs } = eventOf([7, 'order', null, payload, 2, null]);
  assert.deepEqual([topic, key, partition, timestampMs], ['outbox.event.order', null, null, null]);
  assert.deepEqual(value, Buffer.from(payload));
});

test('a column may name the partition and another the time, from 1970 on', () => {
  const more = { additional: [{ column: 'slot', placement: 'partition', alias: 'slot' }], timestamp: 'at' } as const;
  const at = (moment: string) => eventOf([7, 'a', 'k', null, 2, moment], more);
  assert.equal(at('2024-05-06 07:08:09.123').partition, 2);
  assert.equal(at('2024-05-06 07:08:09.123').timestampMs, Date.UTC(2024, 4, 6, 7, 8, 9, 123));
  assert.equal(at('0000-00-00 00:00:00.000').timestampMs, null);
  assert.equal(at('1969-12-31 23:59:59.500').timestampMs, null);
});

for (const [what, row] of [
  ['names no topic', [7, null, 'k', null, 2, null]],
  ['names no partition', [7, 'a', 'k', null, null, null]],
  ['names a partition below zero', [7, 'a', 'k', null, -1, null]],
] as const) {
  test(`a row that ${what} is refused, and its values are not told`, () => {
    const additional = [{ column: 'slot', placement: 'partition', alias: 'slot' }] as const;
    assert.throws(
      () => eventOf(row, { additional }),
      (error) => isMillraceError(error, 'KAFKA_OUTBOX_ROW') && error.details.table === 'shop.outbox',
    );
  });
}

test('a column that the table does not have is told with its setting, or left out where that is asked for', () => {
  const additional = [{ column: 'nope', placement: 'header', alias: 'nope' }] as const;
  assert.throws(
    () => eventOf([7, 'a', 'k', null, 2, null], { payload: 'body' }),
    (error) =>
      isMillraceError(error, 'CONFIG_WRONG_VALUE') && error.message.includes('outbox.table.field.event.payload'),
  );
  assert.throws(
    () => eventOf([7, 'a', 'k', null, 2, null], { additional }),
    (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE'),
  );
  const { headers } = eventOf([7, 'a', 'k', null, 2, null], { additional, whereMissing: 'ignore' });
  assert.deepEqual(headers, [['id', Buffer.from('7')]]);
});

test('topics follow the groups of the expression, and are what the row says where it does not match', () => {
  const route = topicRoute('(?<kind>[a-z]+)-(.*)', `%{kind}.$2.\${kind}`);
  assert.equal(route('order-placed'), 'order.placed.order');
  assert.equal(route('Order-placed'), 'Order-placed');
  assert.throws(() => topicRoute('(', 'x'), SyntaxError);
});
