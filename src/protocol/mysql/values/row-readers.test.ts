import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deflateRawSync, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { isMillraceError } from '../../../core/errors.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { type Column, type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { columnType } from '../column-type.ts';
import { emptyFrame, readHeader } from '../event-frame.ts';
import { eventType } from '../event-type.ts';
import { decodeRowsEvent, isRowsEvent, type RowsEvent } from '../events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../events/table-map.ts';
import { rowReader } from './binlog-row-images.ts';
import { builtinCollations } from './collations.ts';
import { CollectingWriter } from './collecting-writer.ts';
import { RowPlan } from './row-plan.ts';
import { tableFromMap } from './table-definition.ts';

const collations = { mysql: builtinCollations('mysql'), mariadb: builtinCollations('mariadb') };

const written = (table: Table, images: RowImages, index: number, image: 'before' | 'after'): Row | null => {
  if (images[image](index) === null) return null;
  const writer = new CollectingWriter(table);
  images.write(index, image, writer);
  return writer.row();
};

interface Sample {
  readonly server: string;
  readonly event: string;
  readonly hex: string;
}

const samples: Sample[] = readFileSync(new URL('../testdata/captured-events.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Sample);

/** Every captured rows event, with the table map that stands before it. */
const captured = function* (): Iterable<{
  name: string;
  flavor: 'mysql' | 'mariadb';
  map: TableMap;
  event: RowsEvent;
}> {
  const maps = new Map<string, TableMap>();
  for (const sample of samples) {
    const bytes = Buffer.from(sample.hex, 'hex');
    const frame = emptyFrame();
    readHeader(frame, bytes, 0, bytes.length - 4);
    const flavor = sample.server.startsWith('MariaDB') ? 'mariadb' : 'mysql';
    if (frame.type === eventType.TABLE_MAP) {
      const map = decodeTableMap(frame, flavor);
      maps.set(`${flavor} ${map.tableId}`, map);
    } else if (isRowsEvent(frame.type)) {
      const event = decodeRowsEvent(frame);
      yield { name: sample.event, flavor, map: maps.get(`${flavor} ${event.tableId}`)!, event };
    }
  }
};

/** Event name, then each row's before and after image as the server selected them. */
const expectedRows: readonly (readonly [string, ...(readonly [Row | null, Row | null])[]])[] = (() => {
  const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
  const first: Row = [
    4294967295,
    -5,
    '-1234567890.1234',
    -2.25,
    2024,
    '-01:02:03.004',
    '1000-01-01 00:00:00.25',
    '2024-05-06 07:08:09.123456',
    0b1000000000101,
    'é',
    'p,q',
    hex('01020000'),
    'café',
    '{"a": [1, 70000, -1.5, "é", null, true], "bb": {}}',
    hex('0000803f000020c0'),
  ];
  const second: Row = [
    2,
    null,
    '-0.0001',
    null,
    0,
    '-00:00:00.001',
    '0000-00-00 00:00:00.00',
    '0000-00-00 00:00:00.000000',
    0,
    null,
    '',
    null,
    '',
    '["2024-01-02", "-12:34:56.789000", 1.50]',
    null,
  ];
  const with7 = second.with(1, 7);
  const changed = with7.with(13, '["2024-01-02", "00:00:01", 1.50]');
  const absent = (values: Readonly<Record<number, Value>>): Row => Array.from({ length: 15 }, (_, i) => values[i]);
  return [
    ['30 WRITE_ROWS', [null, first], [null, second]],
    ['31 UPDATE_ROWS', [absent({ 0: 2 }), absent({ 1: 7 })]],
    ['39 PARTIAL_UPDATE_ROWS', [with7, changed]],
    ['39 PARTIAL_UPDATE_ROWS', [first, first.with(13, '{"a": [1, 70000, -1.5, "é", null, true]}')]],
    ['32 DELETE_ROWS', [changed, null]],
    ['30 WRITE_ROWS', [null, ['abcdefgh', 5, 'k', 3]]],
  ];
})();

test('captured rows of MySQL read as the server selected them', () => {
  const events = [...captured()].filter(({ flavor }) => flavor === 'mysql');
  assert.deepEqual(
    events.map(({ name }) => name),
    expectedRows.map(([name]) => name),
  );
  for (const [n, { map, event }] of events.entries()) {
    const table = tableFromMap(map, collations.mysql, null);
    for (const compile of [true, false]) {
      const images = rowReader(table, map, collations.mysql, { compile }).images(event);
      const rows = Array.from({ length: images.length }, (_, i) => [images.before(i), images.after(i)]);
      assert.deepEqual([expectedRows[n]![0], ...rows], expectedRows[n]);
      for (let i = 0; i < images.length; i += 1) {
        assert.deepEqual(written(table, images, i, 'before'), images.before(i));
        assert.deepEqual(written(table, images, i, 'after'), images.after(i));
      }
    }
  }
});

test('captured rows of MariaDB read as the server selected them, with UUID and INET known from the catalogue', () => {
  const events = [...captured()].filter(({ flavor }) => flavor === 'mariadb');
  assert.equal(events.length, 2);
  const { map } = events[0]!;
  const fromLog = tableFromMap(map, collations.mariadb, null);
  const kinds: Record<string, ColumnType> = { u: { kind: 'uuid' }, i4: { kind: 'inet4' }, i6: { kind: 'inet6' } };
  const known = defineTable({
    ...fromLog,
    columns: fromLog.columns.map((column) => ({ ...column, type: kinds[column.name] ?? column.type })),
  });
  for (const { map: own, event } of events) {
    const table = tableFromMap(own, collations.mariadb, known);
    assert.equal(table, known);
    const images = rowReader(table, own, collations.mariadb).images(event);
    const row = images.after(0)!;
    assert.deepEqual(row.slice(0, 6), [4294967295, '-1234567890.1234', 2024, '-01:02:03.004', 'pk', 'é']);
    for (const [i, column] of table.columns.entries()) {
      if (column.type.kind === 'uuid') assert.equal(row[i], '123e4567-e89b-12d3-a456-426655440000');
      if (column.type.kind === 'inet4') assert.equal(row[i], '10.0.0.0');
    }
    assert.deepEqual(written(table, images, 0, 'after'), row);
  }
});

// Random tables and rows.

interface Spec {
  readonly wire: number;
  readonly meta: number;
  readonly unsigned?: boolean;
  readonly collation?: number;
  readonly values?: readonly string[];
  /** What only a definition tells. */
  readonly type?: ColumnType;
  /** Bytes as logged, without a length. */
  readonly value: fc.Arbitrary<Buffer>;
  readonly lengthBytes: number;
}

const bytesOf = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes));
const bytesUpTo = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: size }).map((bytes) => Buffer.from(bytes));
const textUpTo = (length: number): fc.Arbitrary<Buffer> =>
  fc
    .oneof(fc.string({ maxLength: length }), fc.string({ unit: 'binary', maxLength: length >> 2 }))
    .map((text) => Buffer.from(text));

const fixedSpec = (wire: number, size: number, meta = 0, rest: Partial<Spec> = {}): Spec => ({
  wire,
  meta,
  lengthBytes: 0,
  value: bytesOf(size),
  ...rest,
});

const digitBytes = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/** Packs digits as MySQL does, group by group. */
const packDecimal = (negative: boolean, whole: string, fraction: string): Buffer => {
  const groups: Buffer[] = [];
  const put = (digits: string): void => {
    const group = Buffer.alloc(digitBytes[digits.length]!);
    group.writeUIntBE(Number(digits), 0, group.length);
    groups.push(group);
  };
  if (whole.length % 9 > 0) put(whole.slice(0, whole.length % 9));
  for (let at = whole.length % 9; at < whole.length; at += 9) put(whole.slice(at, at + 9));
  for (let at = 0; at < fraction.length; at += 9) put(fraction.slice(at, at + 9));
  const bytes = Buffer.concat(groups);
  if (negative) for (let i = 0; i < bytes.length; i += 1) bytes[i] = ~bytes[i]! & 0xff;
  bytes[0] = bytes[0]! ^ 0x80;
  return bytes;
};

const digits = (count: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...'00123456789'), { minLength: count, maxLength: count }).map((list) => list.join(''));

const decimalShape = fc
  .integer({ min: 0, max: 30 })
  .chain((scale) => fc.tuple(fc.integer({ min: Math.max(scale, 1), max: 65 }), fc.constant(scale)));

const decimalSpec = decimalShape.map(
  ([precision, scale]): Spec => ({
    wire: columnType.NEWDECIMAL,
    meta: precision | (scale << 8),
    lengthBytes: 0,
    value: fc.tuple(fc.boolean(), digits(precision - scale), digits(scale)).map((parts) => packDecimal(...parts)),
  }),
);

const packed = (bytes: number, value: bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer.subarray(8 - bytes);
};

const fractionUnits = [0, 99, 9_999, 999_999];

const temporalSpec = (wire: number): fc.Arbitrary<Spec> =>
  fc.integer({ min: 0, max: 6 }).map((fsp): Spec => {
    const extra = (fsp + 1) >> 1;
    const fraction = fc.integer({ min: 0, max: fractionUnits[extra]! }).map(BigInt);
    const shift = BigInt(8 * extra);
    const whole = {
      [columnType.TIMESTAMP2]: fc.bigInt(0n, 0xffffffffn),
      [columnType.DATETIME2]: fc
        .tuple(
          fc.integer({ min: 0, max: 9999 }),
          fc.integer({ min: 0, max: 12 }),
          fc.integer({ min: 0, max: 31 }),
          fc.integer({ min: 0, max: 23 }),
          fc.integer({ min: 0, max: 59 }),
          fc.integer({ min: 0, max: 59 }),
        )
        .map(
          ([y, mo, d, h, mi, s]) =>
            0x8000000000n + ((BigInt(y * 13 + mo) << 22n) | BigInt((d << 17) | (h << 12) | (mi << 6) | s)),
        ),
      [columnType.TIME2]: fc
        .tuple(fc.integer({ min: 0, max: 838 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }))
        .map(([h, mi, s]) => BigInt((h << 12) | (mi << 6) | s)),
    }[wire]!;
    const value = fc.tuple(whole, fraction, fc.boolean()).map(([seconds, part, negative]) => {
      const all = (seconds << shift) | part;
      if (wire === columnType.TIMESTAMP2) return packed(4 + extra, all);
      if (wire === columnType.DATETIME2) return packed(5 + extra, all);
      return packed(3 + extra, (1n << (23n + shift)) + (negative ? -all : all));
    });
    return { wire, meta: fsp, lengthBytes: 0, value };
  });

const members = ['one', 'zwei', 'três', '', 'a,b'];
const jsonDocuments = [
  '0203000d00050100050200050300',
  '000400390020000000200001002100020023000300050000050200050100002600616262636363010013000b000100020c00780100070005' +
    '0300',
  '0c0568656c6c6f',
  '0ff604030281' + '32',
  '0400',
  '',
].map((hex) => Buffer.from(hex, 'hex'));

const compressed = fc
  .tuple(fc.string({ maxLength: 40 }), fc.constantFrom('stored', 'raw', 'wrapped'))
  .map(([text, form]) => {
    const bytes = Buffer.from(text);
    if (bytes.length === 0) return bytes;
    if (form === 'stored') return Buffer.concat([Buffer.of(0), bytes]);
    const data = form === 'raw' ? deflateRawSync(bytes) : deflateSync(bytes);
    return Buffer.concat([Buffer.of(form === 'raw' ? 0x89 : 0x81, bytes.length), data]);
  });

const spec: fc.Arbitrary<Spec> = fc.oneof(
  fc.constantFrom(
    ...[true, false].flatMap((unsigned) => [
      fixedSpec(columnType.TINY, 1, 0, { unsigned }),
      fixedSpec(columnType.SHORT, 2, 0, { unsigned }),
      fixedSpec(columnType.INT24, 3, 0, { unsigned }),
      fixedSpec(columnType.LONG, 4, 0, { unsigned }),
      fixedSpec(columnType.LONGLONG, 8, 0, { unsigned }),
    ]),
    fixedSpec(columnType.FLOAT, 4, 4),
    fixedSpec(columnType.DOUBLE, 8, 8),
    fixedSpec(columnType.YEAR, 1),
    fixedSpec(columnType.DATE, 3),
    fixedSpec(columnType.BIT, 2, 5 | (1 << 8)),
    fixedSpec(columnType.BIT, 8, 8 << 8),
  ),
  decimalSpec,
  temporalSpec(columnType.TIMESTAMP2),
  temporalSpec(columnType.DATETIME2),
  temporalSpec(columnType.TIME2),
  fc.constantFrom<Spec>(
    { wire: columnType.VARCHAR, meta: 200, collation: 255, value: textUpTo(40), lengthBytes: 1 },
    { wire: columnType.VARCHAR, meta: 800, collation: 255, value: textUpTo(60), lengthBytes: 2 },
    { wire: columnType.VARCHAR, meta: 100, collation: 8, value: bytesUpTo(30), lengthBytes: 1 },
    { wire: columnType.VARCHAR, meta: 100, collation: 63, value: bytesUpTo(100), lengthBytes: 1 },
    { wire: columnType.VARCHAR, meta: 60, collation: 13, value: bytesUpTo(30), lengthBytes: 1 },
    {
      wire: columnType.VARCHAR,
      meta: 60,
      collation: 54,
      value: textUpTo(20).map((text) => Buffer.from(text.toString(), 'utf16le').swap16()),
      lengthBytes: 1,
    },
    { wire: columnType.STRING, meta: 0xfe | (40 << 8), collation: 255, value: textUpTo(12), lengthBytes: 1 },
    { wire: columnType.STRING, meta: 0xce | (0x20 << 8), collation: 255, value: textUpTo(100), lengthBytes: 2 },
    { wire: columnType.STRING, meta: 0xfe | (8 << 8), collation: 63, value: bytesUpTo(8), lengthBytes: 1 },
    {
      wire: columnType.STRING,
      meta: 0xfe | (16 << 8),
      collation: 63,
      type: { kind: 'uuid' },
      value: bytesUpTo(16),
      lengthBytes: 1,
    },
    {
      wire: columnType.STRING,
      meta: 0xfe | (16 << 8),
      collation: 63,
      type: { kind: 'inet6' },
      value: bytesUpTo(16),
      lengthBytes: 1,
    },
    {
      wire: columnType.STRING,
      meta: 0xfe | (4 << 8),
      collation: 63,
      type: { kind: 'inet4' },
      value: bytesUpTo(4),
      lengthBytes: 1,
    },
    ...[1, 2, 3, 4].flatMap((lengthBytes): Spec[] => [
      { wire: columnType.BLOB, meta: lengthBytes, collation: 255, value: textUpTo(80), lengthBytes },
      { wire: columnType.BLOB, meta: lengthBytes, collation: 63, value: bytesUpTo(80), lengthBytes },
    ]),
    {
      wire: columnType.STRING,
      meta: columnType.ENUM | (1 << 8),
      values: members,
      value: fc.integer({ min: 0, max: 5 }).map((n) => Buffer.of(n)),
      lengthBytes: 0,
    },
    {
      wire: columnType.STRING,
      meta: columnType.ENUM | (2 << 8),
      values: members,
      value: fc.integer({ min: 0, max: 5 }).map((n) => Buffer.of(n, 0)),
      lengthBytes: 0,
    },
    {
      wire: columnType.STRING,
      meta: columnType.SET | (1 << 8),
      values: members,
      value: fc.integer({ min: 0, max: 31 }).map((n) => Buffer.of(n)),
      lengthBytes: 0,
    },
    { wire: columnType.JSON, meta: 4, value: fc.constantFrom(...jsonDocuments), lengthBytes: 4 },
    { wire: columnType.GEOMETRY, meta: 4, value: bytesUpTo(30), lengthBytes: 4 },
    { wire: columnType.VECTOR, meta: 4, value: bytesUpTo(16), lengthBytes: 4 },
    { wire: columnType.VARCHAR_COMPRESSED, meta: 101, collation: 255, value: compressed, lengthBytes: 1 },
    { wire: columnType.BLOB_COMPRESSED, meta: 2, collation: 63, value: compressed, lengthBytes: 2 },
  ),
);

const mapOf = (specs: readonly Spec[]): TableMap => ({
  tableId: 7,
  database: 'd',
  name: 't',
  columnCount: specs.length,
  types: Uint8Array.from(specs, (one) => one.wire),
  meta: Uint16Array.from(specs, (one) => one.meta),
  nullable: specs.map(() => true),
  flags: 0,
  unsigned: specs.map((one) => one.unsigned ?? false),
  collations: specs.map((one) => one.collation ?? null),
  names: specs.map((_, i) => `c${i}`),
  enumValues: specs.map((one) => one.values ?? null),
  setValues: specs.map((one) => one.values ?? null),
  enumSetCollations: null,
  geometryShapes: null,
  primaryKey: null,
  visible: null,
  vectorDimensions: null,
});

const tableOf = (specs: readonly Spec[]): Table => {
  const table = tableFromMap(mapOf(specs), collations.mysql, null);
  return defineTable({
    ...table,
    columns: table.columns.map((column, i): Column => ({ ...column, type: specs[i]!.type ?? column.type })),
  });
};

const bitmap = (bits: readonly boolean[], padding: number): Buffer => {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8), padding);
  bits.forEach((bit, i) => {
    if (bit) bytes[i >> 3] = bytes[i >> 3]! | (1 << (i & 7));
    else bytes[i >> 3] = bytes[i >> 3]! & ~(1 << (i & 7));
  });
  return bytes;
};

/** One row image: null bits over the logged columns, then their values. `null`: the value is NULL; `undefined`: not logged. */
const encodeImage = (
  specs: readonly Spec[],
  values: readonly (Buffer | null | undefined)[],
  padding: number,
): Buffer => {
  const logged = values.flatMap((value, i) => (value === undefined ? [] : [{ value, one: specs[i]! }]));
  const parts: Buffer[] = [
    bitmap(
      logged.map(({ value }) => value === null),
      padding,
    ),
  ];
  for (const { value, one } of logged) {
    if (value === null) continue;
    const length = Buffer.alloc(one.lengthBytes);
    if (one.lengthBytes > 0) length.writeUIntLE(value.length, 0, one.lengthBytes);
    parts.push(length, value);
  }
  return Buffer.concat(parts);
};

interface RandomEvent {
  readonly specs: readonly Spec[];
  readonly event: RowsEvent;
  readonly nulls: readonly (readonly (Buffer | null | undefined)[])[];
}

const randomEvent: fc.Arbitrary<RandomEvent> = fc.array(spec, { minLength: 1, maxLength: 20 }).chain((specs) =>
  fc
    .record({
      op: fc.constantFrom('create', 'update', 'delete'),
      present: fc.tuple(
        ...[0, 1].map(() => fc.array(fc.boolean(), { minLength: specs.length, maxLength: specs.length })),
      ),
      full: fc.boolean(),
      padding: fc.constantFrom(0, 0xff),
      rows: fc.array(
        fc.array(fc.tuple(...specs.map((one) => fc.option(one.value, { freq: 4 }))), { minLength: 2, maxLength: 2 }),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
    })
    .map(({ op, present, full, padding, rows }) => {
      const sides = present.map((bits) => bits.map((bit, i) => full || bit || i === 0));
      const used = op === 'update' ? [0, 1] : op === 'create' ? [1] : [0];
      const images = rows.flatMap((row) =>
        used.map((side) => (row[side] as (Buffer | null)[]).map((value, i) => (sides[side]![i] ? value : undefined))),
      );
      const bytes = Buffer.concat([Buffer.of(1, 2, 3), ...images.map((values) => encodeImage(specs, values, padding))]);
      return {
        specs,
        nulls: images,
        event: {
          tableId: 7,
          op,
          partialJson: false,
          flags: 1,
          columnCount: specs.length,
          presentBefore: op === 'create' ? null : bitmap(sides[0]!, padding),
          presentAfter: op === 'delete' ? null : bitmap(sides[1]!, padding),
          bytes,
          start: 3,
          end: bytes.length,
        },
      };
    }),
);

const readAll = (table: Table, map: TableMap, event: RowsEvent, compile: boolean): (Row | null)[] => {
  const images = rowReader(table, map, collations.mysql, { compile }).images(event);
  const rows: (Row | null)[] = [];
  for (let i = 0; i < images.length; i += 1) {
    rows.push(images.before(i), images.after(i));
    for (const side of ['before', 'after'] as const) {
      assert.deepEqual(written(table, images, i, side), images[side](i), `${side} as written`);
    }
  }
  return rows;
};

test('compiled and interpreted readers give the same rows, whatever the table and the columns that are logged', () => {
  fc.assert(
    fc.property(randomEvent, ({ specs, event, nulls }) => {
      const map = mapOf(specs);
      const table = tableOf(specs);
      const rows = readAll(table, map, event, true);
      assert.deepEqual(rows, readAll(table, map, event, false));
      const images = rows.filter((row) => row !== null);
      assert.equal(images.length, nulls.length);
      for (const [n, row] of images.entries()) {
        // Absent stays undefined, NULL stays null, and nothing else is either.
        assert.deepEqual(
          row.map((value) => (value === undefined || value === null ? value : 'value')),
          nulls[n]!.map((value) => (value === undefined || value === null ? value : 'value')),
        );
      }
    }),
    { numRuns: 400 },
  );
});

test('DECIMAL of any precision and scale gives its digits', () => {
  fc.assert(
    fc.property(
      decimalShape.chain(([precision, scale]) => fc.tuple(fc.boolean(), digits(precision - scale), digits(scale))),
      ([negative, whole, fraction]) => {
        const one: Spec = {
          wire: columnType.NEWDECIMAL,
          meta: (whole.length + fraction.length) | (fraction.length << 8),
          lengthBytes: 0,
          value: fc.constant(Buffer.alloc(0)),
        };
        const image = encodeImage([one], [packDecimal(negative, whole, fraction)], 0);
        const text = `${negative ? '-' : ''}${whole.replace(/^0+/, '') || '0'}${fraction === '' ? '' : `.${fraction}`}`;
        assert.deepEqual(readAll(tableOf([one]), mapOf([one]), createEvent(image), true), [null, [text]]);
      },
    ),
    { numRuns: 500 },
  );
});

/** Takes DECIMALs as numbers where it can. */
class UnscaledWriter extends CollectingWriter {
  override readonly target = 'unscaled';
  takesUnscaled(): boolean {
    return true;
  }
}

test('a writer that takes DECIMALs unscaled gets the number that the digits make without their point', () => {
  fc.assert(
    fc.property(
      decimalShape.chain(([precision, scale]) => fc.tuple(fc.boolean(), digits(precision - scale), digits(scale))),
      fc.boolean(),
      ([negative, whole, fraction], compile) => {
        const precision = whole.length + fraction.length;
        const one: Spec = {
          wire: columnType.NEWDECIMAL,
          meta: precision | (fraction.length << 8),
          lengthBytes: 0,
          value: fc.constant(Buffer.alloc(0)),
        };
        const image = encodeImage([one], [packDecimal(negative, whole, fraction)], 0);
        const table = tableOf([one]);
        const images = rowReader(table, mapOf([one]), collations.mysql, { compile }).images(createEvent(image));
        const writer = new UnscaledWriter(table);
        images.write(0, 'after', writer);
        const [value] = writer.row();
        const digitsOnly = BigInt(whole + fraction) * (negative ? -1n : 1n);
        if (typeof value === 'number') assert.equal(BigInt(value), digitsOnly);
        else assert.equal(BigInt(String(value).replace('.', '')), digitsOnly);
        // All values of a column come alike.
        const isNumber = precision <= 15 && fraction.length <= 9 && whole !== '';
        assert.equal(typeof value, isNumber ? 'number' : 'string');
      },
    ),
    { numRuns: 500 },
  );
});

test('times that repeat, in whole or in part, are each read as what they are', () => {
  const specs: Spec[] = [columnType.DATETIME2, columnType.TIMESTAMP2, columnType.DATE].map((wire) => ({
    wire,
    meta: wire === columnType.DATE ? 0 : 6,
    lengthBytes: 0,
    value: fc.constant(Buffer.alloc(0)),
  }));
  const few = (...values: number[]): fc.Arbitrary<number> => fc.constantFrom(...values);
  const row = fc.tuple(
    few(0, 2024 * 13 + 5),
    few(1, 9),
    few(0, 12 * 4096, 59),
    few(0, 1, 999_999),
    few(0, 1, 0xffffff),
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.boolean(), (rows, compile) => {
      const images = rows.map(([months, day, time, micros, date]) =>
        encodeImage(
          specs,
          [
            packed(
              8,
              ((0x8000000000n + ((BigInt(months) << 22n) | BigInt((day << 17) | time))) << 24n) | BigInt(micros),
            ),
            packed(7, (BigInt(months * 86_400 + time) << 24n) | BigInt(micros)),
            Buffer.of(date & 0xff, (date >> 8) & 0xff, date >> 16),
          ],
          0,
        ),
      );
      const event = createEvent(Buffer.concat(images), specs.length);
      // What is handed to a writer is made anew each time, so the two can only agree when nothing stale was given.
      assert.equal(readAll(tableOf(specs), mapOf(specs), event, compile).length, rows.length * 2);
    }),
    { numRuns: 200 },
  );
});

const createEvent = (bytes: Buffer, columnCount = 1): RowsEvent => ({
  tableId: 7,
  op: 'create',
  partialJson: false,
  flags: 1,
  columnCount,
  presentBefore: null,
  presentAfter: Buffer.alloc((columnCount + 7) >> 3, 0xff),
  bytes,
  start: 0,
  end: bytes.length,
});

/** Rows, or an error that says what is wrong; nothing else, and the same compiled and interpreted. */
const readOrRefuse = (table: Table, map: TableMap, event: RowsEvent): string => {
  const outcomes = [true, false].map((compile) => {
    try {
      const images = rowReader(table, map, collations.mysql, { compile }).images(event);
      for (let i = 0; i < images.length; i += 1) {
        images.before(i);
        images.after(i);
        for (const side of ['before', 'after'] as const) {
          images.write(i, side, new CollectingWriter(table));
        }
      }
      return 'rows';
    } catch (error) {
      assert.ok(isMillraceError(error), `${error}`);
      assert.match(error.code, /^VALUES_(ROWS|VALUE)_DAMAGED$|^VALUES_JSON_BASE_MISSING$/);
      return `${error.code} ${error.message}`;
    }
  });
  assert.equal(outcomes[0], outcomes[1]);
  return outcomes[0]!;
};

test('rows cut off anywhere are refused, or end where a row ends', () => {
  fc.assert(
    fc.property(randomEvent, fc.nat(), ({ specs, event }, cut) => {
      const end = event.start + (cut % (event.end - event.start));
      const outcome = readOrRefuse(tableOf(specs), mapOf(specs), {
        ...event,
        end,
        bytes: event.bytes.subarray(0, end),
      });
      assert.match(outcome, /^rows$|^VALUES_ROWS_DAMAGED/);
    }),
    { numRuns: 300 },
  );
});

test('rows with flipped bits are read as other values or refused with a typed error', () => {
  fc.assert(
    fc.property(randomEvent, fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), ({ specs, event }, flips) => {
      const bytes = Buffer.from(event.bytes);
      for (const flip of flips) {
        const at = event.start + (flip % (event.end - event.start));
        bytes[at] = bytes[at]! ^ (1 << (flip % 8));
      }
      readOrRefuse(tableOf(specs), mapOf(specs), { ...event, bytes });
    }),
    { numRuns: 500 },
  );
});

test('captured events survive each truncation and random bit flips with typed errors', () => {
  for (const { flavor, map, event } of captured()) {
    if (flavor === 'mariadb') continue;
    const table = tableFromMap(map, collations.mysql, null);
    for (let end = event.start; end < event.end; end += 1) {
      readOrRefuse(table, map, { ...event, end, bytes: event.bytes.subarray(0, end) });
    }
    for (let at = event.start; at < event.end; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bytes = Buffer.from(event.bytes);
        bytes[at] = bytes[at]! ^ (1 << bit);
        readOrRefuse(table, map, { ...event, bytes });
      }
    }
  }
});

test('an error names the table, the row and the column', () => {
  const one: Spec = {
    wire: columnType.STRING,
    meta: columnType.ENUM | (1 << 8),
    values: ['a'],
    value: bytesOf(1),
    lengthBytes: 0,
  };
  const images = rowReader(tableOf([one]), mapOf([one]), collations.mysql).images(createEvent(Buffer.of(0, 9)));
  assert.throws(() => images.after(0), {
    code: 'VALUES_VALUE_DAMAGED',
    details: { table: 'd.t', column: 'c0', reason: 'an ENUM of 1 values has a higher ordinal' },
  });
  assert.throws(
    () => rowReader(tableOf([one]), mapOf([one]), collations.mysql).images(createEvent(Buffer.of(0, 1, 0))),
    {
      code: 'VALUES_ROWS_DAMAGED',
      details: { table: 'd.t', row: 1, reason: 'it does not end where the event ends' },
    },
  );
});

test('a compressed value that would inflate to more than it states or than its column holds is refused', () => {
  const one: Spec = {
    wire: columnType.VARCHAR_COMPRESSED,
    meta: 1001,
    collation: 255,
    value: bytesOf(1),
    lengthBytes: 2,
  };
  const read = (value: Buffer): string =>
    readOrRefuse(tableOf([one]), mapOf([one]), createEvent(encodeImage([one], [value], 0)));
  const bomb = deflateRawSync(Buffer.alloc(900_000));
  assert.match(read(Buffer.concat([Buffer.of(0x8a, 0, 100), bomb])), /do not inflate/);
  assert.match(read(Buffer.concat([Buffer.of(0x8b, 0x0d, 0xbb, 0xa0), bomb])), /more than the column can hold/);
  assert.match(read(Buffer.of(0x99, 5, 1, 2, 3)), /unknown way/);
});

test('rows far apart in one block of offsets stay readable when later events need a new block', () => {
  const one = fixedSpec(columnType.LONG, 4);
  const reader = rowReader(tableOf([one]), mapOf([one]), collations.mysql);
  const kept: { readonly images: RowImages; readonly first: number }[] = [];
  for (let n = 0; n < 40; n += 1) {
    const rows = Array.from({ length: 1_000 * (n % 3) + 1 }, (_, i) => {
      const row = Buffer.alloc(5);
      row.writeInt32LE(n * 10_000 + i, 1);
      return row;
    });
    kept.push({ images: reader.images(createEvent(Buffer.concat(rows))), first: n * 10_000 });
  }
  for (const { images, first } of kept) {
    for (let i = 0; i < images.length; i += 1) assert.deepEqual(images.after(i), [first + i]);
  }
  assert.throws(() => kept[0]!.images.after(1), RangeError);
});

test('a table too wide to compile is read all the same', () => {
  const specs = Array.from({ length: 900 }, (_, i) =>
    i % 2 === 0
      ? fixedSpec(columnType.TINY, 1)
      : { wire: columnType.VARCHAR, meta: 200, collation: 255, value: bytesOf(1), lengthBytes: 1 },
  );
  const image = encodeImage(
    specs,
    specs.map((_, i) => (i % 7 === 0 ? null : i % 2 === 0 ? Buffer.of(i & 0x7f) : Buffer.from(`v${i}`))),
    0,
  );
  const row = rowReader(tableOf(specs), mapOf(specs), collations.mysql).images(createEvent(image, 900)).after(0)!;
  assert.deepEqual(
    row,
    specs.map((_, i) => (i % 7 === 0 ? null : i % 2 === 0 ? i & 0x7f : `v${i}`)),
  );
});

test('each kind of writer gets a function of its own', () => {
  const one = fixedSpec(columnType.LONG, 4);
  const table = tableOf([one]);
  const image = Buffer.of(0, 42, 0, 0, 0);
  const images = rowReader(table, mapOf([one]), collations.mysql).images(createEvent(image));
  const targets = ['a', 'b', 'a'].map((target) => {
    const writer = new (class extends CollectingWriter {
      override readonly target = target;
    })(table);
    images.write(0, 'after', writer);
    return writer.row();
  });
  assert.deepEqual(targets, [[42], [42], [42]]);
  assert.throws(
    () =>
      new RowPlan(table, [null], 'image', {}).write(Buffer.of(0), 0, {
        target: 'x',
        absent: () => assert.fail('stop'),
      } as never),
    {
      message: 'stop',
    },
  );
});

test('a log without names and without a known definition is refused with what to do', () => {
  const map = { ...mapOf([fixedSpec(columnType.LONG, 4)]), names: null };
  assert.throws(() => tableFromMap(map, collations.mysql, null), {
    code: 'VALUES_TABLE_UNKNOWN',
    details: { table: 'd.t', columns: 1 },
    hint: /binlog_row_metadata=FULL.*snapshot/,
  });
});

test('ENUM values in a charset that the log does not spell as UTF-8 are never guessed', () => {
  const one: Spec = {
    wire: columnType.STRING,
    meta: columnType.ENUM | (1 << 8),
    values: ['Ã©'],
    value: bytesOf(1),
    lengthBytes: 0,
  };
  const map = { ...mapOf([one]), enumSetCollations: [8] };
  assert.throws(() => tableFromMap(map, collations.mysql, null), { code: 'VALUES_MEMBERS_UNKNOWN' });
  const plain = tableFromMap({ ...map, enumValues: [['plain']] }, collations.mysql, null);
  assert.deepEqual(plain.columns[0]!.type, { kind: 'enum', values: ['plain'], charset: 'latin1' });
});

test('a collation or wire type that nobody knows is refused by name', () => {
  const text: Spec = { wire: columnType.VARCHAR, meta: 10, collation: 9999, value: bytesOf(1), lengthBytes: 1 };
  assert.throws(() => tableOf([text]), {
    code: 'VALUES_COLLATION_UNKNOWN',
    details: { table: 'd.t', column: 'c0', collation: 9999 },
  });
  assert.throws(() => tableOf([fixedSpec(columnType.DECIMAL, 1)]), {
    code: 'VALUES_COLUMN_UNREADABLE',
    details: { table: 'd.t', column: 'c0', type: 0 },
  });
});

test('table maps with damaged types, meta bytes or names give a table or a typed error', () => {
  fc.assert(
    fc.property(
      randomEvent,
      fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(65_535), fc.boolean()), { minLength: 1, maxLength: 3 }),
      ({ specs, event }, changes) => {
        const map = mapOf(specs);
        const known = tableOf(specs);
        for (const [place, type, meta, whole] of changes) {
          if (whole) map.types[place % specs.length] = type;
          map.meta[place % specs.length] = meta;
        }
        for (const definition of [null, known]) {
          let table: Table;
          try {
            table = tableFromMap(map, collations.mysql, definition);
          } catch (error) {
            assert.ok(
              isMillraceError(error) && error.code.startsWith('VALUES_'),
              `${error instanceof Error ? error.stack : error}`,
            );
            continue;
          }
          readOrRefuse(table, map, event);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
