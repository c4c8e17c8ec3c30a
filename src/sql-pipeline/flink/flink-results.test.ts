import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dataflow } from '../../operators/incremental/dataflow.ts';
import { resultDeviations } from '../../sql/deviations.ts';
import recording from '../../sql/testdata/results.json' with { type: 'json' };
import { asTexts, shopChanges, shopTables } from '../../testing/changing-shop.ts';
import { finalQueries } from '../../testing/final-queries.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { planOf } from '../../testing/sql-rig.ts';
import { flinkRefusal } from './flink-profile.ts';

const results: readonly { readonly query: string; readonly rows?: readonly string[]; readonly refused?: string }[] =
  recording.results;

/** What a query has come to when everything has changed, in ticks of sizes that the seed says, and all sources have ended. */
const lastRows = (query: string, seed: number): readonly string[] => {
  const flow = dataflow(new Map([['out', planOf(asTexts(query), shopTables)]]), { timeZone: 'UTC', random: () => 0.5 });
  const random = new SeededRandom(seed);
  const counts = new Map<string, number>();
  const changes = shopChanges();
  let at = 0;
  do {
    const end = Math.min(changes.length, at + random.integer(1, 60));
    for (; at < end; at += 1) {
      const [table, row, weight] = changes[at]!;
      flow.inputs.get(table)?.push(row, weight);
    }
    const { rows, weights } = flow.tick({ now: 0, ended: at === changes.length }).get('out')!;
    for (const [place, row] of rows.entries()) {
      const text = JSON.stringify(row);
      counts.set(text, (counts.get(text) ?? 0) + weights[place]!);
    }
  } while (at < changes.length);
  return [...counts].flatMap(([row, count]) => new Array<string>(Math.max(count, 0)).fill(row)).sort();
};

describe(`a query comes to the rows that Flink ${recording.flink} came to`, () => {
  for (const { query, rows } of results) {
    if (rows === undefined || resultDeviations.has(query)) continue;
    test(query, () => {
      for (const seed of [1, 2]) assert.deepEqual(lastRows(query, seed), rows);
    });
  }
});

describe(`a query that Flink ${recording.flink} refuses is refused before it is sent there`, () => {
  for (const { query, refused } of results) {
    if (refused === undefined || resultDeviations.has(query)) continue;
    test(query, () => assert.notEqual(flinkRefusal(planOf(query, shopTables), 'flink-1.20'), null, refused));
  }
});

test('what differs from Flink is what is listed, whatever the ticks', () => {
  for (const [query] of resultDeviations) {
    const { rows } = results.find((result) => result.query === query)!;
    assert.deepEqual(lastRows(query, 1), lastRows(query, 2));
    if (rows !== undefined) assert.notDeepEqual(lastRows(query, 1), rows, `no difference any more: ${query}`);
    else assert.equal(flinkRefusal(planOf(query, shopTables), 'flink-1.20'), null, `refused now: ${query}`);
  }
});

test('what Flink takes is not refused, and every query was recorded', () => {
  const taken = results.filter(({ rows }) => rows !== undefined);
  const wrongly = taken.filter(({ query }) => flinkRefusal(planOf(query, shopTables), 'flink-1.20') !== null);
  assert.deepEqual(
    wrongly.map(({ query }) => query),
    [],
  );
  assert.deepEqual(
    results.map(({ query }) => query),
    finalQueries,
  );
  assert.ok(taken.length >= 110);
});
