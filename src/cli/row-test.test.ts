import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { type RowTestResult, runRowTest } from './row-test.ts';

const run = async (rest: string, source = ''): Promise<readonly RowTestResult[]> => {
  const text = `source: {type: mysql, hostname: h, username: u, tables: 'shop.\\.*'${source}}\nsink: {type: blackhole}\n${rest}`;
  const loaded = await loadPipelineFile('p.yaml', {
    env: {},
    overrides: [],
    version: '0',
    connectors,
    readText: () => text,
  });
  assert.deepEqual(
    loaded.diagnostics.map(({ error }) => error.message),
    [],
  );
  const [pipeline] = loaded.pipelines;
  return await Promise.all(pipeline!.tests.map((each) => runRowTest(pipeline!, each)));
};

const passes = async (rest: string, source = ''): Promise<void> => {
  for (const { passed, difference } of await run(rest, source)) assert.ok(passed, difference.join('\n'));
};

const differs = async (rest: string, ...lines: readonly string[]): Promise<void> => {
  const [result] = await run(rest);
  assert.equal(result!.passed, false);
  assert.deepEqual(result!.difference, lines);
};

describe('rows in, rows out', () => {
  test('routes and column settings are applied, and NULL may be left out', () =>
    passes(
      `route: [{source-table: 'shop.\\.*', sink-table: 'ods.%{table}'}]
tests:
  - name: customers
    input:
      - {table: shop.customers, op: c, after: {id: 1, name: Ada, card: '4711', note: null}}
      - {table: shop.customers, op: u, before: {id: 1, name: Ada}, after: {id: 1, name: Eve}}
      - {table: shop.customers, op: d, before: {id: 1, name: Eve}}
      - {table: shop.customers, op: r, after: {id: 2, name: Bob}}
    output:
      - {table: ods.customers, op: c, after: {id: 1, who: Ada}}
      - {table: ods.customers, op: u, before: {id: 1, who: Ada}, after: {id: 1, who: Eve}}
      - {table: ods.customers, op: d, before: {id: 1, who: Eve}}
      - {table: ods.customers, op: r, after: {id: 2, who: Bob}}
`,
      ', columns.exclude: shop.customers.card, columns.rename: {shop.customers.name: who}',
    ));

  test('values are as the declared columns hold them', () =>
    passes(`tests:
  - name: types
    tables: >
      CREATE TABLE shop.t (id BIGINT UNSIGNED PRIMARY KEY, price DECIMAL(10,2), day DATE, text VARCHAR(9), flag BOOLEAN)
    input: [{table: shop.t, after: {id: 18446744073709551615, price: 1.5, day: 2024-02-29, text: 007, flag: true}}]
    output: [{table: shop.t, after: {id: 18446744073709551615, price: '1.50', day: 2024-02-29, text: '007', flag: 1}}]
`));

  test('what is missing, too much and out of order is shown as a difference', async () => {
    const input = 'input: [{table: shop.t, after: {id: 1}}, {table: shop.t, after: {id: 2}}]';
    await differs(
      `tests: [{name: a, ${input}, output: []}]`,
      '+ shop.t create {"id":"1"}',
      '+ shop.t create {"id":"2"}',
    );
    await differs(
      `tests: [{name: a, ${input}, output: [{table: shop.t, after: {id: 2}}, {table: shop.t, after: {id: 3}}]}]`,
      '+ shop.t create {"id":"1"}',
      '  shop.t create {"id":"2"}',
      '- shop.t create {"id":"3"}',
    );
    await differs(`tests: [{name: a, input: [], output: [{table: x.t, after: {id: 1}}]}]`, '- x.t create {"id":"1"}');
  });

  test('a table with a route to two names comes out twice', () =>
    passes(`route:
  - {source-table: shop.t, sink-table: a.t}
  - {source-table: shop.t, sink-table: b.t}
tests: [{input: [{table: shop.t, after: {id: 1}}], output: [{table: a.t, after: {id: 1}}, {table: b.t, after: {id: 1}}]}]
`));
});

test('a column that the table has not, a table without a database and a statement that cannot be read are refused', async () => {
  const refused = async (tests: string, message: RegExp): Promise<void> =>
    assert.rejects(run(`tests: [${tests}]`), { code: 'CONFIG_TEST', message });
  await refused(
    "{name: a, tables: 'CREATE TABLE shop.t (id INT)', input: [{table: shop.t, after: {di: 1}}], output: []}",
    /no column di/,
  );
  await refused('{name: a, input: [{table: t, after: {id: 1}}], output: []}', /t is no table: write database\.table/);
});
