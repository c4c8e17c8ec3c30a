import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decimalText, parseDecimal } from './decimal-arithmetic.ts';
import { whole } from './sql-value.ts';
import { parseTimestamp, timestampText } from './times.ts';

test('DECIMALs of any size and scale are read as they are written', () => {
  const digits = fc.oneof(
    fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }),
    fc.bigInt({ min: -99_999n, max: 99_999n }),
  );
  fc.assert(
    fc.property(digits, fc.integer({ min: 0, max: 30 }), (value, scale) => {
      const text = decimalText(whole(value), scale);
      assert.equal(parseDecimal(text, scale), whole(value), text);
    }),
  );
  for (const text of ['', '-', '1.', '.', '1.2.3', 'a.50', '1-.50', ' '])
    assert.notEqual(parseDecimal(text, 2), Number.NaN, text);
  assert.equal(parseDecimal('a.50', 2), null);
  assert.equal(parseDecimal('--.50', 2), null);
});

test('times of the years 1 to 9999 are read as they are written', () => {
  const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
  fc.assert(
    fc.property(micros, (value) => {
      const text = timestampText(whole(value), 6);
      assert.equal(parseTimestamp(text), whole(value), text);
      assert.equal(
        parseTimestamp(text.slice(0, 19)),
        whole(value - (((value % 1_000_000n) + 1_000_000n) % 1_000_000n)),
        text,
      );
    }),
  );
  for (const text of [
    '2024-02-30 00:00:00',
    '2024-13-01 00:00:00',
    '2024-01-01 24:00:00',
    '2024-01-01 00:60:00',
    '2024-01-0a 00:00:00',
    '0000-00-00 00:00:00',
  ]) {
    assert.equal(parseTimestamp(text), null, text);
  }
});
