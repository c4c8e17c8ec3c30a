import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindExpression } from '../bind/expression.ts';
import { Scope } from '../bind/scope.ts';
import { functionDeviations } from '../deviations.ts';
import { compile } from '../evaluate/compile.ts';
import { interpret } from '../evaluate/interpret.ts';
import type { EvaluationContext } from '../evaluate/sql-value.ts';
import { parseExpressionText } from '../parse/grammar.ts';
import expressions from '../testdata/expressions.json' with { type: 'json' };
import flink from '../testdata/flink-functions.json' with { type: 'json' };
import { functionNamed, functionTable } from './function-table.ts';
import { isWindowFunction } from './window-functions.ts';

/** Names that the grammar reads by itself: windows and their edges, and what asks about the session. */
const ofTheGrammar = new Set([
  ...['CUMULATE', 'DESCRIPTOR', 'HOP', 'SESSION', 'TUMBLE', 'IF', 'TRY_CAST', 'IS_JSON', 'CURRENT_DATABASE'],
  ...['GROUPING', 'GROUPING_ID', 'GROUP_ID'],
  ...['HOP', 'SESSION', 'TUMBLE'].flatMap((name) => [`${name}_START`, `${name}_END`, `${name}_ROWTIME`]),
]);

/** JSON_ARRAYAGG_NULL_ON_NULL is how Flink's planner calls `JSON_ARRAYAGG(x NULL ON NULL)`. */
const written = (name: string): string => name.replace(/_(NULL|ABSENT)_ON_NULL$/, '');

const isHere = (name: string): boolean =>
  functionNamed(written(name)) !== null || isWindowFunction(written(name)) || ofTheGrammar.has(name);

test(`every function that Flink ${flink.flink} lists is here, or is listed as not here with the reason`, () => {
  const unsaid = flink.names.filter((name) => !isHere(name) && !functionDeviations.has(name));
  const outdated = [...functionDeviations.keys()].filter((name) => isHere(name) || !flink.names.includes(name));
  const unknown = functionTable.filter(({ name }) => !flink.names.includes(name));
  assert.deepEqual({ unsaid, outdated, unknown }, { unsaid: [], outdated: [], unknown: [] });
  assert.ok(flink.names.length > 200);
});

const nowMs = Date.UTC(2024, 1, 29, 23, 34, 56, 789);
const midday: EvaluationContext = {
  now: () => nowMs,
  timeZone: 'Asia/Tokyo',
  random: () => 0.75,
  watermark: () => 5_000,
};
const micros = nowMs * 1_000;
const tokyo = micros + 9 * 3_600_000_000;

/** What depends on when and where it is computed, which no recording can hold. */
const now: readonly (readonly [expression: string, value: unknown])[] = [
  ['CURRENT_DATE', Date.UTC(2024, 2, 1) / 86_400_000],
  ['CURRENT_TIME', ((tokyo / 1_000) % 86_400_000) - 789],
  ['LOCALTIME', ((tokyo / 1_000) % 86_400_000) - 789],
  ['CURRENT_TIMESTAMP', micros],
  ['CURRENT_ROW_TIMESTAMP()', micros],
  ['NOW()', micros],
  ['PROCTIME()', micros],
  ['LOCALTIMESTAMP', tokyo],
  ['CURRENT_WATERMARK(ts)', 5_000],
  ['RAND()', 0.75],
  ['RAND(3)', 0.75],
  ['RAND_INTEGER(8)', 6],
  ['RAND_INTEGER(3, 8)', 6],
  ['UUID()', 'cccccccc-cccc-4ccc-bccc-cccccccccccc'],
];

const scope = new Scope([{ qualifier: [], name: 'ts', type: { kind: 'TIMESTAMP', precision: 3, nullable: true } }]);

for (const [expression, value] of now) {
  test(`${expression} is the same compiled and interpreted, at a time and place that are given`, () => {
    const bound = bindExpression(parseExpressionText(expression), scope);
    assert.deepEqual([compile(bound)([micros], midday), interpret(bound)([micros], midday)], [value, value]);
  });
}

test('every function is called in an expression that Flink has computed too, or above', () => {
  const texts = [...expressions.results.map(({ expression }) => expression), ...now.map(([expression]) => expression)];
  const called = new Set(texts.flatMap((text) => text.toUpperCase().match(/[A-Z_][A-Z_0-9]*/g) ?? []));
  assert.deepEqual(
    functionTable.filter(({ name }) => !called.has(name)).map(({ name }) => name),
    [],
  );
});
