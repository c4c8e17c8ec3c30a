/**
 * How fast Debezium's JSON becomes rows again, on one thread: envelopes of a table of 8 mixed columns, held in memory, to the calls that an
 * encoder takes, and to positional rows; `JSON.parse` of the same bytes beside them. Run: `node bench/micro/json-rows.ts [seconds]`.
 */
import { ArrayRowImages } from '../../src/core/array-row-images.ts';
import type { MysqlOrigin } from '../../src/core/change.ts';
import type { ValueWriter } from '../../src/core/row-images.ts';
import type { ColumnType } from '../../src/core/table.ts';
import type { Row } from '../../src/core/value.ts';
import { DebeziumJsonEncoder } from '../../src/formats/debezium-json/encoder.ts';
import { ChangeCollector } from '../../src/formats/json-rows/change-collector.ts';
import { DebeziumMessages } from '../../src/formats/json-rows/debezium-messages.ts';
import type { Message } from '../../src/formats/json-rows/message.ts';
import { MessageTables } from '../../src/formats/json-rows/message-tables.ts';
import { debeziumModes } from '../../src/formats/json-rows/value-modes.ts';
import { OutputBuffer } from '../../src/formats/output-buffer.ts';
import { bigintUnsigned, column, int, table, varchar } from '../../src/testing/sample-tables.ts';

const seconds = Number(process.argv[2] ?? 3);
const batch = 1_000;
const types: Readonly<Record<string, ColumnType>> = {
  id: bigintUnsigned,
  customer_id: int,
  sku: varchar,
  qty: int,
  price: { kind: 'decimal', precision: 12, scale: 2, unsigned: false },
  status: { kind: 'enum', values: ['new', 'paid', 'shipped', 'done'], charset: 'utf8mb4' },
  note: varchar,
  created: { kind: 'datetime', fsp: 6 },
};
const orders = table(
  'orders',
  Object.entries(types).map(([name, type]) => column(name, type)),
  [0],
);
const row = (id: number): Row => [
  id,
  id % 100_000,
  `SKU-${id % 5_000}`,
  1 + (id % 9),
  `${id % 1_000}.${String(id % 100).padStart(2, '0')}`,
  ['new', 'paid', 'shipped', 'done'][id % 4]!,
  `note number ${id % 10_000} of batch ${id % 97} with some text to make it longer`,
  '2024-02-29 01:02:03.123456',
];

const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: '65ef84cb-e4e9-11f1-b839-02fc00000001:42',
  file: 'binlog.000009',
  offset: 4_711,
  commitMicros: 1_700_000_000_123_456,
  thread: 12,
  query: null,
};

const messages = (): readonly Message[] => {
  const out = new OutputBuffer(1 << 20);
  const after = Array.from({ length: batch }, (_, i) => row(i));
  const rows = new ArrayRowImages(orders, { before: null, after });
  const encoder = new DebeziumJsonEncoder({ name: 'bench', version: '0', now: () => 1_800_000_000_654_321 });
  encoder.encodeRows({ kind: 'rows', op: 'create', table: orders, rows, origin }, out);
  const lines = out.view().toString().trimEnd().split('\n');
  return lines.map((line, offset) => ({
    key: null,
    value: Buffer.from(line),
    database: 'shop',
    table: 'orders',
    offset,
    origin: () => origin,
  }));
};

const nothing = (): void => {};
/** Takes every call and keeps nothing. */
const nowhere: ValueWriter = {
  target: 'nowhere',
  absent: nothing,
  null: nothing,
  integer: nothing,
  bigint: nothing,
  float: nothing,
  double: nothing,
  decimal: nothing,
  text: nothing,
  binary: nothing,
  json: nothing,
  geometry: nothing,
  vector: nothing,
  date: nothing,
  time: nothing,
  datetime: nothing,
  timestamp: nothing,
  enum: nothing,
  set: nothing,
};

const measure = (name: string, pass: (messages: readonly Message[]) => void): void => {
  const all = messages();
  const bytes = all.reduce((sum, { value }) => sum + value!.length, 0) / all.length;
  for (let i = 0; i < 50; i += 1) pass(all);
  let passes = 0;
  const started = performance.now();
  while (performance.now() - started < seconds * 1_000) {
    pass(all);
    passes += 1;
  }
  const rate = (passes * batch) / ((performance.now() - started) / 1_000);
  process.stdout.write(
    `${name.padEnd(28)} ${Math.round(rate).toLocaleString('en-US').padStart(10)} messages/s of ${Math.round(bytes)} B\n`,
  );
};

const changes = new ChangeCollector(1_000);
const tables = new MessageTables({
  declared: [orders],
  modes: debeziumModes,
  unknownFields: 'refuse',
  primaryKey: null,
});
const reader = new DebeziumMessages(tables, changes);

measure('to an encoder', (all) => {
  for (const message of all) reader.read(message);
  for (const change of changes.take()) {
    if (change.kind !== 'rows') continue;
    for (let i = 0; i < change.rows.length; i += 1) change.rows.write(i, 'after', nowhere);
  }
});
measure('to rows', (all) => {
  for (const message of all) reader.read(message);
  for (const change of changes.take()) {
    if (change.kind !== 'rows') continue;
    for (let i = 0; i < change.rows.length; i += 1) change.rows.after(i);
  }
});
measure('JSON.parse of the same', (all) => {
  for (const { value } of all) JSON.parse((value as Buffer).toString('utf8'));
});
