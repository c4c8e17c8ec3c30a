import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bigint, bigintUnsigned, column, table, varchar } from '../../../testing/sample-tables.ts';
import { sortKey, sortOrder } from './sort-key.ts';

const signed = table('t', [column('id', bigint)], [0]);
const unsigned = table('t', [column('id', bigintUnsigned)], [0]);
const pair = table('t', [column('name', varchar), column('id', bigint)], [0, 1]);

test('numbers sort as numbers, over all 64 bits and however they are held', () => {
  const whole = fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n);
  const held = (value: bigint) => (value === BigInt(Number(value)) ? Number(value) : value);
  fc.assert(
    fc.property(whole, whole, (a, b) => {
      const order = sortKey(unsigned, [held(a)]).compare(sortKey(signed, [b]));
      assert.equal(order, a < b ? -1 : a > b ? 1 : 0);
    }),
  );
  assert.deepEqual([sortOrder(signed), sortOrder(pair)], [['number'], ['bytes of text', 'number']]);
});

test('keys of several parts sort part by part, and no two are one', () => {
  const text = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', 'ÿ'), maxLength: 4 });
  const key = fc.tuple(text, fc.integer());
  fc.assert(
    fc.property(key, key, ([name, id], [other, more]) => {
      const order = sortKey(pair, [name, id]).compare(sortKey(pair, [other, more]));
      const names = Buffer.compare(Buffer.from(name), Buffer.from(other));
      assert.equal(order, names !== 0 ? names : Math.sign(id - more));
    }),
  );
});
