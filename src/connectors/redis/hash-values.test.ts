import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { isValueText } from './hash-values.ts';

const long = { kind: 'integer', bits: 64, unsigned: false } as const;

test('what is no number is no value of a column of numbers, so that a key that only looks like a row’s is none', () => {
  for (const text of ['7', '-7', '18446744073709551615'])
    assert.equal(isValueText(long, Buffer.from(text)), true, text);
  for (const text of ['', 'abc', '7x', ' 7', '1e3']) assert.equal(isValueText(long, Buffer.from(text)), false, text);
  assert.equal(isValueText({ kind: 'double', unsigned: false }, Buffer.from('1e3')), true);
  assert.equal(isValueText({ kind: 'double', unsigned: false }, Buffer.from('one')), false);
  assert.equal(isValueText({ kind: 'date' }, Buffer.from('any')), true);
});
