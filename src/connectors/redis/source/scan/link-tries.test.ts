import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkTries } from './link-tries.ts';

const hour = 3_600_000;

test('a link that is of no use is tried at once, then later each time, and at least every hour', () => {
  const tries = new LinkTries(600_000);
  assert.ok(tries.isDue(0));
  const waits = Array.from({ length: 5 }, () => tries.wasUseless(1_000));
  assert.deepEqual(waits, [600_000, 1_200_000, 2_400_000, hour, hour]);
  assert.ok(!tries.isDue(1_000 + hour - 1));
  assert.ok(tries.isDue(1_000 + hour));
  assert.ok(tries.isDoubtful);
  tries.wasOfUse();
  assert.ok(!tries.isDoubtful);
  assert.equal(tries.wasUseless(0), 600_000);
});

test('where all keys are read less often than every hour, so is the link tried', () => {
  const tries = new LinkTries(3 * hour);
  assert.deepEqual([tries.wasUseless(0), tries.wasUseless(0)], [3 * hour, 3 * hour]);
});
