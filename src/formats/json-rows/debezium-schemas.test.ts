/** What Debezium wrote with its schemas (../debezium-json/testdata/README.md), read back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import type { Change } from '../../core/change.ts';
import type { Column, ColumnType } from '../../core/table.ts';
import type { Value } from '../../core/value.ts';
import { ChangeCollector } from './change-collector.ts';
import { DebeziumMessages } from './debezium-messages.ts';
import { MessageTables } from './message-tables.ts';
import { debeziumModes, type ValueModes } from './value-modes.ts';

interface Recorded {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
}

const changesOf = (file: string, topic: string, modes: ValueModes): readonly Change[] => {
  const packed = readFileSync(new URL(`../debezium-json/testdata/schemas/${file}.jsonl.zst`, import.meta.url));
  const records = zstdDecompressSync(packed).toString().trim().split('\n');
  const changes = new ChangeCollector(1_000);
  const tables = new MessageTables({ declared: null, modes, unknownFields: 'refuse', primaryKey: null });
  const reader = new DebeziumMessages(tables, changes);
  for (const [offset, line] of records.entries()) {
    const record = JSON.parse(line) as Recorded;
    if (record.topic !== topic) continue;
    reader.read({
      key: record.key === null ? null : Buffer.from(record.key),
      value: record.value === null ? null : Buffer.from(record.value),
      database: 'kafka',
      table: topic,
      offset,
      origin: () => ({
        kind: 'kafka',
        topic,
        partition: 0,
        offset: BigInt(offset),
        timestampMs: 0,
        key: null,
        headers: [],
      }),
    });
  }
  return changes.take();
};

/** The columns at first, and the values of the row whose id is 10. */
const typesAndValues = (
  changes: readonly Change[],
): { readonly columns: readonly Column[]; readonly values: Readonly<Record<string, Value | undefined>> } => {
  for (const change of changes) {
    if (change.kind !== 'rows') continue;
    const { columns } = change.table;
    for (let i = 0; i < change.rows.length; i += 1) {
      const row = change.rows.after(i);
      if (row?.[0] === 10) return { columns, values: Object.fromEntries(columns.map(({ name }, c) => [name, row[c]])) };
    }
  }
  return assert.fail('there is no row 10');
};

const typesOf = (columns: readonly Column[]): Readonly<Record<string, ColumnType>> =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type]));

const integer = (bits: 16 | 32 | 64): ColumnType => ({ kind: 'integer', bits, unsigned: false });

/** What every mode tells alike. */
const common: Readonly<Record<string, ColumnType>> = {
  id: integer(32),
  ti: integer(16),
  siu: integer(32),
  iu: integer(64),
  bi: integer(64),
  f: { kind: 'float', unsigned: false },
  d: { kind: 'double', unsigned: false },
  b13: { kind: 'bit', length: 13 },
  y: { kind: 'year' },
  dt: { kind: 'date' },
  ts6: { kind: 'timestamp', fsp: 6 },
  en: { kind: 'enum', values: ['a', 'b', 'é'], charset: 'utf8mb4' },
  st: { kind: 'set', values: ['x', 'y', 'z'], charset: 'utf8mb4' },
  js: { kind: 'json' },
  pt: { kind: 'geometry', shape: 1 },
  ge: { kind: 'geometry', shape: 0 },
  vec: { kind: 'vector', dimensions: null },
};

const digits = '12345678901234567890.0123456789';
const latest = '9999-12-31 23:59:59.999999';

for (const { file, prefix, modes, types, values } of [
  {
    file: 'default-modes',
    prefix: 'dbz',
    modes: debeziumModes,
    types: {
      dec10: { kind: 'decimal', precision: 30, scale: 10, unsigned: false },
      tm6: { kind: 'time', fsp: 6 },
      dtm3: { kind: 'datetime', fsp: 3 },
      dtm6: { kind: 'datetime', fsp: 6 },
    },
    values: { dec10: digits, tm6: '838:59:58.999999', dtm6: latest },
  },
  {
    file: 'string-modes',
    prefix: 'alt',
    modes: { ...debeziumModes, decimals: 'digits', unsignedBigints: 'unscaled', binaries: 'hex', times: 'millis' },
    types: {
      dec10: { kind: 'text', fixed: false, maxBytes: 4_294_967_295, charset: 'utf8mb4', collation: 'utf8mb4_bin' },
      biu: { kind: 'decimal', precision: 20, scale: 0, unsigned: false },
      tm6: { kind: 'time', fsp: 3 },
      dtm6: { kind: 'datetime', fsp: 3 },
    },
    values: { dec10: digits, dtm6: latest.slice(0, -3) },
  },
  {
    file: 'iso-modes',
    prefix: 'iso',
    modes: { ...debeziumModes, decimals: 'digits' },
    types: {
      dec10: { kind: 'double', unsigned: false },
      tm6: { kind: 'time', fsp: 6 },
      dtm6: { kind: 'datetime', fsp: 6 },
    },
    values: { dec10: Number(digits), dtm6: latest },
  },
] as const) {
  test(`takes the types and values of every column from what Debezium wrote with its schemas, ${file}`, () => {
    const read = typesAndValues(changesOf(file, `${prefix}.golden.types`, modes));
    const found = typesOf(read.columns);
    for (const [name, type] of Object.entries({ ...common, ...types })) assert.deepEqual(found[name], type, name);
    const expected = { id: 10, ti: 127, bi: 9_223_372_036_854_775_807n, y: 2_155, dt: '9999-12-31', st: 'x,y,z' };
    for (const [name, value] of Object.entries({ ...expected, ...values })) {
      assert.deepEqual(read.values[name], value, name);
    }
  });
}

test('follows a table whose schema changes, and knows its key by the key’s schema', () => {
  const changes = changesOf('default-modes', 'dbz.golden.orders', debeziumModes);
  const schemaChanges = changes.filter((change) => change.kind === 'schema');
  assert.equal(schemaChanges.length, 1);
  const { before, after } = schemaChanges[0]!;
  const names = (columns: readonly Column[] | undefined) => columns?.map(({ name }) => name);
  assert.deepEqual(names(before?.columns), 'id customer_id sku qty price status note created'.split(' '));
  assert.deepEqual(names(after?.columns), 'id customer_id sku extra qty price status note created'.split(' '));
  assert.deepEqual(after?.primaryKey, [0]);
  assert.deepEqual(after?.columns[4]?.type, { kind: 'integer', bits: 64, unsigned: false });
});
