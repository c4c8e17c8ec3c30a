import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/connector.ts';
import { MemorySink, type MemoryStore } from '../testing/memory-sink.ts';
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

test('finds sinks that break the contract', async () => {
  const breaking = (write: (sink: MemorySink, batch: Batch, signal: AbortSignal) => Promise<void>) => {
    const makeSink = (store: MemoryStore): Sink => {
      const sink = new MemorySink(store);
      return {
        claim: (lane) => sink.claim(lane),
        write: (batch, signal) => write(sink, batch, signal),
        [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
      };
    };
    return async () => {
      for (let seed = 1; seed <= 20; seed += 1) await simulatePipeline(seed, makeSink);
    };
  };
  const rowsBeforePosition = breaking(async (sink, batch, signal) => {
    await sink.write({ ...batch, positions: new Map() }, signal);
    await new Promise((resolve) => setImmediate(resolve));
    await sink.write({ ...batch, changes: [] }, signal);
  });
  const partsAtOnce = breaking((sink, { changes, positions, version }, signal) =>
    sink.write({ changes, positions, version }, signal),
  );
  const losesLastRow = breaking((sink, batch, signal) =>
    sink.write({ ...batch, changes: batch.changes.length > 20 ? batch.changes.slice(0, -1) : batch.changes }, signal),
  );
  for (const mistake of [rowsBeforePosition, partsAtOnce, losesLastRow]) {
    await assert.rejects(mistake(), /content at position|parts follow/);
  }
});
