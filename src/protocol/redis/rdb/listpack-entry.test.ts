import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { putIntegerEntry, textEntry } from './listpack-entry.ts';
import { Listpack } from './packed.ts';

const element = (entry: Uint8Array): Buffer | null =>
  new Listpack(Buffer.concat([Buffer.alloc(6), entry, Buffer.from([0xff])])).next();

test('a text is read back as it was, and what stands behind it is its length', () => {
  const texts = [
    '',
    '0',
    '-0',
    '00',
    '7',
    '-',
    '+1',
    '1.5',
    '1e3',
    ' 1',
    '1 ',
    'größe',
    'a'.repeat(63),
    'a'.repeat(64),
  ];
  const long = [
    'b'.repeat(126),
    'b'.repeat(127),
    'c'.repeat(4095),
    '9'.repeat(19),
    '9'.repeat(20),
    `-${'9'.repeat(20)}`,
  ];
  const edges = [
    127,
    128,
    4095,
    4096,
    32_767,
    32_768,
    8_388_607,
    8_388_608,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 53 - 1,
    2 ** 53,
  ];
  const numbers = edges.flatMap((edge) => [edge, -edge, -edge - 1, edge + 1].map((value) => BigInt(value)));
  const longs = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n - 1n];
  for (const text of [...texts, ...long, ...[...numbers, ...longs].map(String)]) {
    const entry = textEntry(text);
    assert.equal(element(entry)?.toString(), text);
    const behind = entry.length > 128 ? 2 : 1;
    const size = behind === 1 ? entry.at(-1)! : (entry.at(-2)! << 7) | (entry.at(-1)! & 127);
    assert.equal(size, entry.length - behind, text.slice(0, 30));
  }
});

test('any text and any number is read back', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 1000 }), fc.bigInt().map(String)), (text) => {
      assert.equal(element(textEntry(text))?.toString(), text);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const entry = Buffer.alloc(16);
      const end = putIntegerEntry(entry, 0, value);
      assert.deepEqual(entry.subarray(0, end), textEntry(String(value)));
    }),
  );
});
