import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { ColumnType, Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { bigintUnsigned, column, int, table, varchar } from '../../testing/sample-tables.ts';
import { fieldOf, HashFields } from './hash-fields.ts';

/** The fields of a row as a server would take them. */
const fieldsOf = (target: Table, row: Row): Map<string, string> => {
  const fields = new HashFields(target.columns);
  fields.read(new ArrayRowImages(target, { before: null, after: [row] }), 0, 'after');
  const words: string[] = [];
  for (let at = 0; at < fields.length; ) {
    const head = /^\$(0|[1-9]\d*)\r\n/.exec(fields.bytes.toString('latin1', at, at + 16));
    assert.ok(head !== null, 'an argument begins with its length');
    const start = at + head[0].length;
    const end = start + Number(head[1]);
    words.push(fields.bytes.toString('utf8', start, end));
    assert.equal(fields.bytes.toString('latin1', end, end + 2), '\r\n');
    at = end + 2;
  }
  assert.equal(words.length, 2 * fields.count);
  return new Map(Array.from({ length: fields.count }, (_, i) => [words[2 * i]!, words[2 * i + 1]!]));
};

const alone = (type: ColumnType, value: Value): string | undefined =>
  fieldsOf(table('t', [column('größe', type)], []), [value]).get('größe');

test('a value of every kind is its own text', () => {
  const fsp = { kind: 'datetime', fsp: 3 } as const;
  const cases: readonly (readonly [ColumnType, Value, string?])[] = [
    [int, 0],
    [int, -1],
    [int, 999_999_999],
    [int, 1_000_000_000],
    [int, -2_147_483_648],
    [bigintUnsigned, Number.MAX_SAFE_INTEGER],
    [bigintUnsigned, 18_446_744_073_709_551_615n],
    [{ kind: 'decimal', precision: 10, scale: 4, unsigned: false }, '-0.0500'],
    [{ kind: 'double', unsigned: false }, 1e300],
    [{ kind: 'double', unsigned: false }, -0, '-0'],
    [{ kind: 'year' }, 2026],
    [{ kind: 'date' }, '0000-00-00'],
    [{ kind: 'time', fsp: 0 }, '-838:59:59'],
    [{ kind: 'time', fsp: 6 }, '01:02:03.000004'],
    [fsp, '2024-02-29 23:59:59.123'],
    [{ kind: 'timestamp', fsp: 0 }, '2038-01-19 03:14:07'],
    [{ kind: 'timestamp', fsp: 6 }, '0000-00-00 00:00:00.000000'],
    [varchar, ''],
    [varchar, 'ä\r\n$5\r\n€'],
    [varchar, 'x'.repeat(100_000)],
    [{ kind: 'json' }, '{"a": [1, 2]}'],
    [{ kind: 'enum', values: ['neu', 'größer'], charset: 'utf8mb4' }, 'größer'],
    [{ kind: 'enum', values: ['neu'], charset: 'utf8mb4' }, ''],
    [{ kind: 'set', values: ['a', 'b', 'c'], charset: 'utf8mb4' }, 'a,c'],
  ];
  for (const [type, value, text] of cases) assert.equal(alone(type, value), text ?? String(value));
});

test('a FLOAT has the fewest digits that give it back', () => {
  const float: ColumnType = { kind: 'float', unsigned: false };
  assert.equal(alone(float, Math.fround(0.1)), '0.1');
  assert.equal(alone(float, 16_777_216), '16777216');
  assert.equal(alone(float, -0), '-0');
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.equal(Math.fround(Number(alone(float, value))), value);
    }),
  );
});

test('bytes are themselves', () => {
  const target = table('t', [column('b', { kind: 'binary', fixed: false, maxBytes: 255 })], []);
  const fields = new HashFields(target.columns);
  for (const length of [0, 1, 23, 24, 255]) {
    const value = Uint8Array.from({ length }, (_, i) => 255 - i);
    fields.read(new ArrayRowImages(target, { before: null, after: [[value]] }), 0, 'after');
    assert.deepEqual(Uint8Array.from(fields.bytes.subarray(fields.valueStarts[0], fields.valueEnds[0])), value);
  }
});

test('a column that is NULL or was not logged has no field, and the two are told apart', () => {
  const target = table('t', [column('a', int), column('b', int), column('c', int)], []);
  const fields = new HashFields(target.columns);
  const rows = new ArrayRowImages(target, {
    before: null,
    after: [
      [1, 2, 3],
      [null, undefined, 3],
    ],
  });
  fields.read(rows, 0, 'after');
  fields.read(rows, 1, 'after');
  assert.deepEqual([...fields.states], [fieldOf.null, fieldOf.absent, fieldOf.value]);
  assert.equal(fields.count, 1);
  assert.equal(fields.bytes.toString('latin1', fields.fieldStarts[2], fields.length), '$1\r\nc\r\n$1\r\n3\r\n');
  fields.read(rows, 0, 'before');
  assert.deepEqual([...fields.states, fields.length], [fieldOf.absent, fieldOf.absent, fieldOf.absent, 0]);
});
