import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expressionDeviations } from '../deviations.ts';
import recording from '../testdata/expressions.json' with { type: 'json' };
import { disagreements } from '../testdata/recorded-expressions.ts';

test('gives the types and values that Flink 1.20.3 gave for 757 expressions, but for the listed deviations', () => {
  const found = disagreements();
  const unlisted = [...found].filter(([expression]) => !expressionDeviations.has(expression));
  const outdated = [...expressionDeviations.keys()].filter((expression) => !found.has(expression));
  assert.deepEqual({ unlisted, outdated }, { unlisted: [], outdated: [] });
  assert.ok(recording.results.length >= 757);
});
