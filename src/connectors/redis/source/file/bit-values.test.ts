import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitOperation } from './bit-values.ts';

/** `1100 1010`, as many bytes as there are. */
const bits = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(' ', '').match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));

const x = bits('1111 0000 1010 1010');
const y = bits('1100 1100');
const z = bits('1010 0110 1111 0000');

// As the page of BITOP describes them; the operations of Redis 8.2 are on no server that is tried here.
for (const [operation, texts, result] of [
  ['AND', [x, y, z], '1000 0000 0000 0000'],
  ['OR', [x, y, z], '1111 1110 1111 1010'],
  ['XOR', [x, y, z], '1001 1010 0101 1010'],
  ['NOT', [x], '0000 1111 0101 0101'],
  ['DIFF', [x, y, z], '0001 0000 0000 1010'],
  ['DIFF1', [x, y, z], '0000 1110 0101 0000'],
  ['ANDOR', [x, y, z], '1110 0000 1010 0000'],
  ['ONE', [x, y, z], '0001 1010 0101 1010'],
  ['ONE', [x, x, x], '0000 0000 0000 0000'],
  ['DIFF', [x], '1111 0000 1010 1010'],
] as const) {
  test(`BITOP ${operation} of ${texts.length} texts, of which a shorter one ends in zeros`, () => {
    assert.deepEqual(bitOperation(operation, texts), bits(result));
  });
}

test('an operation that nobody knows gives nothing', () => {
  assert.equal(bitOperation('NAND', [x, y]), null);
});
