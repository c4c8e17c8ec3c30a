import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { crc32 } from './crc32.ts';
import { Crc32Run, longestInRun } from './crc32-run.ts';

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

test('a run of messages holds exactly when each of them has its own checksum behind it', () => {
  const messages = fc.array(
    fc.record({ between: fc.uint8Array({ maxLength: 9 }), text: fc.uint8Array({ maxLength: longestInRun - 4 }) }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, damage) => {
      const sealed = list.map(({ between, text }) => {
        const sum = Buffer.alloc(4);
        sum.writeUInt32LE(zlib.crc32(text));
        return { between, message: Buffer.concat([text, sum]) };
      });
      const holds = (): boolean => {
        const bytes = Buffer.concat([
          Buffer.from('ee'),
          ...sealed.flatMap(({ between, message }) => [between, message]),
        ]);
        const run = new Crc32Run(bytes, 2);
        for (const { between, message } of sealed) run.add(between.length, message.length);
        assert.equal(run.end, bytes.length);
        return run.holds();
      };
      assert.equal(holds(), true);
      const { message } = sealed[place % sealed.length]!;
      message[place % message.length]! ^= damage;
      assert.equal(holds(), false);
    }),
  );
});
