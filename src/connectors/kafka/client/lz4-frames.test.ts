import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lz4Frames } from './lz4-frames.ts';
import { compressionsAlgorithms } from './protocol-library.ts';

const frames = new Lz4Frames();

/** What another codec makes of the frame. */
const readBack = (frame: Buffer): Buffer => compressionsAlgorithms.lz4.decompressSync(frame);

const comesBack = (bytes: Buffer): number => {
  const frame = Buffer.from(frames.compress(bytes));
  assert.ok(readBack(frame).equals(bytes), `${bytes.length} bytes come back as they were`);
  return frame.length;
};

const envelopes = (count: number): Buffer =>
  Buffer.from(
    Array.from(
      { length: count },
      (_, i) =>
        `{"before":null,"after":{"id":${i},"note":"number ${(i * 7919) % 1_000} of many"},"op":"c","pos":${i * 97}}`,
    ).join(''),
  );

test('bytes of any length and pattern come back from another codec', () => {
  const letters = fc.array(fc.constantFrom(0x61, 0x62, 0x63), { maxLength: 300 }).map((all) => Buffer.from(all));
  const piece = fc.oneof(
    letters,
    fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all)),
  );
  const repeated = fc.tuple(piece, fc.nat(400)).map(([bytes, times]) => Buffer.concat(Array(times).fill(bytes)));
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, repeated), { maxLength: 5 }), (pieces) => {
      comesBack(Buffer.concat(pieces));
    }),
    { numRuns: 300 },
  );
});

test('the edges of blocks, and of what may be a match, are kept', () => {
  for (const length of [0, 1, 4, 5, 11, 12, 13, 14, 15, 16, 17, 65_535, 65_536, 65_537, 65_548, 65_549, 131_072]) {
    comesBack(Buffer.alloc(length));
    comesBack(Buffer.alloc(length, 'ab'));
    comesBack(randomBytes(length));
  }
  const source = envelopes(3_000);
  for (let end = 65_500; end < 65_600; end += 1) comesBack(source.subarray(0, end));
  for (let start = 0; start < 40; start += 1) comesBack(source.subarray(start, 30_000));
});

test('rows of JSON take less than a fourth, and bytes that nothing repeats in hardly more than they are', () => {
  const rows = envelopes(20_000);
  assert.ok(comesBack(rows) < rows.length / 4);
  const noise = randomBytes(1_000_000);
  assert.ok(comesBack(noise) < noise.length + 100);
});

test('what earlier frames held, more than 31 bits can count, is never taken for the present one', () => {
  const many = new Lz4Frames();
  const large = Buffer.alloc(33_554_432);
  const rows = envelopes(2_000);
  for (let i = 0; i < 66; i += 1) {
    many.compress(large);
    assert.ok(readBack(Buffer.from(many.compress(rows))).equals(rows));
  }
});
