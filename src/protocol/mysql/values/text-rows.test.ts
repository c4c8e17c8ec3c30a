import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../../core/errors.ts';
import { plainColumn as column } from '../../../core/plain-column.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { writtenRow } from '../../../testing/written-row.ts';
import { charsetOf } from './charsets/charset.ts';
import { selectExpression } from './select-list.ts';
import { TextRowReader, TextRows } from './text-rows.ts';

const tableOf = (...types: ColumnType[]): Table =>
  defineTable({
    database: 'd',
    name: 't',
    columns: types.map((type, i) => column(`c${i}`, type)),
    primaryKey: [],
    uniqueKeys: [],
    charset: null,
    comment: null,
  });

const text: ColumnType = { kind: 'text', fixed: false, maxBytes: 100, charset: 'latin1', collation: null };

/** A packet, continued in further ones when the payload is 16 MiB and more. */
const packets = (payload: Buffer): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; ; at += 0xffffff) {
    const piece = payload.subarray(at, at + 0xffffff);
    const head = Buffer.alloc(4);
    head.writeUIntLE(piece.length, 0, 3);
    parts.push(head, piece);
    if (piece.length < 0xffffff) return Buffer.concat(parts);
  }
};

const lenenc = (length: number): Buffer => {
  if (length < 251) return Buffer.of(length);
  const head = Buffer.alloc(length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 9);
  head[0] = length < 0x10000 ? 0xfc : length < 0x1000000 ? 0xfd : 0xfe;
  head.writeUIntLE(length, 1, Math.min(head.length - 1, 6));
  return head;
};

const rowPacket = (values: readonly (Buffer | string | null)[]): Buffer =>
  packets(
    Buffer.concat(
      values.flatMap((value) => {
        if (value === null) return [Buffer.of(0xfb)];
        const bytes = Buffer.from(value);
        return [lenenc(bytes.length), bytes];
      }),
    ),
  );

const eof = packets(Buffer.of(0xfe, 0, 0, 2, 0));
/** OK in EOF's place, with an info text that makes it longer than an EOF may be. */
const okAsEof = packets(Buffer.concat([Buffer.of(0xfe, 0, 0, 2, 0, 0, 0, 20), Buffer.alloc(20, 0x61)]));

const result = (columns: number, rows: readonly Buffer[], deprecateEof: boolean): Buffer =>
  Buffer.concat([
    packets(lenenc(columns)),
    ...Array.from({ length: columns }, () => packets(Buffer.from('\u0003defsome column definition'))),
    ...(deprecateEof ? [] : [eof]),
    ...rows,
    deprecateEof ? okAsEof : eof,
  ]);

interface Read {
  readonly rows: Row[];
  readonly byteLength: number;
}

const read = (table: Table, chunks: readonly Buffer[], deprecateEof: boolean, compile = true): Read => {
  const cut = new TextRows(new TextRowReader(table, { compile }), { deprecateEof });
  const rows: Row[] = [];
  let byteLength = 0;
  const take = (images: RowImages): void => {
    byteLength += images.byteLength;
    for (let i = 0; i < images.length; i += 1) {
      const row = images.after(i)!;
      assert.deepEqual(writtenRow(table, images, i, 'after'), row);
      assert.equal(images.before(i), null);
      rows.push(row);
    }
  };
  for (const chunk of chunks) cut.push(chunk, take);
  assert.ok(cut.ended, 'the result has ended');
  return { rows, byteLength };
};

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  return [0, ...places]
    .map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))
    .filter((chunk) => chunk.length > 0);
};

test('gives the same rows however the bytes arrive, with EOF and without', () => {
  const value = fc.option(fc.oneof(fc.string({ maxLength: 20 }), fc.string({ minLength: 240, maxLength: 300 })), {
    freq: 5,
  });
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 4 })
        .chain((width) =>
          fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
        ),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.boolean(),
      (rows, cuts, deprecateEof) => {
        const table = tableOf(...rows[0]!.map(() => text));
        const bytes = result(rows[0]!.length, rows.map(rowPacket), deprecateEof);
        for (const compile of [true, false]) {
          assert.deepEqual(read(table, cutAt(bytes, cuts), deprecateEof, compile).rows, rows);
        }
        const single = [...bytes].map((byte) => Buffer.of(byte));
        assert.deepEqual(read(table, single, deprecateEof).rows, rows);
      },
    ),
    { numRuns: 200 },
  );
});

test('reads a row of more than 16 MB, and one whose packet is exactly full', () => {
  const table = tableOf(text, { kind: 'binary', fixed: false, maxBytes: 2 ** 32 - 1 });
  const huge = Buffer.alloc(40_000_000, 0x61);
  const exact = Buffer.alloc(0xffffff - 2 - 4, 0x62);
  const bytes = result(2, [rowPacket(['x', huge]), rowPacket(['y', exact]), rowPacket(['z', 'small'])], false);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) =>
    bytes.subarray(i * 65_536, (i + 1) * 65_536),
  );
  const { rows } = read(table, chunks, false);
  assert.equal(Buffer.compare(rows[0]![1] as Uint8Array, huge), 0);
  assert.equal(Buffer.compare(rows[1]![1] as Uint8Array, exact), 0);
  assert.deepEqual(rows[2], ['z', Uint8Array.from(Buffer.from('small'))]);
});

test('a first value of 16 MB and more is no end of the result', () => {
  const huge = Buffer.alloc(17_000_000, 0x61);
  for (const deprecateEof of [true, false]) {
    const bytes = result(1, [rowPacket([huge]), rowPacket(['x'])], deprecateEof);
    assert.deepEqual(
      read(tableOf(text), [bytes], deprecateEof).rows.map((row) => (row[0] as string).length),
      [17_000_000, 1],
    );
  }
});

test('values are the canonical ones', () => {
  const cases: [ColumnType, string | Buffer, Value][] = [
    [{ kind: 'integer', bits: 64, unsigned: false }, '-9223372036854775808', -9223372036854775808n],
    [{ kind: 'integer', bits: 64, unsigned: false }, '-9007199254740991', -9007199254740991],
    [{ kind: 'integer', bits: 64, unsigned: true }, '9007199254740992', 9007199254740992n],
    [{ kind: 'integer', bits: 32, unsigned: true }, '0000000007', 7],
    [{ kind: 'integer', bits: 8, unsigned: false }, '0', 0],
    [{ kind: 'decimal', precision: 10, scale: 2, unsigned: true }, '00000012.50', '12.50'],
    [{ kind: 'decimal', precision: 10, scale: 2, unsigned: false }, '-0.05', '-0.05'],
    [{ kind: 'decimal', precision: 10, scale: 0, unsigned: true }, '0000000000', '0'],
    [{ kind: 'float', unsigned: false }, '1.100000023841858', 1.100000023841858],
    [{ kind: 'double', unsigned: false }, '-0', -0],
    [{ kind: 'bit', length: 64 }, Buffer.alloc(8, 0xff), 18446744073709551615n],
    [{ kind: 'bit', length: 1 }, Buffer.of(1), 1],
    [{ kind: 'year' }, '0000', 0],
    [{ kind: 'date' }, '0000-00-00', '0000-00-00'],
    [{ kind: 'time', fsp: 3 }, '-838:59:59.000', '-838:59:59.000'],
    [{ kind: 'datetime', fsp: 1 }, '2024-00-00 01:02:03.4', '2024-00-00 01:02:03.4'],
    [{ kind: 'timestamp', fsp: 6 }, '2038-01-19 03:14:07.999999', '2038-01-19 03:14:07.999999'],
    [{ kind: 'timestamp', fsp: 0 }, '0000-00-00 00:00:00', '0000-00-00 00:00:00'],
    [{ kind: 'timestamp', fsp: 0 }, '2000-02-29 23:59:59', '2000-02-29 23:59:59'],
    [{ kind: 'enum', values: ['a', ''], charset: 'latin1' }, '0', ''],
    [{ kind: 'enum', values: ['a', 'b'], charset: 'latin1' }, '2', 'b'],
    [
      { kind: 'set', values: Array.from({ length: 64 }, (_, i) => `m${i}`), charset: 'latin1' },
      '9223372036854775809',
      'm0,m63',
    ],
    [{ kind: 'json' }, '{"é": 1}', '{"é": 1}'],
    [{ kind: 'geometry', shape: 1 }, Buffer.of(1, 2), Uint8Array.of(1, 2)],
  ];
  const table = tableOf(...cases.map(([type]) => type));
  for (const compile of [true, false]) {
    const { rows, byteLength } = read(
      table,
      [result(cases.length, [rowPacket(cases.map(([, bytes]) => bytes))], true)],
      true,
      compile,
    );
    assert.deepEqual(rows, [cases.map(([, , value]) => value)]);
    assert.equal(byteLength, rowPacket(cases.map(([, bytes]) => bytes)).length);
  }
});

test('an error of the server keeps its number, state and text', () => {
  const error = packets(
    Buffer.concat([Buffer.of(0xff, 0x25, 0x05), Buffer.from('#70100Query execution was interrupted')]),
  );
  const cut = new TextRows(new TextRowReader(tableOf(text)), { deprecateEof: false });
  cut.push(result(1, [rowPacket(['x'])], false).subarray(0, -eof.length), () => {});
  assert.throws(() => cut.push(error, () => {}), {
    code: 'MYSQL_SERVER_ERROR',
    details: { code: 1317, state: '70100', message: 'Query execution was interrupted' },
  });
});

test('another number of columns than the table has is refused', () => {
  assert.throws(() => read(tableOf(text, text), [result(1, [rowPacket(['x'])], false)], false), {
    code: 'VALUES_RESULT_MISMATCH',
    details: { table: 'd.t', columns: 1, expected: 2 },
  });
});

test('bytes that go on behind the end of a result are refused', () => {
  const bytes = Buffer.concat([result(1, [rowPacket(['x'])], false), rowPacket(['y'])]);
  assert.throws(() => read(tableOf(text), [bytes], false), {
    code: 'VALUES_RESULT_DAMAGED',
    retryable: true,
    details: { table: 'd.t', reason: 'bytes follow the end of the result' },
  });
});

test('a charset that no MySQL has is named with its column', () => {
  assert.throws(() => charsetOf('klingon', 'name'), {
    code: 'VALUES_CHARSET_UNKNOWN',
    details: { column: 'name', charset: 'klingon' },
  });
});

test('damaged bytes give rows or a typed error, never anything else', () => {
  const types: ColumnType[] = [
    { kind: 'integer', bits: 64, unsigned: false },
    { kind: 'datetime', fsp: 6 },
    { kind: 'enum', values: ['a', 'b'], charset: 'latin1' },
    { kind: 'set', values: ['a', 'b'], charset: 'latin1' },
    { kind: 'double', unsigned: false },
    text,
  ];
  const table = tableOf(...types);
  const row = ['-9223372036854775807', '2024-01-02 03:04:05.000006', '2', '3', '1.5e300', 'x'.repeat(300)];
  const bytes = result(types.length, [rowPacket(row), rowPacket(row.with(1, null as never)), rowPacket(row)], false);
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      (flips, cuts) => {
        const damaged = Buffer.from(bytes);
        for (const flip of flips) {
          const at = flip % damaged.length;
          damaged[at] = damaged[at]! ^ (1 << (flip % 8));
        }
        const outcomes = [true, false].map((compile) => {
          const seen: unknown[] = [];
          try {
            const cut = new TextRows(new TextRowReader(table, { compile }), { deprecateEof: false });
            for (const chunk of cutAt(damaged, cuts)) {
              cut.push(chunk, (images) => {
                for (let i = 0; i < images.length; i += 1) {
                  seen.push(images.after(i));
                  writtenRow(table, images, i, 'after');
                }
              });
            }
          } catch (error) {
            assert.ok(isMillraceError(error), `${error instanceof Error ? error.stack : error}`);
            seen.push(error.code);
          }
          return seen;
        });
        assert.deepEqual(outcomes[0], outcomes[1]);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a column is selected in the form that loses nothing, under its quoted name', () => {
  assert.equal(selectExpression(column('a`b', text)), '`a``b`');
  assert.equal(selectExpression(column('f', { kind: 'float', unsigned: false })), '`f` * 1e0');
  assert.equal(
    selectExpression(column('e', { kind: 'enum', values: ['x'], charset: 'utf8mb4' })),
    'CAST(`e` AS UNSIGNED)',
  );
});
