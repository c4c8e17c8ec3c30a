import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UnscaledBytes } from '../formats/debezium-json/unscaled-bytes.ts';
import { doubleText, floatText } from './java-number.ts';

test('prints doubles as Double.toString documents them', () => {
  for (const [value, text] of [
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [100, '100.0'],
    [0.001, '0.001'],
    [0.00099, '9.9E-4'],
    [9_999_999, '9999999.0'],
    [9_999_999.999, '9999999.999'],
    [10_000_000, '1.0E7'],
    [12_345_678, '1.2345678E7'],
    [1e21, '1.0E21'],
    [1e23, '1.0E23'],
    [2e23, '2.0E23'],
    [Number.MIN_VALUE, '4.9E-324'],
    [2.2250738585072014e-308, '2.2250738585072014E-308'],
    [Number.MAX_VALUE, '1.7976931348623157E308'],
    [0.1 + 0.2, '0.30000000000000004'],
    [123_456_789_012, '1.23456789012E11'],
  ] as const) {
    assert.equal(doubleText(value), text);
  }
});

test('prints floats as Float.toString documents them', () => {
  for (const [value, text] of [
    [0, '0.0'],
    [-0, '-0.0'],
    [1.5, '1.5'],
    [Math.fround(0.1), '0.1'],
    [Math.fround(Math.PI), '3.1415927'],
    [16_777_216, '1.6777216E7'],
    [1_234_567, '1234567.0'],
    [Math.fround(1e10), '1.0E10'],
    [Math.fround(-3.5e10), '-3.5E10'],
    [Math.fround(0.001), '0.001'],
    [Math.fround(1.4e-45), '1.4E-45'],
    [Math.fround(1.17549435e-38), '1.1754944E-38'],
    [Math.fround(3.4028235e38), '3.4028235E38'],
    [Math.fround(9.999_999e6), '9999999.0'],
    [Math.fround(33_554_432), '3.3554432E7'],
    // A power of two, where the nearest decimal of 8 digits reads back as the float below it.
    [2 ** -44, '5.684342E-14'],
    [2 ** 90, '1.2379401E27'],
  ] as const) {
    assert.equal(floatText(value), text);
  }
});

test('any number reads back as itself, with as few digits as can be', () => {
  const digits = (text: string) => text.replace(/E.*|[-.]/g, '').replace(/^0+|0+$/g, '').length;
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = doubleText(value);
      assert.match(text, /^-?\d+\.\d+(E-?\d+)?$/);
      assert.ok(Object.is(Number(text), value));
      assert.ok(digits(text) <= Math.max(2, digits(String(value).replace('e', 'E'))));
    }),
  );
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = floatText(value);
      assert.match(text, /^-?\d+\.\d+(E-?\d+)?$/);
      assert.ok(Object.is(Math.fround(Number(text)), value));
      const count = digits(text);
      if (count > 2) assert.notEqual(Math.fround(Number(value.toPrecision(count - 1))), value);
    }),
    { numRuns: 2_000 },
  );
});

test('gives whole numbers the bytes of BigInteger.toByteArray, from numbers, bigints and digits alike', () => {
  const unscaled = new UnscaledBytes();
  const hex = (): string => unscaled.bytes.toString('hex', unscaled.start, unscaled.end);
  for (const [value, bytes] of [
    [0, '00'],
    [127, '7f'],
    [128, '0080'],
    [-1, 'ff'],
    [-128, '80'],
    [-129, 'ff7f'],
    [2 ** 31 - 1, '7fffffff'],
    [2 ** 31, '0080000000'],
    [-(2 ** 31), '80000000'],
    [-(2 ** 31) - 1, 'ff7fffffff'],
  ] as const) {
    unscaled.fromNumber(value);
    assert.equal(hex(), bytes, String(value));
  }
  const sizes = fc.integer({ min: 1, max: 53 }).chain((bits) => fc.nat(2 ** bits - 1));
  fc.assert(
    fc.property(sizes, fc.boolean(), (size, negative) => {
      const value = negative && size !== 0 ? -size : size;
      unscaled.fromBigint(BigInt(value));
      const expected = hex();
      unscaled.fromNumber(value);
      assert.equal(hex(), expected);
      const digits = Buffer.from(String(value));
      unscaled.fromDigits(digits, 0, digits.length);
      assert.equal(hex(), expected);
    }),
  );
});
