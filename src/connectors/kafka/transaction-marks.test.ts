import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { MysqlOrigin, Op, RowsChange } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { origin } from '../../testing/sample-origin.ts';
import { eventsTable, ordersTable } from '../../testing/sample-tables.ts';
import { kafkaConfig } from './config.ts';
import { TransactionMarks } from './transaction-marks.ts';
import { type TakeRecord, valueFormat } from './value-format.ts';

const context = { pipeline: 'shop', clock: new FakeClock(), log: { debug() {}, info() {}, warn() {}, error() {} } };

const configOf = (settings: Partial<z.input<typeof kafkaConfig>> = {}) =>
  kafkaConfig.parse({ 'properties.bootstrap.servers': 'k:9092', 'provide.transaction.metadata': true, ...settings });

const rows = (gtid: string | null, more: Partial<MysqlOrigin & { op: Op }> = {}): RowsChange => {
  const { op = 'create', ...place } = more;
  const after = [
    [1, 'new', 1],
    [2, 'new', 2],
  ];
  const images = new ArrayRowImages(ordersTable, { before: null, after });
  return { kind: 'rows', op, table: ordersTable, rows: images, origin: { ...origin, gtid, ...place } };
};

/** What a sink would write of `changes`: of marks what they say, of rows their numbers. */
const told = (changes: readonly RowsChange[], marks = marksOf()): readonly unknown[] => {
  const format = valueFormat(configOf(), context, () => 'topic');
  const all: unknown[] = [];
  const takeMark = into(all, ({ status, id, event_count, data_collections }) => [
    status,
    id,
    event_count,
    data_collections,
  ]);
  for (const change of changes) {
    const order = marks.orderOf(change, takeMark);
    format.rows(
      change,
      into(all, ({ transaction }) => transaction),
      order,
    );
  }
  marks.end(takeMark);
  return all;
};

const marksOf = () =>
  new TransactionMarks(
    configOf(),
    'shop',
    valueFormat(configOf(), context, () => 'topic'),
  );

const into =
  (all: unknown[], pick: (value: Record<string, unknown>) => unknown): TakeRecord =>
  (_key, _keyStart, _keyEnd, value, start, end) =>
    all.push(pick(JSON.parse(Buffer.from(value!).toString('utf8', start, end)) as Record<string, unknown>));

const numbers = (id: string, ...all: readonly number[]) =>
  all.map((total) => ({ id, total_order: total, data_collection_order: total }));

const begin = (id: string) => ['BEGIN', id, null, null];
const end = (id: string, count: number) => ['END', id, count, [{ data_collection: 'shop.orders', event_count: count }]];

test('the rows of each transaction stand between its marks, numbered from one', () => {
  assert.deepEqual(told([rows('a:1'), rows('a:1'), rows('a:2')]), [
    begin('a:1'),
    ...numbers('a:1', 1, 2, 3, 4),
    end('a:1', 4),
    begin('a:2'),
    ...numbers('a:2', 1, 2),
    end('a:2', 2),
  ]);
});

test("without GTIDs, a transaction is named by its log's file and where it begins there", () => {
  const first = { file: 'binlog.000007', beginOffset: 157 };
  const ids = ['file=binlog.000007,pos=157', 'file=binlog.000007,pos=900'] as const;
  const changes = [rows(null, { ...first, offset: 300 }), rows(null, { ...first, offset: 400 })];
  assert.deepEqual(told([...changes, rows(null, { ...first, beginOffset: 900, offset: 950 })]), [
    begin(ids[0]),
    ...numbers(ids[0], 1, 2, 3, 4),
    end(ids[0], 4),
    begin(ids[1]),
    ...numbers(ids[1], 1, 2),
    end(ids[1], 2),
  ]);
});

test("a snapshot's rows are in no transaction, and end the one before them", () => {
  assert.deepEqual(told([rows('a:1'), rows('a:1', { op: 'read' }), rows('a:2')]), [
    begin('a:1'),
    ...numbers('a:1', 1, 2),
    end('a:1', 2),
    null,
    null,
    begin('a:2'),
    ...numbers('a:2', 1, 2),
    end('a:2', 2),
  ]);
});

test('a transaction that comes again from its beginning is counted anew', () => {
  const marks = marksOf();
  const nothing: TakeRecord = () => {};
  marks.orderOf(rows('a:1'), nothing)!.next(eventsTable);
  marks.forget();
  assert.deepEqual(told([rows('a:1')], marks), [begin('a:1'), ...numbers('a:1', 1, 2), end('a:1', 2)]);
});

for (const format of ['json', 'avro-confluent', 'canal-json'] as const) {
  test(`${format} has no place for transactions, and says so`, () => {
    const config = configOf({ 'value.format': format, 'schema.registry.url': 'http://r:8081' });
    assert.throws(
      () =>
        new TransactionMarks(
          config,
          'shop',
          valueFormat(config, context, () => 'topic'),
        ),
      (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE') && error.message.includes('provide.transaction.metadata'),
    );
  });
}
