import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages, type RowArrays } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Op } from '../core/change.ts';
import { origin } from '../testing/sample-origin.ts';
import { eventsTable, ordersTable } from '../testing/sample-tables.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SampledKeys } from './sampled-keys.ts';

const batch = (op: Op, rows: RowArrays, table = ordersTable): Batch => ({
  changes: [{ kind: 'rows', op, table, rows: new ArrayRowImages(table, rows), origin }],
  positions: new Map(),
  version: '1',
});

const created = (from: number, count: number): Batch =>
  batch('create', { before: null, after: Array.from({ length: count }, (_, i) => [from + i, 'new', 1]) });

test('so many rows of a second are kept, each with the same chance', () => {
  const taken = new Map<number, number>();
  const seeded = new SeededRandom(7);
  let nowMs = 0;
  const keys = new SampledKeys(
    5,
    () => nowMs,
    () => seeded.next(),
  );
  const seconds = 4_000;
  for (let second = 0; second < seconds; second += 1) {
    // In pieces of several sizes, which must not matter.
    for (const [from, count] of [
      [0, 1],
      [1, 17],
      [18, 0],
      [18, 22],
    ] as const)
      keys.note(created(from, count));
    nowMs += 1_000;
    const some = keys.take();
    assert.equal(some.length, 5);
    for (const { key } of some) taken.set(key[0] as number, (taken.get(key[0] as number) ?? 0) + 1);
  }
  const wanted = (seconds * 5) / 40;
  for (let id = 0; id < 40; id += 1) {
    assert.ok(
      Math.abs(taken.get(id)! - wanted) < wanted * 0.25,
      `row ${id} was taken ${taken.get(id)} times, not about ${wanted}`,
    );
  }
});

test('a key is taken from the image that has it, and what a snapshot reads is none', () => {
  let nowMs = 0;
  const keys = new SampledKeys(10, () => nowMs, Math.random);
  keys.note(batch('read', { before: null, after: [[1, 'a', 1]] }));
  keys.note(batch('delete', { before: [[2, 'a', 1]], after: null }));
  keys.note(batch('update', { before: [[3, 'a', 1]], after: [[4, 'b', 1]] }));
  // `binlog_row_image=MINIMAL`: the key stands in the image before alone.
  keys.note(batch('update', { before: [[5, undefined, undefined]], after: [[undefined, 'b', undefined]] }));
  keys.note(batch('update', { before: [[undefined, 'a', 1]], after: [[undefined, 'b', 1]] }));
  keys.note(batch('create', { before: null, after: [['kind', 1]] }, eventsTable));
  assert.deepEqual(keys.take(), []);
  nowMs = 1_000;
  assert.deepEqual(
    keys.take().map(({ key }) => key),
    [[2], [4], [5]],
  );
  assert.deepEqual(keys.take(), []);
});

test('who takes none has no more than those of the last seconds', () => {
  let nowMs = 0;
  const keys = new SampledKeys(2, () => nowMs, Math.random);
  for (let second = 0; second < 1_000; second += 1) {
    keys.note(created(second * 10, 10));
    nowMs += 1_000;
  }
  const some = keys.take();
  assert.equal(some.length, 200);
  assert.ok(some.every(({ key }) => (key[0] as number) >= 9_000));
});
