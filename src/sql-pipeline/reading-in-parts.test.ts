import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../pipeline/system-clock.ts';
import { parseScript } from '../sql/parse/script.ts';
import { planOf, rowText, sqlCatalog, sqlTable } from '../testing/sql-rig.ts';
import { followQuery } from './follow-query.ts';
import { type ReadingInParts, readingInParts } from './reading-in-parts.ts';
import { SqlProgram } from './sql-program.ts';

const numbers = (count: number): string =>
  `CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000',
    'fields.id.kind' = 'sequence', 'fields.id.start' = '0', 'fields.id.end' = '${count - 1}');`;

/** The rows that a query over so many numbers ends with. */
const resultOf = async (query: string, count: number, parts?: ReadingInParts | null): Promise<readonly string[]> => {
  const program = new SqlProgram({ bounded: true, server: null, expand: (text) => text, hide: () => {}, folder: '.' });
  const [, outcome] = parseScript(`${numbers(count)} ${query}`).map((statement) => program.take(statement));
  assert.equal(outcome!.kind, 'query');
  if (outcome!.kind !== 'query') return [];
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const context = { pipeline: 'test', log, clock: systemClock };
  const { signal } = new AbortController();
  const deltas = [];
  const how = parts === undefined ? {} : { parts };
  for await (const delta of followQuery({ ...outcome!.query, context, signal, ...how })) deltas.push(delta);
  assert.equal(deltas.length, 1, 'a result that ends comes once');
  assert.ok(deltas[0]!.weights.every((weight) => weight > 0));
  return deltas[0]!.rows.map(rowText).sort();
};

test('a result is the same whether its tables are read whole or in parts', async () => {
  for (const query of [
    'SELECT MOD(id, 7), COUNT(*), SUM(id), MAX(id) FROM numbers GROUP BY MOD(id, 7)',
    'SELECT COUNT(*) FROM numbers WHERE id < 0',
    'SELECT DISTINCT MOD(id, 3) FROM numbers',
    'SELECT id * 2 FROM numbers WHERE MOD(id, 100) = 0',
    'SELECT id FROM numbers ORDER BY MOD(id, 13), id LIMIT 5',
    'SELECT a.id FROM numbers a JOIN numbers b ON a.id = b.id * 2',
  ]) {
    const parts = { rowsPerTick: 700, enough: Number.POSITIVE_INFINITY };
    assert.deepEqual(await resultOf(query, 5_000, parts), await resultOf(query, 5_000, null), query);
  }
});

test('LIMIT without an order is enough when its rows are there', async () => {
  // Reading to the end would take minutes.
  assert.deepEqual(await resultOf('SELECT id FROM numbers WHERE id > 1 LIMIT 2', 1_000_000_000), ['[2]', '[3]']);
  assert.deepEqual(await resultOf('SELECT id FROM numbers WHERE id > 6 LIMIT 2', 8), ['[7]']);
});

test('what may fail for half of the rows, or depends on when they come, is read whole', () => {
  const table = sqlTable('t', { a: 'INT', b: 'INT' });
  const plan = (query: string) => readingInParts(planOf(query, sqlCatalog([table])));
  const everything = Number.POSITIVE_INFINITY;
  assert.equal(plan('SELECT a, COUNT(*) FROM t GROUP BY a')?.enough, everything);
  assert.equal(plan('SELECT a / b FROM t')?.enough, everything);
  assert.equal(plan('SELECT a FROM t LIMIT 3')?.enough, 3);
  assert.equal(plan('SELECT DISTINCT a FROM t LIMIT 3')?.enough, everything);
  assert.equal(plan('SELECT 1 / (COUNT(*) - 3) FROM t'), null);
  assert.equal(plan('SELECT a FROM t GROUP BY a HAVING 1 / COUNT(b) > 0'), null);
  assert.equal(plan('SELECT 1 / COALESCE(y.b, 0) FROM t x LEFT JOIN t y ON x.a = y.b'), null);
  assert.equal(plan('SELECT SUM(b) OVER (PARTITION BY a ORDER BY b) FROM t'), null);
});
