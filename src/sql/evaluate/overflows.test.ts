import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindExpression } from '../bind/expression.ts';
import { Scope } from '../bind/scope.ts';
import { parseExpressionText } from '../parse/grammar.ts';
import { context } from '../testdata/recorded-expressions.ts';
import { decimal, plain } from '../types/sql-type.ts';
import { compile } from './compile.ts';
import { interpret } from './interpret.ts';
import { overflows } from './overflows.ts';
import type { SqlValue } from './sql-value.ts';

const columns = [
  ['t', plain('TINYINT')],
  ['i', plain('INT')],
  ['l', plain('BIGINT')],
  ['d', decimal(38, 0)],
] as const;
const scope = new Scope(columns.map(([name, type]) => ({ qualifier: [], name, type })));
const row: readonly SqlValue[] = [127, 2_147_483_647, 9_223_372_036_854_775_807n, 10n ** 38n - 1n];

const cases: readonly (readonly [text: string, value: SqlValue, overflows: number])[] = [
  ['i + 0', 2_147_483_647, 0],
  ['i + 1', -2_147_483_648, 1],
  ['0 - i - 1', -2_147_483_648, 0],
  ['0 - i - 2', 2_147_483_647, 1],
  ['i * i', 1, 1],
  ['i * -1', -2_147_483_647, 0],
  ['i * 0', 0, 0],
  ['t + CAST(1 AS TINYINT)', -128, 1],
  ['t * CAST(0 AS TINYINT)', 0, 0],
  ['l + 1', -9_223_372_036_854_775_808n, 1],
  ['l - 1', 9_223_372_036_854_775_806n, 0],
  ['l * l', 1, 1],
  ['CAST(l AS INT)', -1, 1],
  ['CAST(i AS BIGINT) + 1', 2_147_483_648, 0],
  ['d + 1', null, 1],
  ['d - 1', 10n ** 38n - 2n, 0],
  ['CAST(d AS DECIMAL(4, 0))', null, 1],
  ["TRY_CAST('12345.6' AS DECIMAL(4, 1))", null, 0],
];

for (const [text, value, count] of cases) {
  test(`${text} overflows ${count === 0 ? 'not' : 'once'}, compiled as interpreted`, () => {
    for (const run of [compile, interpret]) {
      const bound = bindExpression(parseExpressionText(text), scope);
      // What is constant is computed while it is bound or made ready.
      const evaluate = run(bound);
      const before = overflows.count;
      assert.equal(evaluate(row, context), value);
      assert.equal(overflows.count - before, count, run.name);
    }
  });
}
