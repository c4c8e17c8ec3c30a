import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import type { ColumnType } from '../../core/table.ts';
import type { Value } from '../../core/value.ts';
import { ValueCollector } from '../../core/value-collector.ts';
import { column, table } from '../../testing/sample-tables.ts';
import { columnReader } from './column-reader.ts';
import { canalModes, debeziumModes, plainModes, type ValueModes } from './value-modes.ts';

const read = (type: ColumnType, json: string, modes: ValueModes = plainModes): Value | undefined => {
  const one = table('t', [column('c', type)], []);
  const bytes = Buffer.from(` ${json}`);
  const collector = new ValueCollector(one);
  columnReader(one, one.columns[0]!, modes)(collector, 0, bytes, 1, bytes.length);
  return collector.row[0];
};

const refuses = (type: ColumnType, json: string, modes: ValueModes = plainModes): void =>
  assert.throws(() => read(type, json, modes), { code: 'FORMAT_VALUE_UNREADABLE' }, json);

const int: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const unsigned: ColumnType = { kind: 'integer', bits: 64, unsigned: true };
const amount: ColumnType = { kind: 'decimal', precision: 10, scale: 2, unsigned: false };
const wide: ColumnType = { kind: 'decimal', precision: 65, scale: 30, unsigned: false };

test('reads whole numbers of any size and spelling, and nothing else', () => {
  assert.equal(read(int, '-42'), -42);
  assert.equal(read(int, '"17"'), 17);
  assert.equal(read(int, '1.0'), 1);
  assert.equal(read(int, '1E3'), 1_000);
  assert.equal(read(int, 'true'), 1);
  assert.equal(read(int, '-0'), 0);
  assert.equal(read(int, '-9223372036854775808'), -9223372036854775808n);
  assert.equal(read(unsigned, '18446744073709551615'), 18446744073709551615n);
  for (const json of ['1.5', '"x"', '""', '"-"', '9e99', '{}', '1-2']) refuses(int, json);
});

test('turns what a wrapped unsigned number lost back', () => {
  assert.equal(read(unsigned, '-1', debeziumModes), 18446744073709551615n);
  assert.equal(read(unsigned, '-9223372036854775808', debeziumModes), 9223372036854775808n);
  assert.equal(read(unsigned, '5', debeziumModes), 5);
  assert.equal(
    read(unsigned, '"AP//////////"', { ...debeziumModes, unsignedBigints: 'unscaled' }),
    18446744073709551615n,
  );
});

test('gives amounts all digits of their scale, and refuses to round', () => {
  assert.equal(read(amount, '1.5'), '1.50');
  assert.equal(read(amount, '12'), '12.00');
  assert.equal(read(amount, '"-0.05"'), '-0.05');
  assert.equal(read(amount, '"007.5"'), '7.50');
  assert.equal(read(amount, '".5"'), '0.50');
  assert.equal(read(amount, '1.5000'), '1.50');
  assert.equal(read(amount, '1.2E1'), '12.00');
  assert.equal(read(amount, '-5e-2'), '-0.05');
  assert.equal(read(amount, '"-0"'), '0.00');
  assert.equal(read(wide, '"1e-30"'), `0.${'0'.repeat(29)}1`);
  for (const json of ['1.505', '"a"', '""', '"."', '"1.2.3"', '1e-3', '1e999', '[1]']) refuses(amount, json);
});

test('reads unscaled amounts of every length', () => {
  const base64 = (value: bigint, bytes: number): string => {
    const hex = BigInt.asUintN(bytes * 8, value)
      .toString(16)
      .padStart(bytes * 2, '0');
    return `"${Buffer.from(hex, 'hex').toString('base64')}"`;
  };
  for (const [value, bytes, text] of [
    [0n, 1, '0.00'],
    [-1n, 1, '-0.01'],
    [127n, 1, '1.27'],
    [-128n, 1, '-1.28'],
    [128n, 2, '1.28'],
    [12_345n, 3, '123.45'],
    [-9_999_999_999n, 5, '-99999999.99'],
    [2n ** 47n - 1n, 6, '1407374883553.27'],
    [-(2n ** 47n), 6, '-1407374883553.28'],
    [2n ** 63n, 9, '92233720368547758.08'],
    [-(10n ** 40n), 18, `-1${'0'.repeat(38)}.00`],
  ] as const) {
    assert.equal(read(amount, base64(value, bytes), debeziumModes), text);
  }
  for (const json of ['""', '"A"', '"*w=="']) refuses(amount, json, debeziumModes);
});

test('reads dates, times and moments as text and as counts', () => {
  assert.equal(read({ kind: 'date' }, '0'), '1970-01-01');
  assert.equal(read({ kind: 'date' }, '19782'), '2024-02-29');
  assert.equal(read({ kind: 'date' }, '-719528'), '0000-01-01');
  assert.equal(read({ kind: 'date' }, '"0000-00-00"'), '0000-00-00');
  assert.equal(read({ kind: 'date' }, '"2024-02-29Z"'), '2024-02-29');
  assert.equal(read({ kind: 'time', fsp: 6 }, '-3020399000000', debeziumModes), '-838:59:59.000000');
  assert.equal(read({ kind: 'time', fsp: 3 }, '3661001'), '01:01:01.001');
  assert.equal(read({ kind: 'time', fsp: 0 }, '"-12:00:00"'), '-12:00:00');
  const datetime = (fsp: number): ColumnType => ({ kind: 'datetime', fsp });
  assert.equal(read(datetime(3), '1709168523004', debeziumModes), '2024-02-29 01:02:03.004');
  assert.equal(read(datetime(6), '-1', debeziumModes), '1969-12-31 23:59:59.999999');
  assert.equal(read(datetime(6), '253402300799999999', debeziumModes), '9999-12-31 23:59:59.999999');
  assert.equal(read(datetime(6), '"2024-02-29T01:02:03.5Z"'), '2024-02-29 01:02:03.500000');
  const timestamp: ColumnType = { kind: 'timestamp', fsp: 6 };
  assert.equal(read(timestamp, '"2024-02-29T03:02:03.000001+02:00"'), '2024-02-29 01:02:03.000001');
  assert.equal(read(timestamp, '"0000-00-00 00:00:00"'), '0000-00-00 00:00:00.000000');
  assert.equal(read(timestamp, '1709168523004'), '2024-02-29 01:02:03.004000');
  for (const json of ['"2024-13-01"', '"2024-02-29x"', '"24-02-29"', '99999999', '1.5'])
    refuses({ kind: 'date' }, json);
  for (const json of ['"25"', '"01:60:00"', '"01:02:03.1234567"']) refuses({ kind: 'time', fsp: 6 }, json);
});

test('reads members, bits, bytes, shapes and vectors', () => {
  const sizes: ColumnType = { kind: 'enum', values: ['s', 'm', 'é'], charset: 'utf8mb4' };
  assert.equal(read(sizes, '"\\u00e9"'), 'é');
  assert.equal(read(sizes, '""'), '');
  refuses(sizes, '"xl"');
  const flags: ColumnType = { kind: 'set', values: Array.from({ length: 64 }, (_, i) => `f${i}`), charset: 'utf8mb4' };
  assert.equal(read(flags, '"f63,f0,f31"'), 'f0,f31,f63');
  refuses(flags, '"f0,f64"');
  assert.equal(read({ kind: 'bit', length: 1 }, 'true', debeziumModes), 1);
  assert.equal(read({ kind: 'bit', length: 64 }, '"AAAAAAAAAIA="', debeziumModes), 1n << 63n);
  const bytes: ColumnType = { kind: 'binary', fixed: false, maxBytes: 255 };
  assert.deepEqual(read(bytes, '"AP8="'), Uint8Array.of(0, 255));
  assert.deepEqual(read(bytes, '"00fF"', { ...plainModes, binaries: 'hex' }), Uint8Array.of(0, 255));
  assert.deepEqual(read(bytes, '"\\u0000ÿ"', canalModes), Uint8Array.of(0, 255));
  refuses(bytes, '"Ā"', canalModes);
  refuses(bytes, '"0"', { ...plainModes, binaries: 'hex' });
  refuses(bytes, '7');
  const point = read({ kind: 'geometry', shape: 1 }, '{"x":1.0,"wkb":"AQEAAAA=","srid":4326}') as Uint8Array;
  assert.deepEqual(Buffer.from(point).toString('hex'), 'e61000000101000000');
  assert.deepEqual(
    read({ kind: 'vector', dimensions: 2 }, '[1.0, -2.5]'),
    Uint8Array.from(Buffer.from('0000803f000020c0', 'hex')),
  );
  assert.deepEqual(read({ kind: 'vector', dimensions: 0 }, '[ ]'), new Uint8Array(0));
});

test('tells a document from the text of one by its format, and leaves out what was not logged', () => {
  const json: ColumnType = { kind: 'json' };
  assert.equal(read(json, '"[1, \\"a\\"]"', debeziumModes), '[1, "a"]');
  assert.equal(read(json, '{"a":"b"}'), '{"a":"b"}');
  assert.equal(read(json, '"a"'), '"a"');
  const text: ColumnType = { kind: 'text', fixed: false, maxBytes: 99, charset: 'utf8mb4', collation: null };
  assert.equal(read(text, '"__debezium_unavailable_value"', debeziumModes), undefined);
  assert.equal(read(text, '"__debezium_unavailable_value"'), '__debezium_unavailable_value');
  assert.equal(read(text, '12.50'), '12.50');
});
