import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatePipeline } from '../testing/pipeline-simulation.ts';

const seeds = 200;

test(`the sinks hold what the source held at their positions, through faults of ${seeds} seeds`, async () => {
  const sums = { transactions: 0, writes: 0, retries: 0, kills: 0, takeovers: 0, restarts: 0 };
  for (let seed = 1; seed <= seeds; seed += 1) {
    const report = await simulatePipeline(seed);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key];
  }
  // The seeds have to reach what they are for.
  for (const [what, count] of Object.entries(sums)) assert.ok(count >= seeds, `only ${count} ${what}`);
});

test('one seed gives one course of events', async () => {
  assert.deepEqual(await simulatePipeline(7), await simulatePipeline(7));
});
