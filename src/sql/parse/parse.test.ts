import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { spanOfError } from '../sql-error.ts';
import { readCorpus } from '../testdata/corpus.ts';
import { withoutSpans } from '../testdata/without-spans.ts';
import { expressionText } from '../unparse/expression.ts';
import { queryText } from '../unparse/query.ts';
import { parseExpressionText, parseQueryText } from './grammar.ts';
import { parseScript } from './script.ts';

/** The message and, from the text, what the error's span covers. */
const complaint = (sql: string): readonly [message: string, at: number, text: string] => {
  try {
    parseScript(sql);
  } catch (error) {
    const span = spanOfError(error);
    if (span === null || !isMillraceError(error)) throw error;
    return [error.message, span.start, sql.slice(span.start, span.end)];
  }
  throw new Error(`no complaint about ${sql}`);
};

describe('a mistake is shown at its place, with what would have been right', () => {
  const cases: readonly (readonly [sql: string, at: string, message: RegExp])[] = [
    ['SELCT a FROM t', 'SELCT', /^expected a statement: SELECT, CREATE, .* found SELCT$/],
    ['SELECT a,, b FROM t', ',', /^expected an expression, found ","$/],
    ['SELECT a FROM t WHERE', '', /^expected an expression, found the end of the text$/],
    ['SELECT a AS one FROM t', 'one', /^expected the column's name, found the reserved word one$/],
    ['SELECT a FROM t GROUP a', 'a', /^expected BY, found a$/],
    ['SELECT a FROM t LIMIT x', 'x', /^expected a number of rows, found x$/],
    ['SELECT CASE WHEN a THEN b', '', /^expected WHEN, ELSE or END, found the end of the text$/],
    ["SELECT 'abc", "'abc", /^expected a closing ', found a string that does not end$/],
    ['SELECT "a" FROM t', '"', /single quotes or a `name` in backquotes/],
    ["SELECT DATE '2024-02-30'", "DATE '2024-02-30'", /^this is no DATE/],
    ['CREATE TABLE t (a INT) WITH (connector = 1)', 'connector', /^expected an option's key in single quotes/],
    ['CREATE TABLE t (a INT,)', ')', /^expected a column's name, found "\)"$/],
    ['INSERT INTO t', '', /^expected .*a query: SELECT, VALUES, TABLE or WITH, found the end of the text$/],
    ["ADD JAR '/a.jar'", 'ADD', /^ADD is not supported: there is no JVM/],
    ['SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A))', 'MATCH_RECOGNIZE', /^MATCH_RECOGNIZE is not supported/],
    ['SELECT 1; SELECT 2 SELECT 3', 'SELECT', /^expected .*found the reserved word SELECT$/],
    ['SELECT a\nFROM t\nWHERE b ==\n 1', '=', /^expected an expression, found "="$/],
  ];
  for (const [sql, at, message] of cases) {
    test(sql.replaceAll('\n', ' '), () => {
      const [found, , text] = complaint(sql);
      assert.match(found, message);
      assert.equal(text, at);
    });
  }

  test('and at the second of two that look alike', () => {
    assert.equal(complaint('SELECT a FROM t; SELECT b FORM t')[1], 'SELECT a FROM t; SELECT b FORM '.length);
  });
});

test('every node carries its range of the text', () => {
  const sql = "SELECT a + f(b, 'x') AS c FROM t WHERE d IN (1, 2)";
  const texts: string[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('start' in node && 'end' in node && 'kind' in node) {
      texts.push(`${node.kind}: ${sql.slice(node.start as number, node.end as number)}`);
    }
    for (const value of Object.values(node)) walk(value);
  };
  walk(parseQueryText(sql));
  for (const expected of [
    "binary: a + f(b, 'x')",
    "call: f(b, 'x')",
    'in: d IN (1, 2)',
    'identifier: c',
    `query: ${sql}`,
  ]) {
    assert.ok(texts.includes(expected), `${expected} is not among ${texts.join('; ')}`);
  }
});

test('operators bind as in Flink', () => {
  const cases: readonly (readonly [text: string, read: string])[] = [
    ['a + b * c', 'a + (b * c)'],
    ['a - b - c', '(a - b) - c'],
    ['NOT a = b AND c', '(NOT (a = b)) AND c'],
    ['a OR b AND c', 'a OR (b AND c)'],
    ['- a * b', '(- a) * b'],
    ['a || b = c', '(a || b) = c'],
    ['a BETWEEN 1 AND 2 AND b', '(a BETWEEN 1 AND 2) AND b'],
    ['a = b IS NULL', '(a = b) IS NULL'],
    ['a IN (1) = b', '(a IN (1)) = b'],
    ['a % b / c', '(a % b) / c'],
  ];
  for (const [text, read] of cases) {
    assert.equal(expressionText(parseExpressionText(text), queryText), read);
  }
});

test('four hundred levels of nesting are read, and ten thousand are refused', () => {
  parseExpressionText(`${'('.repeat(350)}1${')'.repeat(350)}`);
  const [message] = complaint(`SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`);
  assert.match(message, /nesting/);
  const [long] = complaint(`SELECT ${'- '.repeat(10_000)}1`);
  assert.match(long, /nesting/);
});

const names = fc.constantFrom('a', 'b', 'order', 'größe', 'x y', 'one', 'back`quote');
const quoted = names.map((name) => `\`${name.replaceAll('`', '``')}\``);
const literals = fc.constantFrom(
  '1',
  '2.50',
  '1e3',
  "'it''s'",
  'TRUE',
  'NULL',
  "DATE '2024-02-29'",
  "INTERVAL -'1-2' YEAR TO MONTH",
);
/** Texts of expressions, of every kind of operator. */
const expressions = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie('expression');
  const binary = fc.constantFrom('+', '-', '*', '/', '%', '||', '=', '<>', '<', 'AND', 'OR', 'IS DISTINCT FROM');
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      quoted,
      literals,
      fc.tuple(inner, binary, inner).map((parts) => parts.join(' ')),
      inner.map((text) => `NOT ${text}`),
      inner.map((text) => `- ${text}`),
      inner.map((text) => `(${text})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `${a} NOT BETWEEN (${b}) AND (${c})`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a}) LIKE (${b})`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a}) IN (${b}, 3)`),
      fc.tuple(inner, inner).map(([a, b]) => `CASE WHEN ${a} THEN ${b} END`),
      inner.map((text) => `CAST(${text} AS DECIMAL(10, 2))`),
      fc.tuple(inner, inner).map(([a, b]) => `f(${a}, ${b})`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a})[${b}]`),
      fc.tuple(inner, quoted).map(([a, b]) => `(${a}).${b}`),
      fc.tuple(inner, inner).map(([a, b]) => `ROW(${a}, ${b})`),
      inner.map((text) => `(SELECT ${text} FROM t)`),
      inner.map((text) => `SUM(${text}) FILTER (WHERE ${text}) OVER (PARTITION BY ${text})`),
    ),
  };
}).expression;

test('any expression that can be read is written so that it reads back as the same tree', () => {
  fc.assert(
    fc.property(expressions, (sql) => {
      const tree = parseExpressionText(sql);
      const text = expressionText(tree, queryText);
      assert.deepEqual(withoutSpans(parseExpressionText(text)), withoutSpans(tree));
    }),
    { numRuns: 400 },
  );
});

test('a text that was cut, doubled or stirred gives a tree or an error with a place, and nothing else', () => {
  const corpus = readCorpus();
  fc.assert(
    fc.property(
      fc.constantFrom(...corpus),
      fc.nat(),
      fc.nat(),
      fc.string({ maxLength: 3 }),
      (sql, from, length, put) => {
        const at = from % (sql.length + 1);
        const text = sql.slice(0, at) + put + sql.slice(at + (length % 5));
        try {
          parseScript(text);
        } catch (error) {
          const span = spanOfError(error);
          assert.ok(span !== null, String(error));
          assert.ok(span.start >= 0 && span.start <= span.end && span.end <= text.length);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
