import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { position } from '../../core/position.ts';
import { PlacesBehind } from './places-behind.ts';

/** Whose moves end when the test says so. */
const rig = () => {
  const moves: { readonly places: string; readonly end: PromiseWithResolvers<void> }[] = [];
  const behind = new PlacesBehind(async (places) => {
    const end = Promise.withResolvers<void>();
    moves.push({ places: [...places.values()].join(), end });
    await end.promise;
  });
  const durable: string[] = [];
  const failed: string[] = [];
  const write = (place: string): PromiseWithResolvers<void> => {
    const rows = Promise.withResolvers<void>();
    behind.follow(rows.promise, new Map([['log', position(place)]])).then(
      () => durable.push(place),
      (error: Error) => failed.push(`${place} ${error.message}`),
    );
    return rows;
  };
  const moved = (): string[] => moves.map(({ places }) => places);
  return { moves, moved, durable, failed, write };
};

test('a place moves only when its rows, and those of every write before, are acknowledged', async () => {
  const { moves, moved, durable, write } = rig();
  const [first, second] = [write('1'), write('2')];
  second.resolve();
  await nextTurn();
  assert.deepEqual(moved(), []);
  first.resolve();
  await nextTurn();
  // Both go together, and only the last counts.
  assert.deepEqual(moved(), ['2']);
  assert.deepEqual(durable, []);
  moves[0]!.end.resolve();
  await nextTurn();
  assert.deepEqual(durable, ['1', '2']);
});

test('places that wait while others are being written go together behind them', async () => {
  const { moves, moved, durable, write } = rig();
  for (const place of ['1', '2', '3']) {
    write(place).resolve();
    await nextTurn();
  }
  assert.deepEqual(moved(), ['1']);
  moves[0]!.end.resolve();
  await nextTurn();
  assert.deepEqual(moved(), ['1', '3']);
  assert.deepEqual(durable, ['1']);
});

test('rows that fail keep the places of later writes where they are', async () => {
  const { moved, failed, write } = rig();
  const [first, second] = [write('1'), write('2')];
  second.resolve();
  first.reject(new Error('refused'));
  await nextTurn();
  write('3').resolve();
  await nextTurn();
  assert.deepEqual(moved(), []);
  assert.deepEqual(failed, ['1 refused', '2 refused', '3 refused']);
});

test('places that cannot be written fail their writes and all later ones', async () => {
  const { moves, moved, durable, failed, write } = rig();
  write('1').resolve();
  await nextTurn();
  write('2').resolve();
  moves[0]!.end.reject(new Error('fenced'));
  await nextTurn();
  assert.deepEqual(moved(), ['1']);
  assert.deepEqual(durable, []);
  assert.deepEqual(failed, ['1 fenced', '2 fenced']);
});
