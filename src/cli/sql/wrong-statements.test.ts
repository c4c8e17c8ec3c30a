import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import { followQuery } from '../../sql-pipeline/follow-query.ts';
import { SqlProgram } from '../../sql-pipeline/sql-program.ts';
import { statementErrorText } from './statement-error.ts';

const plain = (_: unknown, text: string): string => text;

const declared = `CREATE TABLE orders (id BIGINT, customer BIGINT, total DECIMAL(10, 2), note STRING, placed TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED)
  WITH ('connector' = 'mysql-cdc', 'hostname' = 'db1', 'username' = 'u', 'database-name' = 'shop', 'table-name' = 'orders');
CREATE TABLE totals (customer BIGINT, total DECIMAL(38, 2), PRIMARY KEY (customer) NOT ENFORCED)
  WITH ('connector' = 'mysql', 'hostname' = 'db2', 'username' = 'u', 'database-name' = 'shop', 'table-name' = 'totals');
CREATE TABLE keyless (customer BIGINT, total DECIMAL(38, 2))
  WITH ('connector' = 'mysql', 'hostname' = 'db2', 'username' = 'u', 'database-name' = 'shop', 'table-name' = 'keyless');
`;

/** Settles statements after the declarations; of the last one, when it is a query over no table, computes its rows. */
const run = async (sql: string): Promise<void> => {
  const program = new SqlProgram({ bounded: true, server: null, expand: (text) => text, hide: () => {} });
  for (const statement of parseScript(sql)) {
    const outcome = program.take(statement);
    if (outcome.kind !== 'query') continue;
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const context = { pipeline: 'test', log, clock: systemClock };
    for await (const _ of followQuery({ ...outcome.query, context, signal: new AbortController().signal }));
  }
};

/** What is wrong, the statement, the code, what the carets are under, and what the message or its hint says would do instead. */
const wrong: readonly (readonly [what: string, sql: string, code: string, carets: string, instead: RegExp])[] = [
  ['a word too many', 'SELECT id id2 id3 FROM orders', 'SQL_SYNTAX', 'id3', /expected .*FROM/i],
  ['a keyword misspelt', 'SELCT id FROM orders', 'SQL_SYNTAX', 'SELCT', /SELECT/],
  ['a bracket that is never closed', 'SELECT COUNT(id FROM orders', 'SQL_SYNTAX', 'FROM', /expected/],
  ['a text that never ends', "SELECT 'abc FROM orders", 'SQL_SYNTAX', "'abc FROM orders", /./],
  ['a reserved word as a name', 'SELECT 1 AS one FROM orders', 'SQL_SYNTAX', 'one', /backquotes|`one`/],
  ['a column that there is not', 'SELECT totl FROM orders', 'SQL_UNKNOWN_NAME', 'totl', /did you mean total/],
  ['a table that there is not', 'SELECT id FROM order_s', 'SQL_UNKNOWN_NAME', 'order_s', /did you mean orders/],
  ['a function that there is not', 'SELECT UPER(note) FROM orders', 'SQL_UNKNOWN_NAME', 'UPER', /did you mean UPPER/i],
  [
    'a name of two tables',
    'SELECT id FROM orders AS a JOIN orders AS b ON a.id = b.id',
    'SQL_AMBIGUOUS_NAME',
    'id',
    /a\.id|in front|qualif|which/i,
  ],
  ['a text with a number', 'SELECT note + 1 FROM orders', 'SQL_TYPE_MISMATCH', 'note + 1', /two numbers/],
  [
    'a time with a truth value',
    'SELECT id FROM orders WHERE placed = TRUE',
    'SQL_TYPE_MISMATCH',
    'placed = TRUE',
    /compare/,
  ],
  ['a WHERE that is none', 'SELECT id FROM orders WHERE total', 'SQL_TYPE_MISMATCH', 'total', /truth value/],
  ['an argument of a wrong type', 'SELECT UPPER(total) FROM orders', 'SQL_TYPE_MISMATCH', 'total', /text/],
  [
    'a column outside of GROUP BY',
    'SELECT note, COUNT(*) FROM orders GROUP BY customer',
    'SQL_INVALID',
    'note',
    /add it to GROUP BY/,
  ],
  ['a literal that is no date', "SELECT DATE '2026-02-30' FROM orders", 'SQL_BAD_LITERAL', "DATE '2026-02-30'", /./],
  ['a column that no table has, in a cast', 'SELECT CAST(x AS INT) FROM orders', 'SQL_UNKNOWN_NAME', 'x', /column/],
  ['too many columns', 'INSERT INTO totals SELECT id, total, note FROM orders', 'SQL_INVALID', 'SELECT', /columns/],
  [
    'a column of a wrong type',
    'INSERT INTO totals SELECT note, SUM(total) FROM orders GROUP BY note',
    'SQL_TYPE_MISMATCH',
    '',
    /customer|BIGINT/,
  ],
  [
    'a result that changes into a table without a key',
    'INSERT INTO keyless SELECT customer, SUM(total) FROM orders GROUP BY customer',
    'SQL_KEY_MISSING',
    'keyless',
    /PRIMARY KEY/,
  ],
  [
    'a key that is not the result’s',
    'INSERT INTO totals SELECT customer, total FROM orders',
    'SQL_KEY_MISMATCH',
    'totals',
    /key/,
  ],
  [
    'what is not supported',
    'SELECT * FROM orders MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE)',
    'SQL_NOT_SUPPORTED',
    'MATCH_RECOGNIZE',
    /./,
  ],
  ['a statement that does not run', 'ALTER TABLE orders RENAME TO old', 'SQL_NOT_SUPPORTED', 'ALTER', /drop/i],
  [
    'an unknown option',
    "CREATE TABLE t (id INT) WITH ('connector' = 'datagen', 'rows-per-secnd' = '1')",
    'SQL_UNKNOWN_NAME',
    "'rows-per-secnd'",
    /rows-per-second/,
  ],
  [
    'an unknown connector',
    "CREATE TABLE t (id INT) WITH ('connector' = 'kafak')",
    'SQL_UNKNOWN_NAME',
    "'connector' = 'kafak'",
    /kafka/,
  ],
];

const atRunTime: readonly (readonly [what: string, sql: string, code: string])[] = [
  ['a text that is no number', "SELECT CAST(x AS INT) FROM (VALUES ('12x')) AS t (x)", 'SQL_CAST_FAILED'],
  [
    'a number that the narrower type does not hold',
    "SELECT CAST(x AS TINYINT) FROM (VALUES ('300')) AS t (x)",
    'SQL_CAST_FAILED',
  ],
  ['a division by zero', 'SELECT 1 / x FROM (VALUES (0)) AS t (x)', 'SQL_DIVISION_BY_ZERO'],
  ['a remainder by zero', 'SELECT 1 % x FROM (VALUES (0)) AS t (x)', 'SQL_DIVISION_BY_ZERO'],
  [
    'two rows where one value is asked for',
    'SELECT (SELECT x FROM (VALUES (1), (2)) AS u (x)) FROM (VALUES (0)) AS t (y)',
    'SQL_FUNCTION_FAILED',
  ],
];

describe('a statement that is wrong is shown with its code, line and carets, and what would do instead', () => {
  for (const [what, sql, code, carets, instead] of wrong) {
    test(what, async () => {
      const text = declared + sql;
      const error: unknown = await run(text).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      assert.ok(isMillraceError(error), `${String(error)} for ${sql}`);
      const span = spanOfError(error)!;
      assert.deepEqual(
        [error.code, text.slice(span.start, span.end).slice(0, carets.length)],
        [error.code === code ? code : `${code}, not ${error.message}`, carets],
      );
      assert.match(`${error.message} ${error.hint}`, instead);
      assert.match(
        statementErrorText(error, span, { name: 'job.sql', text }, plain),
        new RegExp(`job\\.sql:\\d+:\\d+ .*${code}[\\s\\S]*\\^`),
      );
    });
  }
});

describe('what only a row shows stops before that row, and tells no value', () => {
  for (const [what, sql, code] of atRunTime) {
    test(what, async () => {
      await assert.rejects(run(sql), (error: unknown) => {
        assert.ok(isMillraceError(error) && error.code === code, String(error));
        assert.doesNotMatch(error.message, /12x|300/);
        return true;
      });
    });
  }
});
