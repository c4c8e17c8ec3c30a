import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nexmarkAnswers, nexmarkWorld } from '../../testing/nexmark/nexmark-answers.ts';
import { nexmarkCatalog } from '../../testing/nexmark/nexmark-catalog.ts';
import { nexmarkEvents } from '../../testing/nexmark/nexmark-events.ts';
import { type NexmarkQuery, nexmarkQueries } from '../../testing/nexmark/nexmark-queries.ts';
import { planOf, rowText } from '../../testing/sql-rig.ts';
import { dataflow } from './dataflow.ts';
import type { SqlRow } from './delta.ts';

/** Forty seconds: windows open and close while the events come. */
const EVENTS = 4_000;
const rows = [...nexmarkEvents(EVENTS, 7, 100)].map(({ row }) => row);
const side = (key: number): string | null => (key % 3 === 0 ? null : `value ${key}`);
/** Processing time is what the place of an event in the log says, so that it does not hang on where ticks end. */
const NOW = Date.UTC(2026, 0, 1);

/** The query's result when all events have come, `size` of them in a tick. */
const resultOf = (name: NexmarkQuery, size: number): readonly string[] => {
  const plan = planOf(nexmarkQueries[name], nexmarkCatalog());
  const flow = dataflow(new Map([['out', plan]]), { timeZone: 'UTC', random: () => 0.5 });
  const sides = flow.inputs.get('default_catalog.default_database.side_input');
  for (let key = 0; key < 10_000; key += 1) if (side(key) !== null) sides?.push([key, side(key)], 1);
  const input = flow.inputs.get('default_catalog.default_database.datagen')!;
  const held = new Map<string, number>();
  for (let at = 0; at < rows.length; at += size) {
    for (const row of rows.slice(at, at + size)) input.push(row, 1);
    const delta = flow.tick({ now: NOW + Math.floor(at / 1000) * 10_000, ended: at + size >= rows.length }).get('out')!;
    for (const [place, row] of delta.rows.entries()) {
      const text = rowText(row);
      held.set(text, (held.get(text) ?? 0) + delta.weights[place]!);
    }
  }
  assert.equal(flow.lateRows, 0);
  return [...held].flatMap(([text, count]) => new Array<string>(count).fill(text)).sort();
};

const world = nexmarkWorld(rows, (place) => NOW + Math.floor(place / 1000) * 10_000, side);

for (const name of Object.keys(nexmarkQueries) as NexmarkQuery[]) {
  test(`Nexmark's ${name} gives what the plainest computation of it gives, wherever ticks end`, () => {
    const expected = nexmarkAnswers[name](world)
      .map((row: SqlRow) => rowText(row))
      .sort();
    assert.ok(expected.length > 0);
    for (const size of [50, 1000]) assert.deepEqual(resultOf(name, size), expected, `${size} events in a tick`);
  });
}

test('the events have the shares of the benchmark, and are the same for a seed', () => {
  const kinds = Map.groupBy(rows, ([kind]) => kind as number);
  assert.deepEqual(
    [0, 1, 2].map((kind) => kinds.get(kind)!.length),
    [EVENTS / 50, (EVENTS / 50) * 3, (EVENTS / 50) * 46],
  );
  assert.deepEqual(
    [...nexmarkEvents(100, 7, 100)].map(({ row }) => row),
    rows.slice(0, 100),
  );
  const hottest = Math.max(
    ...[...Map.groupBy(kinds.get(2)!, (row) => (row[3] as SqlRow)[0])].map(([, bids]) => bids.length),
  );
  assert.ok(hottest > kinds.get(2)!.length / 5, 'some auctions are hot');
});
