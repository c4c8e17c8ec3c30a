import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurationHistogram } from './duration-histogram.ts';

test('a duration counts in the first step that holds it, its upper end included', () => {
  const histogram = new DurationHistogram();
  for (const ms of [0, 1, 1.1, 10, 300_000, 300_001]) histogram.add(ms);
  const { steps, count, sumSeconds } = histogram.counts();
  assert.deepEqual(
    steps.filter((step) => step.count > 0),
    [
      { le: 0.001, count: 2 },
      { le: 0.0025, count: 1 },
      { le: 0.01, count: 1 },
      { le: 300, count: 1 },
    ],
  );
  assert.equal(count, 6, 'what lies beyond the last step is counted, too');
  assert.ok(Math.abs(sumSeconds - 600.0131) < 1e-6);
});
