import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DamagedValue } from '../columns/column-reader.ts';
import { jsonColumn } from './json-column.ts';
import { applyJsonDiffs } from './json-diff.ts';
import { jsonDoubleText } from './json-double.ts';
import { JsonTextWriter } from './json-text.ts';
import { putNode, storedNode } from './json-tree.ts';

const column = jsonColumn(4);
const textOf = (bytes: Buffer): string => column.read(bytes, 0, bytes.length) as string;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('doubles print as MySQL prints them', () => {
  const cases: [number, string][] = [
    [1e14, '100000000000000.0'],
    [1e15, '1e15'],
    [1.5e15, '1.5e15'],
    [Number('1234567890123456.7'), '1234567890123456.8'],
    [1e-15, '0.000000000000001'],
    [1e-16, '1e-16'],
    [-0, '-0.0'],
    [0, '0.0'],
    [2 ** 64, '1.8446744073709552e19'],
    [-2.25, '-2.25'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e308'],
  ];
  for (const [value, text] of cases) assert.equal(jsonDoubleText(value), text);
});

test('documents print with their types, in stored order', () => {
  assert.equal(textOf(hex('02 03000d00 050100 050200 050300')), '[1, 2, 3]');
  assert.equal(
    textOf(
      hex(
        '00 04003900 20000000 20000100 21000200 23000300 050000 050200 050100 002600 61 6262 636363 01001300 0b000100 020c00 78 01000700 050300',
      ),
    ),
    '{"": 0, "a": 2, "bb": 1, "ccc": {"x": [3]}}',
  );
  assert.equal(textOf(hex('0ff604 0302 8132')), '1.50');
  assert.equal(textOf(hex('0f0b08 f8f5f34737ffffff')), '"-12:34:56.789000"');
  assert.equal(textOf(hex('0ffc02 00ff')), '"base64:type252:AP8="');
  assert.equal(textOf(hex('0c07 225c08010a2f7f')), '"\\"\\\\\\b\\u0001\\n/\u007f"');
  assert.equal(textOf(Buffer.alloc(0)), 'null');
});

/** `depth` arrays of one element around a number. */
const nested = (depth: number): Buffer => {
  let value = hex('0100 0700 050100');
  for (let i = 1; i < depth; i += 1) {
    const head = Buffer.alloc(7);
    head.writeUInt16LE(1, 0);
    head.writeUInt16LE(7 + value.length, 2);
    head[4] = 2;
    head.writeUInt16LE(7, 5);
    value = Buffer.concat([head, value]);
  }
  return Buffer.concat([Buffer.of(2), value]);
};

test('100 levels are read, more are refused', () => {
  assert.equal(textOf(nested(100)), `${'['.repeat(100)}1${']'.repeat(100)}`);
  assert.throws(() => textOf(nested(101)), DamagedValue);
});

test('hostile documents are refused in linear time', () => {
  // Each level holds its child 300 times over: 300 to the power of 40 values if read naively.
  let level = hex('0100 0700 050100');
  for (let i = 0; i < 40; i += 1) {
    const head = Buffer.alloc(4 + 300 * 3);
    head.writeUInt16LE(300, 0);
    head.writeUInt16LE(head.length + level.length, 2);
    for (let entry = 0; entry < 300; entry += 1) {
      head[4 + entry * 3] = 2;
      head.writeUInt16LE(head.length, 5 + entry * 3);
    }
    level = Buffer.concat([head, level]);
  }
  const started = performance.now();
  assert.throws(() => textOf(Buffer.concat([Buffer.of(2), level])), /share the same bytes/);
  // One long string from many entries.
  const strings = Buffer.alloc(4 + 5_000 * 3 + 3 + 20_000, 0x61);
  strings.writeUInt16LE(5_000, 0);
  strings.writeUInt16LE(strings.length, 2);
  for (let entry = 0; entry < 5_000; entry += 1) {
    strings[4 + entry * 3] = 0x0c;
    strings.writeUInt16LE(4 + 5_000 * 3, 5 + entry * 3);
  }
  Buffer.of(0xa0, 0x9c, 0x01).copy(strings, 4 + 5_000 * 3);
  assert.throws(() => textOf(Buffer.concat([Buffer.of(2), strings])), /share the same bytes/);
  // A count that its size cannot hold, an offset back to the start, and one past the end.
  assert.throws(() => textOf(hex('03 ffffffff 10000000')), DamagedValue);
  assert.throws(() => textOf(hex('02 0100 0700 020000')), /outside its container/);
  assert.throws(() => textOf(hex('02 0100 0700 0200ff')), /outside its container/);
  assert.ok(performance.now() - started < 10_000);
});

test('damaged documents and diffs give text or a typed error', () => {
  const documents = [
    nested(5),
    hex(
      '00 04003900 20000000 20000100 21000200 23000300 050000 050200 050100 002600 61 6262 636363 01001300 0b000100 020c00 78 01000700 050300',
    ),
  ];
  const diffs = Buffer.concat([diff(0, '$.a', hex('056300')), diff(1, '$.new', hex('0401')), diff(2, '$.bb')]);
  const tolerant = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      assert.ok(error instanceof DamagedValue, `${error instanceof Error ? error.stack : error}`);
    }
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...documents),
      fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      (document, flips, cut) => {
        const damaged = Buffer.from(document);
        const changes = Buffer.from(diffs);
        for (const flip of flips) {
          damaged[flip % damaged.length] = damaged[flip % damaged.length]! ^ (1 << (flip % 8));
          changes[flip % changes.length] = changes[flip % changes.length]! ^ (1 << (flip % 8));
        }
        tolerant(() => textOf(damaged));
        tolerant(() => textOf(document.subarray(0, cut % document.length)));
        tolerant(() => applied(documents[1]!, changes));
        tolerant(() => applied(damaged, diffs));
        tolerant(() => applied(documents[1]!, diffs.subarray(0, cut % diffs.length)));
      },
    ),
    { numRuns: 2_000 },
  );
});

/** One diff in its logged form. */
const diff = (op: number, path: string, value?: Buffer): Buffer =>
  Buffer.concat([
    Buffer.of(op, path.length),
    Buffer.from(path),
    ...(value === undefined ? [] : [Buffer.of(value.length), value]),
  ]);

const applied = (document: Buffer, diffs: Buffer): string => {
  const text = new JsonTextWriter();
  text.begin();
  putNode(applyJsonDiffs(storedNode(document, 0, document.length), diffs, 0, diffs.length), text);
  return text.bytes.toString('utf8', 0, text.length);
};

test('diffs replace, insert and remove members and elements', () => {
  const list = hex('02 03000d00 050100 050200 050300');
  const nine = hex('050900');
  assert.equal(applied(list, diff(0, '$[1]', nine)), '[1, 9, 3]');
  assert.equal(applied(list, diff(1, '$[0]', nine)), '[9, 1, 2, 3]');
  assert.equal(applied(list, diff(1, '$[7]', nine)), '[1, 2, 3, 9]');
  assert.equal(applied(list, diff(2, '$[last]')), '[1, 2]');
  assert.equal(applied(list, diff(0, '$[last-2]', nine)), '[9, 2, 3]');
  assert.equal(applied(list, diff(0, '$', nine)), '9');
  assert.equal(applied(list, Buffer.alloc(0)), '[1, 2, 3]');
  const object = hex('00 02001600 12000100 13000200 050100 050200 61 6262 00');
  assert.equal(applied(object, diff(1, '$."k y"', nine)), '{"a": 1, "bb": 2, "k y": 9}');
  assert.equal(applied(object, diff(1, '$.b', nine)), '{"a": 1, "b": 9, "bb": 2}');
  assert.equal(applied(object, diff(2, '$.a')), '{"bb": 2}');
  assert.equal(applied(object, diff(0, '$.a[0]', nine)), '{"a": 9, "bb": 2}');
  assert.throws(() => applied(object, diff(0, '$.none', nine)), /does not fit/);
  assert.throws(() => applied(object, diff(1, '$.a', nine)), /does not fit/);
  assert.throws(() => applied(list, diff(2, '$[3]')), /does not fit/);
  assert.throws(() => applied(list, diff(0, '$.*', nine)), /does not fit/);
  assert.throws(() => applied(list, diff(0, 'a', nine)), /path/);
  assert.throws(() => applied(list, diff(7, '$', nine)), /unknown JSON diff/);
});
