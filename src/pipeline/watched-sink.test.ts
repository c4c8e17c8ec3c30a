import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { closed, create, idsIn, settle, setup } from '../testing/pipeline-rig.ts';

test('a sink whose target is gone is opened again though nothing is written, and brought up to date', async () => {
  const stores = [new MemoryStore(), new MemoryStore()];
  let opened = 0;
  let lose: () => void = () => {};
  const { log, clock, pipeline, stop } = setup({
    reading: { follow: true },
    sinks: [
      {
        name: 'watched',
        open: async () => {
          const sink = new MemorySink(stores[opened]!);
          opened += 1;
          return Object.assign(sink, {
            watch: async (signal: AbortSignal) => {
              await new Promise<void>((resolve, reject) => {
                lose = () => reject(closed());
                signal.addEventListener('abort', () => resolve(), { once: true });
              });
            },
          });
        },
      },
    ],
  });
  log.commit(create(1));
  const running = pipeline.run(stop.signal);
  await settle();
  assert.deepEqual(idsIn(stores[0]!), [1]);
  lose();
  await settle();
  assert.equal(pipeline.status().health, 'degraded');
  clock.advanceToNext();
  await settle();
  assert.deepEqual([opened, idsIn(stores[1]!)], [2, [1]]);
  stop.abort();
  assert.equal((await running).outcome, 'stopped');
});
