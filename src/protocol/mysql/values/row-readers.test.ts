import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RowImages } from '../../../core/row-images.ts';
import { type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { captured } from '../../../testing/captured-rows.ts';
import {
  bytesOf,
  createEvent,
  decimalShape,
  digits,
  encodeImage,
  fixedSpec,
  mapOf,
  packDecimal,
  packed,
  randomEvent,
  type Spec,
  tableOf,
} from '../../../testing/random-rows.ts';
import { writtenRow } from '../../../testing/written-row.ts';
import { columnType } from '../column-type.ts';
import type { RowsEvent } from '../events/rows-event.ts';
import type { TableMap } from '../events/table-map.ts';
import { rowReader } from './binlog-row-images.ts';
import { builtinCollations } from './collations.ts';
import { CollectingWriter } from './collecting-writer.ts';
import { RowPlan } from './row-plan.ts';
import { tableFromMap } from './table-definition.ts';

const collations = { mysql: builtinCollations('mysql'), mariadb: builtinCollations('mariadb') };

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
        assert.deepEqual(writtenRow(table, images, i, 'before'), images.before(i));
        assert.deepEqual(writtenRow(table, images, i, 'after'), images.after(i));
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
    assert.deepEqual(writtenRow(table, images, 0, 'after'), row);
  }
});

const readAll = (table: Table, map: TableMap, event: RowsEvent, compile: boolean): (Row | null)[] => {
  const images = rowReader(table, map, collations.mysql, { compile }).images(event);
  const rows: (Row | null)[] = [];
  for (let i = 0; i < images.length; i += 1) {
    rows.push(images.before(i), images.after(i));
    for (const side of ['before', 'after'] as const) {
      assert.deepEqual(writtenRow(table, images, i, side), images[side](i), `${side} as written`);
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
