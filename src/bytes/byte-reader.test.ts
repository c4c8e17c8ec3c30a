import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { ByteReader } from './byte-reader.ts';

const reader = (hex: string): ByteReader => {
  const bytes = Buffer.from(`ee${hex}ee`, 'hex');
  return new ByteReader(bytes, 1, bytes.length - 1, 'sample');
};

test('reads little-endian fields in order and stops at the end of its range', () => {
  const r = reader('010203040506070809ffffffff0a0000000000');
  assert.deepEqual([r.u8(), r.u16(), r.u48()], [1, 0x0302, 0x090807060504]);
  assert.deepEqual([r.i32(), r.u48(), r.left], [-1, 10, 0]);
  assert.throws(
    () => r.u8(),
    (error) =>
      isMillraceError(error, 'BYTES_TRUNCATED') &&
      error.message === 'sample ends too early: 1 bytes needed at offset 20, 0 left',
  );
});

test('gives a u64 as a number while that is exact, and as a bigint beyond', () => {
  assert.equal(reader('ffffffffffff1f00').u64(), Number.MAX_SAFE_INTEGER);
  assert.equal(reader('0000000000002000').u64(), 2n ** 53n);
  assert.equal(reader('ffffffffffffffff').u64(), 2n ** 64n - 1n);
  assert.throws(() => reader('0000000000002000').size64(), /no plausible size/);
});

test('reads every form of a length-encoded integer, and refuses the bytes that start none', () => {
  for (const [hex, value] of [
    ['00', 0],
    ['fa', 250],
    ['fcfb00', 251],
    ['fdffffff', 0xffffff],
    ['fe0000000001000000', 2 ** 32],
  ] as const) {
    const r = reader(hex);
    assert.equal(r.lenenc(), value);
    assert.equal(r.left, 0);
  }
  for (const hex of ['fb', 'ff']) assert.throws(() => reader(hex).lenenc(), /starts no length/);
  assert.throws(() => reader('fc01').lenenc(), { code: 'BYTES_TRUNCATED' });
});

test('refuses counts and lengths that the bytes do not cover before anything is allocated for them', () => {
  assert.throws(() => reader('010203').view(4), { code: 'BYTES_TRUNCATED' });
  assert.throws(() => reader('010203').count(2, 2), { code: 'BYTES_TRUNCATED' });
  assert.throws(() => reader('010203').utf8(2 ** 31), { code: 'BYTES_TRUNCATED' });
  assert.equal(reader('010203').count(3), 3);
  assert.equal(reader('c3a9ff').utf8(2), 'é');
  assert.equal(reader('e9').latin1(1), 'é');
});
