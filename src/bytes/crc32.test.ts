import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { crc32 } from './crc32.ts';

test('sums the check text of the CRC-32 catalogue to cbf43926', () => {
  assert.equal(crc32(Buffer.from('123456789'), 0, 9), 0xcbf43926);
});

test('gives what zlib gives for every range, below and above the crossover', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 0, maxLength: 900, size: 'max' }),
      fc.nat(900),
      fc.nat(900),
      (array, a, b) => {
        const bytes = Buffer.from(array);
        const start = Math.min(a, b, bytes.length);
        const end = Math.min(Math.max(a, b), bytes.length);
        assert.equal(crc32(bytes, start, end), zlib.crc32(bytes.subarray(start, end)));
      },
    ),
  );
});
