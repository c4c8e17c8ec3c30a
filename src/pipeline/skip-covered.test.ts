import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Part } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import { position } from '../core/position.ts';
import { create } from '../testing/pipeline-rig.ts';
import { SkipCovered } from './skip-covered.ts';

/** Places are `transaction.step`: snapshots leave several batches beside one transaction. A change's transaction is in `#numbers`. */
class Places {
  readonly #numbers = new Map<Change, number>();

  change(transaction: number): Change {
    const change = create(transaction);
    this.#numbers.set(change, transaction);
    return change;
  }

  /** A row of a snapshot stands in no log. */
  read(id: number): Change {
    return create(id);
  }

  readonly covers = (held: string, at: string): boolean => Number(held) >= Number(at);
  readonly holds = (held: string, change: Change): boolean =>
    (this.#numbers.get(change) ?? Number.POSITIVE_INFINITY) <= Math.floor(Number(held));
}

const batch = (changes: readonly Change[], at: Readonly<Record<string, string>>, part?: Part): Batch => ({
  changes,
  positions: new Map(Object.entries(at).map(([lane, place]) => [lane, position(place)])),
  version: '1',
  ...(part === undefined ? {} : { part }),
});

const setup = (held: Readonly<Record<string, string>>) => {
  const places = new Places();
  const skip = new SkipCovered(places);
  for (const [lane, place] of Object.entries(held)) skip.holds(lane, position(place));
  return { places, skip };
};

test('rows of a snapshot that the sink lacks neither bring back what it holds of the log nor take its place in it back', () => {
  const { places, skip } = setup({ log: '9', snapshot: '4' });
  const rows = [places.read(1)];
  assert.deepEqual(skip.missing(batch(rows, { log: '5.1', snapshot: '5' })), batch(rows, { snapshot: '5' }));
  assert.equal(skip.missing(batch([places.change(6)], { log: '6' })), null);
  const [held, lacking] = [places.change(9), places.change(10)];
  assert.deepEqual(skip.missing(batch([held, lacking], { log: '10' })), batch([lacking], { log: '10' }));
});

test('a sink that stands beside later steps of a place gets the huge transaction that follows, from its first part', () => {
  const { places, skip } = setup({ log: '5.3' });
  const parts = [0, 1, 2].map((index) =>
    batch([places.change(6)], { log: index === 2 ? '6' : '5' }, { transaction: 'six', index, last: index === 2 }),
  );
  assert.deepEqual(
    parts.map((part) => skip.missing(part)),
    parts,
  );
});

test('a sink gets all parts of a transaction or none, whatever operators left of them', () => {
  const { places, skip } = setup({ log: '6' });
  const parts = [[places.change(6)], [], [places.change(6)]].map((changes, index) =>
    batch(changes, { log: index === 2 ? '6' : '5' }, { transaction: 'six', index, last: index === 2 }),
  );
  for (const part of parts) assert.equal(skip.missing(part), null);
  const next = batch([places.change(7)], { log: '7' });
  assert.deepEqual(skip.missing(next), next);
});
