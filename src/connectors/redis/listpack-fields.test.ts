import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Column, ColumnType } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { Listpack } from '../../protocol/redis/rdb/packed.ts';
import { bigintUnsigned, column, int, table, varchar } from '../../testing/sample-tables.ts';
import { HashFields } from './hash-fields.ts';
import { ListpackFields } from './listpack-fields.ts';

const enumeration: ColumnType = { kind: 'enum', values: ['neu', 'größer', '12'], charset: 'utf8mb4' };
const cases: readonly (readonly [ColumnType, readonly Value[]])[] = [
  [int, [0, -1, 127, 128, 4095, -4096, 32_768, 999_999_999, -2_147_483_648]],
  [bigintUnsigned, [Number.MAX_SAFE_INTEGER, 2 ** 40, 18_446_744_073_709_551_615n, 9_223_372_036_854_775_807n]],
  [{ kind: 'decimal', precision: 10, scale: 4, unsigned: false }, ['-0.0500', '12.0000']],
  [{ kind: 'decimal', precision: 20, scale: 0, unsigned: false }, ['5', '-99999999999999999999']],
  [{ kind: 'double', unsigned: false }, [1e300, -0, 5, -1.5]],
  [{ kind: 'float', unsigned: false }, [Math.fround(0.1), 16_777_216]],
  [{ kind: 'year' }, [2026]],
  [{ kind: 'date' }, ['0000-00-00', '2026-11-29']],
  [{ kind: 'time', fsp: 0 }, ['-838:59:59', '00:00:00']],
  [{ kind: 'time', fsp: 6 }, ['01:02:03.000004']],
  [{ kind: 'datetime', fsp: 3 }, ['2024-02-29 23:59:59.123']],
  [{ kind: 'timestamp', fsp: 6 }, ['0000-00-00 00:00:00.000000', '2038-01-19 03:14:07.000000']],
  [varchar, ['', 'ä\r\n$5\r\n€', '0', '007', '42', '-42', '9223372036854775808', 'x'.repeat(63), 'x'.repeat(64)]],
  [{ kind: 'json' }, ['{"a": [1, 2]}', '17']],
  [enumeration, ['größer', '12', '']],
  [{ kind: 'set', values: ['a', 'b', '3'], charset: 'utf8mb4' }, ['a,3', '3', '']],
  [{ kind: 'binary', fixed: false, maxBytes: 100 }, [new Uint8Array([0, 255, 13, 10])]],
];

const elements = (bytes: Buffer): readonly string[] => {
  const listpack = new Listpack(Buffer.concat([Buffer.alloc(6), bytes, Buffer.from([0xff])]));
  const found: string[] = [];
  for (let next = listpack.next(); next !== null; next = listpack.next()) found.push(next.toString('latin1'));
  return found;
};

const told = (columns: readonly Column[], rows: ArrayRowImages, nullText: string | null): readonly string[] => {
  const fields = new HashFields(columns, nullText);
  fields.read(rows, 0, 'after');
  return columns.flatMap(({ name }, at) =>
    fields.states[at] === 2 || (fields.keepsNulls && fields.states[at] === 1)
      ? [
          Buffer.from(name).toString('latin1'),
          fields.bytes.toString('latin1', fields.valueStarts[at]!, fields.valueEnds[at]!),
        ]
      : [],
  );
};

test('a row is the same fields that are told one by one, wherever it is put', () => {
  const columns = cases.flatMap(([type, values], kind) => values.map((_, at) => column(`größe_${kind}_${at}`, type)));
  const target = table('t', [...columns, column('gone', varchar)], []);
  const row: Row = [...cases.flatMap(([, values]) => values), null];
  const rows = new ArrayRowImages(target, { before: null, after: [row] });
  for (const nullText of [null, '', '0', '\\N']) {
    const keys = [...columns.keys()];
    const fields = new ListpackFields(target.columns, keys, { maxValueBytes: 64, nullText });
    for (const capacity of [0, 100, 64 * 1024]) {
      const bytes = fields.readInto(Buffer.alloc(capacity + 50), 50, rows, 0);
      assert.ok(fields.fits);
      const expected = told(target.columns, rows, nullText);
      assert.deepEqual(elements(bytes.subarray(50, fields.length)), expected);
      assert.equal(fields.count * 2, expected.length);
      const texts = keys.map((at) =>
        fields.keyTexts.toString('latin1', fields.valueStarts[at]!, fields.valueEnds[at]!),
      );
      assert.deepEqual(
        texts,
        keys.map((at) => expected[2 * at + 1]),
      );
    }
  }
});

test('a row with a value that the server does not keep so is said not to fit, and the next one does', () => {
  const long = { kind: 'enum', values: ['x'.repeat(65)], charset: 'utf8mb4' } as const;
  const target = table('t', [column('id', int), column('text', varchar), column('kind', long)], [0]);
  const fields = new ListpackFields(target.columns, [0], { maxValueBytes: 64, nullText: null });
  const fits = (...after: Row): boolean => {
    fields.readInto(Buffer.alloc(10), 0, new ArrayRowImages(target, { before: null, after: [after] }), 0);
    return fields.fits;
  };
  assert.equal(fits(1, 'x'.repeat(65), null), false);
  assert.equal(fits(2, 'x'.repeat(64), null), true);
  assert.equal(fits(3, null, 'x'.repeat(65)), false);
});
