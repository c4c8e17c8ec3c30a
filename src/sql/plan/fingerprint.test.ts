import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf, sqlCatalog, sqlTable } from '../../testing/sql-rig.ts';
import { boundExpressions } from '../testdata/recorded-expressions.ts';
import { shop } from '../testdata/recorded-queries.ts';
import { Fingerprints } from './fingerprint.ts';
import type { Plan } from './plan.ts';
import { isRepeatable, isShareable } from './repeatable.ts';

const fingerprint = (query: string, catalog = shop): string => new Fingerprints().of(planOf(query, catalog));

test('expressions with one fingerprint have one value: nothing that a function was made with is left out', () => {
  const input: Plan = { kind: 'values', rows: [], columns: [] };
  const values = new Map<string, { readonly text: string; readonly value: string }>();
  const expressions = boundExpressions();
  assert.ok(expressions.length > 500);
  for (const { text, bound, value } of expressions) {
    const print = new Fingerprints().of({ kind: 'project', input, expressions: [bound], columns: [] });
    const other = values.get(print);
    values.set(print, { text, value });
    assert.equal(value, other?.value ?? value, `${text} and ${other?.text}`);
  }
  assert.ok(values.size > expressions.length * 0.9, `${values.size} of ${expressions.length}`);
});

test('names and unread columns make no difference, and everything that is computed does', () => {
  const query = 'SELECT country, COUNT(*) AS n FROM customers WHERE id > 1 GROUP BY country';
  assert.equal(
    fingerprint(query),
    fingerprint('SELECT c.country, COUNT(*) m FROM customers AS c WHERE c.id>1 GROUP BY c.country'),
  );
  const others = [
    query.replace('> 1', '> 2'),
    query.replace('> 1', '>= 1'),
    query.replace('id > 1', "name > '1'"),
    query.replace('COUNT(*)', 'COUNT(DISTINCT name)'),
    query.replace('COUNT(*)', 'COUNT(*) FILTER (WHERE id > 5)'),
    query.replaceAll('country', 'name'),
    query.replace('customers', '(SELECT * FROM customers LIMIT 5) x'),
    'SELECT TIMESTAMPADD(DAY, 1, placed) FROM orders',
    'SELECT TIMESTAMPADD(HOUR, 1, placed) FROM orders',
    "SELECT JSON_VALUE(note, '$.a') FROM orders",
    "SELECT JSON_VALUE(note, '$.b') FROM orders",
    "SELECT JSON_VALUE(note, '$.a' NULL ON ERROR) FROM orders",
    "SELECT JSON_VALUE(note, '$.a' ERROR ON ERROR) FROM orders",
    "SELECT JSON_QUERY(note, '$.a' WITH WRAPPER) FROM orders",
    "SELECT JSON_QUERY(note, '$.a') FROM orders",
    "SELECT JSON_EXISTS(note, '$.a') FROM orders",
    'SELECT CAST(total AS DECIMAL(8, 1)) FROM orders',
    'SELECT CAST(total AS DECIMAL(8, 2)) FROM orders',
  ];
  const prints = new Set([query, ...others].map((text) => fingerprint(text)));
  assert.ok(prints.size >= others.length, 'two that differ have one fingerprint');
});

test('a column more at the end of a table changes nothing that does not read it', () => {
  const catalog = (more: Readonly<Record<string, string>>) =>
    sqlCatalog([sqlTable('t', { id: 'INT', a: 'INT', ...more })]);
  const query = 'SELECT a, COUNT(*) FROM t GROUP BY a';
  assert.equal(fingerprint(query, catalog({})), fingerprint(query, catalog({ b: 'INT' })));
});

test('says what gives the same again, and what draws its own time or chance', () => {
  const plan = (query: string) => planOf(query, shop);
  const judged = (query: string) => [isShareable(plan(query)), isRepeatable(plan(query))];
  assert.deepEqual(judged('SELECT CAST(total AS STRING), EXTRACT(DAY FROM placed) FROM orders'), [true, true]);
  assert.deepEqual(judged('SELECT customer, LAST_VALUE(note) FROM orders GROUP BY customer'), [true, false]);
  assert.deepEqual(judged('SELECT * FROM orders LIMIT 3'), [true, false]);
  assert.deepEqual(judged('SELECT * FROM orders ORDER BY id LIMIT 3'), [true, true]);
  for (const asking of ['RAND()', 'UUID()', 'NOW()', 'CURRENT_DATE', 'LOCALTIME', 'PROCTIME()', 'UNIX_TIMESTAMP()'])
    assert.deepEqual(judged(`SELECT MAX(x) FROM (SELECT ${asking} AS x FROM orders) y`), [false, false], asking);
});
