import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { bindExpression } from '../bind/expression.ts';
import { Scope } from '../bind/scope.ts';
import { parseExpressionText } from '../parse/grammar.ts';
import { context } from '../testdata/recorded-expressions.ts';
import { decimal, plain, string, timestamp } from '../types/sql-type.ts';
import type { Bound, Evaluator } from './bound.ts';
import { compile } from './compile.ts';
import { interpret } from './interpret.ts';
import { type SqlValue, whole } from './sql-value.ts';

const columns = [
  ['i', plain('INT')],
  ['j', plain('INT', false)],
  ['l', plain('BIGINT')],
  ['d', decimal(20, 4)],
  ['x', plain('DOUBLE')],
  ['s', string()],
  ['u', string()],
  ['b', plain('BOOLEAN')],
  ['t', timestamp(3)],
] as const;
const scope = new Scope(columns.map(([name, type]) => ({ qualifier: [], name, type })));

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const edge = fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31));
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(whole);
const nullable = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const rows: fc.Arbitrary<readonly SqlValue[]> = fc.tuple(
  nullable(fc.oneof(int, edge)),
  fc.oneof(int, edge),
  nullable(fc.oneof(long, edge)),
  nullable(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }).map(whole)),
  nullable(fc.double({ noNaN: true, noDefaultInfinity: true })),
  nullable(fc.string({ unit: 'binary', maxLength: 8 })),
  nullable(fc.constantFrom('', '12', '-3.5', 'abc', '%', 'ä😀')),
  nullable(fc.boolean()),
  nullable(fc.integer({ min: -(10 ** 15), max: 10 ** 15 }).map((millis) => millis * 1000)),
);

const texts = fc.letrec<{ number: string; truth: string; text: string }>((tie) => {
  const [number, truth, text] = [tie('number'), tie('truth'), tie('text')];
  const two = (left: fc.Arbitrary<string>, operators: readonly string[], right: fc.Arbitrary<string>) =>
    fc.tuple(left, fc.constantFrom(...operators), right).map(([a, operator, b]) => `(${a} ${operator} ${b})`);
  return {
    number: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('i', 'j', 'l', 'd', '0', '1', '7', '2.50', '1000000000', 'CAST(NULL AS INT)'),
      two(number, ['+', '-', '*', '/'], number),
      fc.constantFrom('i % 3', 'l % j', 'd / 3', 'x * 2', '- l', 'ABS(d)', 'CHAR_LENGTH(s)', 'CAST(d AS INT)'),
      fc.tuple(truth, number, number).map(([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`),
      fc.tuple(number, number).map(([a, b]) => `COALESCE(${a}, ${b})`),
      number.map((a) => `CAST(${a} AS BIGINT)`),
      text.map((a) => `TRY_CAST(${a} AS INT)`),
      text.map((a) => `CAST(${a} AS DECIMAL(10, 2))`),
    ),
    truth: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('b', 'TRUE', 'FALSE', 'CAST(NULL AS BOOLEAN)'),
      two(number, ['=', '<>', '<', '<=', '>', '>='], number),
      two(text, ['=', '<>', '<', '>='], text),
      two(truth, ['AND', 'OR'], truth),
      truth.map((a) => `NOT ${a}`),
      truth.map((a) => `(${a}) IS NOT TRUE`),
      number.map((a) => `(${a}) IS NULL`),
      fc.tuple(number, number, number).map(([a, b, c]) => `${a} BETWEEN ${b} AND ${c}`),
      fc.tuple(number, number).map(([a, b]) => `${a} IN (${b}, 1, 2.5)`),
      fc.tuple(number, number).map(([a, b]) => `${a} IS DISTINCT FROM ${b}`),
      text.map((a) => `${a} LIKE '%1_'`),
      fc.tuple(text, text).map(([a, b]) => `${a} LIKE ${b}`),
    ),
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('s', 'u', "'x'", "''", "'12'"),
      two(text, ['||'], text),
      number.map((a) => `CAST(${a} AS STRING)`),
      text.map((a) => `UPPER(${a})`),
      fc.tuple(text, number).map(([a, b]) => `SUBSTRING(${a}, CAST(${b} AS INT), 2)`),
      fc.tuple(truth, text).map(([a, b]) => `IF(${a}, ${b}, s)`),
      text.map((a) => `COALESCE(${a}, u)`),
      fc.constantFrom(
        "DATE_FORMAT(t, 'yyyy-MM-dd')",
        "CAST(t + INTERVAL '1' MONTH AS STRING)",
        'CAST(FLOOR(t TO DAY) AS STRING)',
      ),
    ),
  };
});

/** The value, or the code of the error: both ways of computing fail alike. */
const outcome = (evaluate: Evaluator, row: readonly SqlValue[]): unknown => {
  try {
    return evaluate(row, context);
  } catch (error) {
    if (isMillraceError(error)) return error.code;
    throw error;
  }
};

/** Binds an expression made at random; one whose types do not fit (`%` of a DOUBLE) is no case. */
const bindOrPass = (text: string): Bound => {
  try {
    return bindExpression(parseExpressionText(text), scope);
  } catch (error) {
    fc.pre(!isMillraceError(error, 'SQL_TYPE_MISMATCH'));
    throw error;
  }
};

test('compiled expressions give what interpreted ones give, values and errors, for any row', () => {
  fc.assert(
    fc.property(
      fc.oneof(texts.number, texts.truth, texts.text),
      fc.array(rows, { minLength: 1, maxLength: 5 }),
      (text, given) => {
        const bound = bindOrPass(text);
        const [compiled, oracle] = [compile(bound), interpret(bound)];
        for (const row of given) assert.deepEqual(outcome(compiled, row), outcome(oracle, row), text);
      },
    ),
    { numRuns: 500 },
  );
});

test('whole numbers are bigint exactly where a number does not hold them, and never leave their width', () => {
  const sum = compile(bindExpression(parseExpressionText('l * j + i'), scope));
  fc.assert(
    fc.property(rows, (row) => {
      const value = outcome(sum, row);
      if (value === null) return;
      assert.ok(typeof value === 'bigint' ? !Number.isSafeInteger(Number(value)) : Number.isSafeInteger(value));
      const [i, j, l] = row as [number, number, bigint];
      assert.equal(BigInt(value as bigint), BigInt.asIntN(64, BigInt.asIntN(64, BigInt(l) * BigInt(j)) + BigInt(i)));
    }),
  );
});

test('nothing of an expression enters the generated code but numbered names', () => {
  const evaluate = compile(
    bindExpression(parseExpressionText("s || '`#{process.exit(1)}` */ \" ''); throw 1; //'"), scope),
  );
  assert.equal(
    evaluate([null, 0, null, null, null, 'a', null, null, null], context),
    'a`#{process.exit(1)}` */ " \'); throw 1; //',
  );
  assert.doesNotMatch(evaluate.toString(), /exit/);
});

test('a function that cannot do with its arguments says so, compiled and interpreted', () => {
  const bound = bindExpression(parseExpressionText("s LIKE 'a%' ESCAPE u"), scope);
  const row = [null, 0, null, null, null, 'abc', 'two', null, null];
  for (const evaluate of [compile(bound), interpret(bound)]) {
    assert.throws(() => evaluate(row, context), {
      code: 'SQL_FUNCTION_FAILED',
      details: { name: 'LIKE', reason: 'the ESCAPE is not one character' },
    });
  }
});
