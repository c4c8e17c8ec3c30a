import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HotKeys } from './hot-keys.ts';

test('a count is never too low, and too high by its error at most', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 400 }), (keys) => {
      const hot = new HotKeys(5);
      for (const key of keys) hot.add(key);
      for (const { key, reads, error } of hot.top(5)) {
        const real = keys.filter((each) => each === key).length;
        assert.ok(reads >= real && reads - error <= real, `${key}: ${reads} with ${error} for ${real}`);
      }
    }),
  );
});

test('a key that is read more often than a share of all reads is among them', () => {
  const hot = new HotKeys(10);
  for (let i = 0; i < 10_000; i += 1) {
    hot.add(i % 4 === 0 ? 'hot' : `cold ${i}`);
    assert.ok(hot.top(100).length <= 10);
  }
  assert.equal(hot.top(1)[0]!.key, 'hot');
});
