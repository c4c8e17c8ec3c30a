import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recorded, replay, testdata } from '../../testing/debezium-recordings.ts';
import { origin } from '../../testing/sample-origin.ts';
import { ordersTable } from '../../testing/sample-tables.ts';
import type { DebeziumRecord } from '../debezium-json/encoder.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { TransactionOrder } from '../transaction-order.ts';
import { CloudEventsEncoder } from './encoder.ts';

/** See debezium-json/testdata/README.md. */
const recordings = [
  {
    file: 'cloud-events',
    options: { name: 'cev', includeQuery: true },
    extensions: true,
    transactions: true,
    tables: ['types', 'zeros', 'defs', 'orders', 'comp'],
  },
  {
    file: 'cloud-events-with-schemas',
    options: { name: 'ces', schemas: true },
    extensions: false,
    transactions: false,
    tables: ['types', 'orders', 'comp'],
  },
] as const;

interface Event {
  readonly key: string | null;
  readonly value: string | null;
}

/** Our records, by topic. */
const encoded = ({ options, extensions, transactions, tables }: (typeof recordings)[number]): Map<string, Event[]> => {
  const encoder = new CloudEventsEncoder({ version: '3.6.1.Final', now: () => 0, ...options }, extensions);
  const topics = new Map<string, Event[]>();
  const out = new OutputBuffer(16);
  const keys = new OutputBuffer(16);
  let order: TransactionOrder | undefined;
  replay(testdata('modes/binlog.000002.zst'), (change, { id }) => {
    if (change.kind !== 'rows' || !(tables as readonly string[]).includes(change.table.name)) return;
    if (transactions && order?.id !== id) order = new TransactionOrder(id);
    out.clear();
    keys.clear();
    const topic = `${options.name}.golden.${change.table.name}`;
    const events = topics.get(topic) ?? [];
    topics.set(topic, events);
    const record = ({ start, end, keyStart, keyEnd }: DebeziumRecord): void => {
      const value = start === end ? null : out.bytes.toString('utf8', start, end);
      events.push({ key: keyStart === keyEnd ? null : keys.bytes.toString('utf8', keyStart, keyEnd), value });
    };
    encoder.encodeRows(change, out, { keys, record }, order);
  });
  return topics;
};

/** Java 17 prints some floating-point numbers with a digit too many. */
const shortest = (text: string | null): string | null =>
  text
    ?.replaceAll('-3.5000001E10', '-3.5E10')
    .replaceAll('1.17549435E-38', '1.1754944E-38')
    .replaceAll('9.2233720368547763E17', '9.223372036854776E17') ?? null;

for (const recording of recordings) {
  const ours = encoded(recording);
  const theirs = Map.groupBy(
    recorded(`modes/${recording.file}.jsonl.zst`).filter(
      ({ topic, value }) => topic.includes('.golden.') && !/"iodebeziumop":"r"/.test(value ?? ''),
    ),
    ({ topic }) => topic,
  );
  for (const [topic, messages] of theirs) {
    test(`${topic} has the events that Debezium's converter made, in ${recording.file}`, () => {
      const own = ours.get(topic) ?? [];
      // With the extensions off, only the first rows can be those of the snapshot.
      const expected = messages.slice(messages.length - own.length);
      assert.ok(own.length > 0);
      for (const [i, { key, value }] of expected.entries()) {
        // Their keys go with the schema in both recordings.
        const alone = recording.extensions ? JSON.stringify((JSON.parse(key!) as { payload: object }).payload) : key;
        assert.deepEqual(own[i], { key: alone, value: shortest(value) });
      }
    });
  }
}

test('an event of a TRUNCATE holds no rows, and names no key, thread or statement', () => {
  const out = new OutputBuffer();
  const encoder = new CloudEventsEncoder({ name: 'shop', version: '1', now: () => 0, includeQuery: true }, true);
  const change = {
    kind: 'truncate',
    table: ordersTable,
    origin: { ...origin, thread: 5, query: 'TRUNCATE orders' },
  } as const;
  encoder.encodeTruncate(change, out, {
    keys: new OutputBuffer(),
    record: ({ keyStart, keyEnd }) => assert.equal(keyStart, keyEnd),
  });
  const event = JSON.parse(out.view().toString()) as Record<string, unknown>;
  const {
    iodebeziumop: op,
    iodebeziumthread: thread,
    iodebeziumquery: query,
    iodebeziumtxid: transaction,
    data,
  } = event;
  assert.deepEqual([op, thread, query, transaction, data], ['t', null, null, null, { before: null, after: null }]);
});
