import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../testing/fake-clock.ts';
import { origin } from '../testing/sample-origin.ts';
import type { Input, InputStep } from './input.ts';
import { readInputs } from './read-inputs.ts';

/** An input whose steps are given one by one. */
const given = () => {
  const waiting: (() => void)[] = [];
  const steps: InputStep[] = [];
  const give = (inside = false): void => {
    steps.push({ inside, apply: () => origin });
    waiting.shift()?.();
  };
  const input: Input = {
    wholeAtEnd: false,
    missing: new Set(),
    resumable: null,
    figures: () => [],
    async *read(signal) {
      while (!signal.aborted) {
        const step = steps.shift();
        if (step !== undefined) yield step;
        else {
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
      }
    },
    async [Symbol.asyncDispose]() {},
  };
  return { input, give };
};

test('a point comes at its time though nothing is read, and none inside a transaction', async () => {
  const [clock, { input, give }] = [new FakeClock(1_000), given()];
  let due: number | null = 5_000;
  const stop = new AbortController();
  const options = { once: false, isWhole: false, again: [], dueAt: () => due, clock, signal: stop.signal };
  const points = readInputs([input], options);
  give();
  const first = await points.next();
  assert.deepEqual([first.value?.due, first.value?.origin], [false, origin]);

  const second = points.next();
  while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(4_000);
  assert.equal((await second).value?.due, true);

  // Half a transaction is here, and the time has come.
  due = 5_001;
  give(true);
  let hasCome = false;
  const third = points.next().finally(() => {
    hasCome = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(9_000);
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasCome, false);
  give();
  assert.equal((await third).value?.origin, origin);
  due = null;
  stop.abort();
  await points.return();
  assert.equal(clock.sleeping, 0);
});
