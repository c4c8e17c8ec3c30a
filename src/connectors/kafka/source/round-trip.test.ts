/** What the sink writes, under each of its handling modes, is what the source reads back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { z } from 'zod';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Change, RowsChange } from '../../../core/change.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import { FakeClock } from '../../../testing/fake-clock.ts';
import { memoryRegistry } from '../../../testing/memory-registry.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, table } from '../../../testing/sample-tables.ts';
import { kafkaConfig } from '../config.ts';
import { valueFormat } from '../value-format.ts';
import { kafkaSourceConfig } from './config.ts';
import { valueReader } from './value-reader.ts';

const pad = (value: number | bigint, width: number): string => String(value).padStart(width, '0');
const fraction = (digits: number): fc.Arbitrary<string> =>
  digits === 0
    ? fc.constant('')
    : fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) - 1n }).map((value) => `.${pad(value, digits)}`);
const date = (from: number, to: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([year, month, day]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`);
const clock = (hours: number): fc.Arbitrary<string> =>
  fc.tuple(fc.nat(hours), fc.nat(59), fc.nat(59)).map((parts) => parts.map((part) => pad(part, 2)).join(':'));
const moment = (from: number, to: number, fsp: number): fc.Arbitrary<string> =>
  fc.tuple(date(from, to), clock(23), fraction(fsp)).map(([day, time, rest]) => `${day} ${time}${rest}`);
const time = (fsp: number, beyondDay: boolean): fc.Arbitrary<string> =>
  fc.tuple(fc.boolean(), clock(beyondDay ? 838 : 23), fraction(fsp)).map(([minus, at, rest]) => {
    const text = `${at}${rest}`;
    return minus && beyondDay && /[1-9]/.test(text) ? `-${text}` : text;
  });
const decimal = (whole: number, scale: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** BigInt(whole) - 1n }), fraction(scale))
    .map(([minus, digits, rest]) => {
      const text = `${digits}${rest}`;
      return minus && /[1-9]/.test(text) ? `-${text}` : text;
    });
const whole = (min: bigint, max: bigint): fc.Arbitrary<Value> =>
  fc.bigInt({ min, max }).map((value) => {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  });
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ maxLength: length }).map((value) => Uint8Array.from(value));
const float = fc.float({ noNaN: true, noDefaultInfinity: true });

/** Numbers with a fraction are printed in another way, as Debezium does. */
const documents = fc
  .dictionary(
    fc.string(),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.constantFrom(true, null, [1, {}])),
  )
  .map((value) => JSON.stringify(value));

type Typed = readonly [declaration: string, type: ColumnType, values: fc.Arbitrary<Value>];

const textOf = (maxBytes: number): ColumnType => ({
  kind: 'text',
  fixed: false,
  maxBytes,
  charset: 'utf8mb4',
  collation: 'utf8mb4_bin',
});

const integers = ([8, 16, 24, 32, 64] as const).flatMap((bits): readonly Typed[] => {
  const name = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' }[bits];
  const half = 2n ** BigInt(bits - 1);
  return [
    [name, { kind: 'integer', bits, unsigned: false }, whole(-half, half - 1n)],
    [`${name} unsigned`, { kind: 'integer', bits, unsigned: true }, whole(0n, half * 2n - 1n)],
  ];
});

/** No mode changes these, or each changes them without a loss. */
const steady: readonly Typed[] = [
  ...integers,
  ['decimal(12,2)', { kind: 'decimal', precision: 12, scale: 2, unsigned: false }, decimal(10, 2)],
  ['float', { kind: 'float', unsigned: false }, float],
  ['double', { kind: 'double', unsigned: false }, fc.double({ noNaN: true, noDefaultInfinity: true })],
  ['bit(1)', { kind: 'bit', length: 1 }, fc.nat(1)],
  ['bit(40)', { kind: 'bit', length: 40 }, fc.nat(2 ** 40 - 1)],
  ['bit(64)', { kind: 'bit', length: 64 }, whole(0n, 2n ** 64n - 1n)],
  ['year', { kind: 'year' }, fc.integer({ min: 1901, max: 2155 })],
  ['date', { kind: 'date' }, date(1000, 9999)],
  ['datetime', { kind: 'datetime', fsp: 0 }, moment(1678, 2261, 0)],
  ['datetime(3)', { kind: 'datetime', fsp: 3 }, moment(1678, 2261, 3)],
  ['time', { kind: 'time', fsp: 0 }, time(0, false)],
  ['time(3)', { kind: 'time', fsp: 3 }, time(3, false)],
  ['timestamp(6)', { kind: 'timestamp', fsp: 6 }, moment(1971, 2037, 6)],
  ['timestamp', { kind: 'timestamp', fsp: 0 }, moment(1971, 2037, 0)],
  ['varchar(50)', textOf(200), fc.string({ unit: 'grapheme', maxLength: 20 })],
  ['blob', { kind: 'binary', fixed: false, maxBytes: 65_535 }, bytes(20)],
  ["enum('new','paid')", { kind: 'enum', values: ['new', 'paid'], charset: 'utf8mb4' }, fc.constantFrom('new', 'paid')],
  [
    "set('a','b','c')",
    { kind: 'set', values: ['a', 'b', 'c'], charset: 'utf8mb4' },
    fc.constantFrom('', 'a', 'a,c', 'a,b,c'),
  ],
  ['json', { kind: 'json' }, documents],
  [
    'vector(2)',
    { kind: 'vector', dimensions: 2 },
    fc.tuple(float, float).map((pair) => {
      const packed = Buffer.alloc(8);
      for (const [i, value] of pair.entries()) packed.writeFloatLE(value, i * 4);
      return Uint8Array.from(packed);
    }),
  ],
  [
    'point',
    { kind: 'geometry', shape: 1 },
    fc
      .tuple(fc.integer({ min: 0, max: 9_999 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
      .map(([srid, x]) => {
        const shape = Buffer.alloc(25);
        shape.writeUInt32LE(srid, 0);
        shape.writeUInt8(1, 4);
        shape.writeUInt32LE(1, 5);
        shape.writeDoubleLE(x, 9);
        return Uint8Array.from(shape);
      }),
  ],
];

/** Finer than a millisecond. */
const fine: readonly Typed[] = [
  ['datetime(6)', { kind: 'datetime', fsp: 6 }, moment(1678, 2261, 6)],
  ['time(6)', { kind: 'time', fsp: 6 }, time(6, false)],
];
/** Numbers of microseconds and nanoseconds know times beyond a day and before 0; and only those without nanoseconds all years. */
const long: readonly Typed[] = [['time(6)', { kind: 'time', fsp: 6 }, time(6, true)]];
const far: readonly Typed[] = [['datetime(6)', { kind: 'datetime', fsp: 6 }, moment(1000, 9999, 6)]];
const amounts: readonly Typed[] = [
  ['decimal(65,30)', { kind: 'decimal', precision: 65, scale: 30, unsigned: false }, decimal(35, 30)],
];

const timesOf = {
  adaptive_time_microseconds: [...fine, ...long, ...far],
  microseconds: [...fine, ...long, ...far],
  nanoseconds: [...fine, ...long],
  isostring: [...fine, ...far],
  connect: [],
} as const;

type Modes = Pick<
  z.output<typeof kafkaConfig>,
  'decimal.handling.mode' | 'bigint.unsigned.handling.mode' | 'time.precision.mode' | 'binary.handling.mode'
>;

const modes: readonly Modes[] = Object.keys(timesOf).flatMap((times, i) =>
  (['precise', 'string', 'double'] as const).map(
    (decimals, j): Modes => ({
      'time.precision.mode': times as keyof typeof timesOf,
      'decimal.handling.mode': decimals,
      'bigint.unsigned.handling.mode': (i + j) % 2 === 0 ? 'long' : 'precise',
      'binary.handling.mode': (['bytes', 'base64', 'base64-url-safe', 'hex'] as const)[(i + j) % 4]!,
    }),
  ),
);

const context = { pipeline: 'p', clock: new FakeClock(), log: { debug() {}, info() {}, warn() {}, error() {} } };

const tableOf = (columns: readonly Typed[]): Table =>
  table(
    'every',
    [['int', { kind: 'integer', bits: 32, unsigned: false }] as const, ...columns].map(([declaration, type], i) =>
      column(`c${i}`, type, { declaration, nullable: i > 0 }),
    ),
    [0],
  );

/** The declarations as somebody would write them who reads the topic. */
const createTable = ({ columns }: Table): string =>
  `CREATE TABLE shop.every (${columns.map(({ name, declaration }) => `${name} ${declaration}`).join(', ')}, PRIMARY KEY (c0))`;

const bootstrap = { 'properties.bootstrap.servers': 'nowhere:1' };

/** Writes rows as the sink does, and gives what the source reads of the records. */
const roundTrip = async (
  of: Table,
  rows: readonly Row[],
  sink: Partial<z.input<typeof kafkaConfig>>,
  source: Partial<z.input<typeof kafkaSourceConfig>>,
): Promise<readonly Change[]> => {
  const format = valueFormat(kafkaConfig.parse({ ...bootstrap, ...sink }), context, () => 'topic');
  const change: RowsChange = {
    kind: 'rows',
    op: 'create',
    table: of,
    rows: new ArrayRowImages(of, { before: null, after: rows }),
    origin,
  };
  if (!(format.isReady?.(change) ?? true)) await format.learn!([change]);
  const changes = new ChangeCollector(1_000);
  const reader = valueReader(kafkaSourceConfig.parse({ ...bootstrap, topic: 't', ...source }), changes, context.clock);
  const records: (readonly [Buffer | null, Buffer | null])[] = [];
  const copy = (part: Uint8Array | null, start: number, end: number) =>
    part === null ? null : Buffer.from(part.subarray(start, end));
  format.rows(change, (key, keyStart, keyEnd, value, start, end) => {
    records.push([copy(key, keyStart, keyEnd), copy(value, start, end)]);
  });
  for (const [offset, [key, value]] of records.entries()) {
    const message = {
      ...{ key, value, offset, database: 'shop', table: 'every' },
      origin: () => ({
        kind: 'kafka' as const,
        ...{ topic: 't', partition: 0, offset: BigInt(offset), timestampMs: 0, key, headers: [] },
      }),
    };
    while (!(reader.isReady?.(message) ?? true)) await reader.learn!();
    reader.read(message);
  }
  return changes.take();
};

const rowsOf = (changes: readonly Change[]): readonly (Row | null)[] =>
  changes.flatMap((change) =>
    change.kind === 'rows' ? Array.from({ length: change.rows.length }, (_, i) => change.rows.after(i)) : [],
  );

const samples = (columns: readonly Typed[], seed: number): readonly Row[] => {
  const row = fc.tuple<Value[]>(fc.integer(), ...columns.map(([, , values]) => fc.option(values, { freq: 10 })));
  return fc.sample(row, { numRuns: 25, seed });
};

for (const [index, mode] of modes.entries()) {
  const words = Object.values(mode).join(', ');
  const isDouble = mode['decimal.handling.mode'] === 'double';
  const columns = [...steady, ...timesOf[mode['time.precision.mode']], ...(isDouble ? [] : amounts)];

  test(`every value comes back that was written with ${words}`, async () => {
    using registry = await memoryRegistry();
    const of = tableOf(columns);
    const rows = samples(columns, index);
    const url = { 'schema.registry.url': registry.url };
    for (const settings of [
      { 'value.format': 'debezium-json' },
      { 'value.format': 'debezium-json', 'debezium-json.schema-include': true },
      { 'value.format': 'debezium-avro', ...url },
      { 'value.format': 'avro-confluent', ...url },
    ] as const) {
      const { 'debezium-json.schema-include': _, ...read } = { 'debezium-json.schema-include': false, ...settings };
      const changes = await roundTrip(
        of,
        rows,
        { ...mode, ...settings },
        { ...mode, ...read, schema: createTable(of) },
      );
      assert.deepEqual(rowsOf(changes), rows, JSON.stringify(settings));
    }
  });
}

/** Fraction digits are those of the schema's type, which may be more than the column has. */
const withoutZeros = (value: Value | undefined): Value | undefined =>
  typeof value === 'string' ? value.replace(/(:\d\d\.\d*?)0+$/, '$1').replace(/\.$/, '') : value;

test("a schema in the messages says what numbers count, whatever the source's modes are", async () => {
  for (const [times, more] of Object.entries(timesOf)) {
    const isMoment = (kind: string): boolean => ['date', 'datetime', 'time', 'timestamp'].includes(kind);
    const columns = [...steady, ...more].filter(([, { kind }]) => isMoment(kind));
    const rows = samples(columns, 7);
    const sink = { 'time.precision.mode': times as keyof typeof timesOf, 'debezium-json.schema-include': true };
    const changes = await roundTrip(tableOf(columns), rows, sink, {});
    assert.deepEqual(
      rowsOf(changes).map((row) => row?.map(withoutZeros)),
      rows.map((row) => row.map(withoutZeros)),
      times,
    );
  }
});

test('columns that ask for more than a mode has kept are refused, and what is finer than microseconds', async () => {
  const [declared, ...values] = [
    'CREATE TABLE shop.every (c0 INT PRIMARY KEY, c1 DATETIME(6), c2 DECIMAL(16,2))',
    '{"source":{"db":"shop","table":"every"},"op":"c","after":{"c0":1,"c1":1700000000000000001}}',
    '{"source":{"db":"shop","table":"every"},"op":"c","after":{"c0":1,"c1":17}}',
  ] as const;
  const open = (settings: Partial<z.input<typeof kafkaSourceConfig>>, changes = new ChangeCollector(1)) =>
    valueReader(
      kafkaSourceConfig.parse({ ...bootstrap, topic: 't', schema: declared, ...settings }),
      changes,
      context.clock,
    );
  for (const [key, mode, format, refused] of [
    ['time.precision.mode', 'connect', 'debezium-json', true],
    ['decimal.handling.mode', 'double', 'debezium-avro', true],
    // These formats have no such modes.
    ['time.precision.mode', 'connect', 'json', false],
  ] as const) {
    const settings = { 'value.format': format, 'schema.registry.url': 'http://nowhere:1', [key]: mode };
    if (refused) assert.throws(() => open(settings), { code: 'CONFIG_WRONG_VALUE', message: new RegExp(key) });
    else open(settings);
  }
  for (const value of values) {
    const changes = new ChangeCollector(1);
    const reader = open({ 'time.precision.mode': 'nanoseconds' }, changes);
    const from = { key: null, value: Buffer.from(value), offset: 0, database: 'shop', table: 'every' };
    reader.read({
      ...from,
      origin: () => ({ kind: 'kafka', topic: 't', partition: 0, offset: 0n, timestampMs: 0, key: null, headers: [] }),
    });
    assert.throws(() => changes.check(), { code: 'KAFKA_MESSAGE_UNREADABLE' }, value);
  }
});
