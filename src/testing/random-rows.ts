import { deflateRawSync, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { type Column, type ColumnType, defineTable, type Table } from '../core/table.ts';
import { columnType } from '../protocol/mysql/column-type.ts';
import type { RowsEvent } from '../protocol/mysql/events/rows-event.ts';
import type { TableMap } from '../protocol/mysql/events/table-map.ts';
import { builtinCollations } from '../protocol/mysql/values/collations.ts';
import { tableFromMap } from '../protocol/mysql/values/table-definition.ts';

/** A column of a random table: how its values are logged, and any of them. */
export interface Spec {
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

export const bytesOf = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes));
const bytesUpTo = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: size }).map((bytes) => Buffer.from(bytes));
const textUpTo = (length: number): fc.Arbitrary<Buffer> =>
  fc
    .oneof(fc.string({ maxLength: length }), fc.string({ unit: 'binary', maxLength: length >> 2 }))
    .map((text) => Buffer.from(text));

export const fixedSpec = (wire: number, size: number, meta = 0, rest: Partial<Spec> = {}): Spec => ({
  wire,
  meta,
  lengthBytes: 0,
  value: bytesOf(size),
  ...rest,
});

const digitBytes = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/** Packs digits as MySQL does, group by group. */
export const packDecimal = (negative: boolean, whole: string, fraction: string): Buffer => {
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

export const digits = (count: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...'00123456789'), { minLength: count, maxLength: count }).map((list) => list.join(''));

export const decimalShape = fc
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

export const packed = (bytes: number, value: bigint): Buffer => {
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

export const mapOf = (specs: readonly Spec[]): TableMap => ({
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

export const tableOf = (specs: readonly Spec[]): Table => {
  const table = tableFromMap(mapOf(specs), builtinCollations('mysql'), null);
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
export const encodeImage = (
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

export interface RandomEvent {
  readonly specs: readonly Spec[];
  readonly event: RowsEvent;
  readonly nulls: readonly (readonly (Buffer | null | undefined)[])[];
}

export const randomEvent: fc.Arbitrary<RandomEvent> = fc.array(spec, { minLength: 1, maxLength: 20 }).chain((specs) =>
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

export const createEvent = (bytes: Buffer, columnCount = 1): RowsEvent => ({
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
