import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { parseQueryText } from '../parse/grammar.ts';
import { spanOfError } from '../sql-error.ts';
import { queryDisagreements, shop } from '../testdata/recorded-queries.ts';
import { typeText } from '../types/sql-type.ts';
import { bindQuery } from './bind-query.ts';
import { explainText, explainTexts } from './explain.ts';

/** Queries about which the two disagree, with the reason. */
const deviations: ReadonlyMap<string, string> = new Map([
  [
    'SELECT * FROM orders o JOIN customers c ON o.note > 1',
    'a text column beside a number is refused at once; Flink plans it, and stops when it runs',
  ],
]);

test("gives 65 queries the columns, types and changelog modes that Flink's planner gives them, and refuses what it refuses", () => {
  const found = queryDisagreements();
  assert.deepEqual(
    [...found].filter(([query]) => !deviations.has(query)),
    [],
  );
  assert.deepEqual(
    [...deviations.keys()].filter((query) => !found.has(query)),
    [],
  );
});

test('EXPLAIN shows each step with its columns, how it changes, and its keys', () => {
  const query =
    'SELECT c.country, COUNT(*) AS n FROM orders o JOIN customers c ON o.customer = c.id WHERE o.qty > 1 GROUP BY c.country HAVING COUNT(*) > 2';
  assert.equal(
    explainText(bindQuery(parseQueryText(query), shop)),
    `project c.country, COUNT(*)   [I,UA,D] key (country)
│  country STRING, n BIGINT
└─ filter (COUNT(*) > 2)   [I,UA,D] key (c.country)
   │  c.country STRING, COUNT(*) BIGINT
   └─ aggregate by (c.country): COUNT(*)   [I,UA,D] key (c.country)
      │  c.country STRING, COUNT(*) BIGINT
      └─ project country   [I,UA,D]
         │  c.country STRING
         └─ inner join on (customer = id)   [I,UA,D]
            │  id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3), id BIGINT, name STRING, country STRING
            ├─ filter (qty > 1)   [I]
            │  │  id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3)
            │  └─ scan orders   [I]
            │        id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3)
            └─ scan customers   [I,UA,D] key (id)
                  id BIGINT, name STRING, country STRING`,
  );
});

test('what stands in several places of plans that run together has a number, and stands there once', () => {
  const plans = [
    'SELECT a.n FROM (SELECT country, COUNT(*) AS n FROM customers GROUP BY country) a JOIN orders o ON a.n = o.id',
    'SELECT m + 1 FROM (SELECT c.country, COUNT(*) AS m FROM customers c GROUP BY c.country) x',
    'SELECT MAX(r) FROM (SELECT RAND() AS r FROM customers) x UNION ALL SELECT MAX(r) FROM (SELECT RAND() AS r FROM customers) x',
  ].map((text) => bindQuery(parseQueryText(text), shop));
  const text = explainTexts(plans).join('\n');
  const lines = text.split('\n').filter((line) => line.includes('#') || line.includes('MAX('));
  assert.deepEqual(lines, [
    '   │  └─ #1 aggregate by (country): COUNT(*)   [I,UA,D] key (country)',
    '   └─ #1 as above   [I,UA,D] key (c.country)',
    '├─ project MAX(r)   [I,UA] key ()',
    '│  └─ aggregate by (): MAX(arg0)   [I,UA] key ()',
    '│     │  MAX(r) DOUBLE',
    '└─ project MAX(r)   [I,UA] key ()',
    '   └─ aggregate by (): MAX(arg0)   [I,UA] key ()',
    '      │  MAX(r) DOUBLE',
  ]);
});

test('what a query cannot mean is shown at its place', () => {
  const cases: readonly (readonly [query: string, at: string, message: RegExp])[] = [
    ['SELECT nme FROM customers', 'nme', /there is no column nme; did you mean name\?/],
    ['SELECT id FROM ordrs', 'ordrs', /there is no table ordrs; did you mean orders\?/],
    ['SELECT id FROM orders o JOIN customers c ON o.customer = c.id', 'id', /id may be o\.id or c\.id/],
    ['SELECT note, COUNT(*) FROM orders GROUP BY customer', 'note', /note is not grouped by/],
    ['SELECT SUM(note) FROM orders', 'SUM(note)', /SUM takes a number, and this is STRING/],
    ['SELECT id FROM orders WHERE qty', 'qty', /WHERE takes a truth value/],
    ['SELECT * FROM orders FOR SYSTEM_TIME AS OF placed', 'placed', /behind the right side of a join/],
  ];
  for (const [query, at, message] of cases) {
    assert.throws(
      () => bindQuery(parseQueryText(query), shop),
      (error) => {
        const span = spanOfError(error);
        assert.ok(span !== null && isMillraceError(error), query);
        assert.match(error.message, message);
        assert.equal(query.slice(span.start, span.end), at);
        return true;
      },
    );
  }
});

test('each way to be wrong has its code', () => {
  const cases: readonly (readonly [query: string, code: string])[] = [
    ['SELECT id FROM orders o JOIN customers c ON o.customer = c.id', 'SQL_AMBIGUOUS_NAME'],
    ['SELECT SUM(note) FROM orders', 'SQL_TYPE_MISMATCH'],
    [`SELECT ${'9'.repeat(39)} FROM orders`, 'SQL_BAD_LITERAL'],
    ["SELECT TIMESTAMP '2024-01-01 00:00:00.1234567' FROM orders", 'SQL_BAD_LITERAL'],
    ['SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY id + 1', 'SQL_NOT_SUPPORTED'],
  ];
  for (const [query, code] of cases) assert.throws(() => bindQuery(parseQueryText(query), shop), { code }, query);
});

test('USING and NATURAL JOIN make one column of two, which comes first and needs no table before it', () => {
  const columnsOf = (query: string): string =>
    bindQuery(parseQueryText(query), shop)
      .columns.map(({ name, type }) => `${name} ${typeText(type)}`)
      .join(', ');
  assert.equal(
    columnsOf('SELECT * FROM orders o JOIN customers c USING (id)'),
    'id BIGINT NOT NULL, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3), name STRING, country STRING',
  );
  assert.equal(
    columnsOf('SELECT id, o.id AS a, c.id AS b FROM orders o LEFT JOIN customers c USING (id)'),
    'id BIGINT NOT NULL, a BIGINT NOT NULL, b BIGINT',
  );
  assert.equal(
    columnsOf('SELECT c.*, id FROM orders o NATURAL RIGHT JOIN customers c'),
    'id BIGINT NOT NULL, name STRING, country STRING, id BIGINT NOT NULL',
  );
  const full = explainText(bindQuery(parseQueryText('SELECT id FROM orders FULL JOIN customers USING (id)'), shop));
  assert.match(full, /COALESCE\(id, id\)/);
  assert.match(full, /full join on \(id = id\)/);
  const errors: readonly (readonly [query: string, code: string])[] = [
    ['SELECT 1 FROM orders JOIN customers USING (nme)', 'SQL_UNKNOWN_NAME'],
    ['SELECT 1 FROM orders JOIN customers USING (qty)', 'SQL_UNKNOWN_NAME'],
    ['SELECT 1 FROM orders a JOIN orders b ON a.id = b.id JOIN customers USING (id)', 'SQL_AMBIGUOUS_NAME'],
  ];
  for (const [query, code] of errors) assert.throws(() => bindQuery(parseQueryText(query), shop), { code }, query);
});
