import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectors } from '../connectors/registry.ts';
import { type LoadedFile, loadPipelineFile } from './pipeline-file.ts';
import { placeName } from './source-text.ts';

const load = (text: string, overrides: readonly string[] = [], env: Record<string, string> = {}): Promise<LoadedFile> =>
  loadPipelineFile('p.yaml', { env, overrides, version: '0', connectors, readText: () => text });

const findings = ({ diagnostics, redact }: LoadedFile): string[] =>
  diagnostics.map(
    ({ severity, place, error }) =>
      `${place ? placeName(place).replace('p.yaml:', '') : '-'} ${severity} ${error.code} ${redact(error.message)}`,
  );

const usable = async (text: string, overrides: readonly string[] = []) => {
  const loaded = await load(text, overrides);
  assert.deepEqual(findings(loaded), []);
  return loaded.pipelines;
};

const two = `
connections:
  shop: {type: mysql, hostname: db1, username: u, scan.startup.mode: latest-offset, ssl: {mode: required}}
  mirror:
    type: sqlite
    path: default.db
pipelines:
  - name: orders
    source: {use: shop, tables: shop.orders}
    sink: {use: mirror, path: orders.db}
    retry.attempts: 3
    errors: {tolerance: none}
  - name: stock
    source:
      use: shop
      tables: shop.stock
      scan: {startup: {mode: initial}}
      ssl.mode: disabled
    sink: {use: mirror}
    route: [{source-table: shop.stock, sink-table: 'ods.%{table}'}]
    pipeline: {commit.interval: 50ms}
`;

describe('several pipelines in a file', () => {
  test('share connections, and set over them what they say themselves, in either form of a key', async () => {
    const [orders, stock] = await usable(two);
    const settings = (pipeline: typeof orders, end: 'sources' | 'sinks') =>
      pipeline![end][0]!.config as Record<string, unknown>;
    assert.equal(orders!.name, 'orders');
    assert.equal(orders!.settings['retry.attempts'], 3);
    assert.equal(settings(orders, 'sources')['hostname'], 'db1');
    assert.equal(settings(orders, 'sources')['scan.startup.mode'], 'latest-offset');
    assert.equal(settings(orders, 'sources')['ssl.mode'], 'required');
    assert.equal(settings(orders, 'sinks')['path'], 'orders.db');
    assert.equal(settings(stock, 'sources')['scan.startup.mode'], 'initial');
    assert.equal(settings(stock, 'sources')['ssl.mode'], 'disabled');
    assert.equal(settings(stock, 'sinks')['path'], 'default.db');
    assert.equal(stock!.settings['commit.interval'], 50);
    assert.equal(stock!.routes[0]!['sink-table'], 'ods.%{table}');
  });

  test('a short file may use connections, too', async () => {
    const [one] = await usable(
      'connections: {c: {type: sqlite, path: a.db}}\nsource: {type: mysql, hostname: h, username: u, tables: a.b}\nsink: {use: c}\n',
    );
    assert.equal(one!.name, 'p');
    assert.deepEqual(one!.sinks[0]!.config, { path: 'a.db' });
  });

  test('--set reaches into them', async () => {
    const [orders, stock] = await usable(two, [
      'pipelines.0.source.tables=shop.other',
      'pipelines.1.sink.path=x.db',
      'pipelines.1.name=stocks',
      'connections.shop.hostname=db2',
    ]);
    assert.deepEqual((orders!.sources[0]!.config as { tables: unknown }).tables, ['shop.other']);
    assert.equal((orders!.sources[0]!.config as { hostname: unknown }).hostname, 'db2');
    assert.deepEqual(stock!.sinks[0]!.config, { path: 'x.db' });
    assert.equal(stock!.name, 'stocks');
  });

  test('--set beyond the list is refused with its length', async () => {
    assert.match(
      findings(await load(two, ['pipelines.2.source.tables=x.y'])).join(),
      /pipelines is a list of 2, and 2 is none/,
    );
  });
});

describe('what is wrong in a file with several pipelines', () => {
  const refuses = async (from: string, to: string, ...expected: readonly RegExp[]): Promise<void> => {
    assert(two.includes(from), from);
    const found = findings(await load(two.replace(from, to)));
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [at, pattern] of expected.entries()) assert.match(found[at]!, pattern);
  };

  test('a connection that is not there, with the nearest one', async () => {
    await refuses(
      'use: shop, tables: shop.orders',
      'use: shpo, tables: shop.orders',
      /^9:19 error CONFIG_UNKNOWN_CONNECTION there is no connection shpo \(known: shop, mirror\); did you mean shop\?/,
    );
  });

  test('a misspelt key of a connection, once however many use it', async () => {
    await refuses(
      'hostname: db1, username',
      'hostnme: db1, username',
      /^3:23 error CONFIG_UNKNOWN_KEY .*hostnme; did you mean hostname\?/,
    );
  });

  test('a misspelt key of a connection that nobody uses', async () => {
    await refuses(
      'connections:',
      'connections:\n  idle: {type: sqlite, pth: x}',
      /^3:24 error CONFIG_UNKNOWN_KEY connections.idle has no key pth; did you mean path\?/,
    );
    await refuses('connections:', 'connections:\n  idle: {type: sqlit}', /^3:16 error CONFIG_UNKNOWN_CONNECTOR/);
    await refuses(
      'connections:',
      'connections:\n  idle: {path: x}',
      /^3:10 error CONFIG_MISSING_KEY connections.idle needs type/,
    );
  });

  test('two pipelines of one name, one without, and none at all', async () => {
    await refuses(
      'name: stock',
      'name: orders',
      /^13:11 error CONFIG_WRONG_VALUE name: another pipeline of this file is called orders/,
    );
    await refuses('name: stock\n    source', 'source', /^13:5 error CONFIG_MISSING_KEY pipelines\[1\] needs name/);
    const found = findings(await load('pipelines: []'));
    assert.match(found.join(), /^1:1 error CONFIG_MISSING_KEY pipelines needs a pipeline$/);
    assert.match(findings(await load('pipelines: {a: 1}')).join(), /CONFIG_WRONG_SHAPE pipelines: expected a list/);
    assert.match(findings(await load('pipelines: [1]')).join(), /CONFIG_WRONG_SHAPE pipelines\[0\]: expected/);
  });

  test('a misspelt setting beside the sections of a pipeline', async () => {
    await refuses(
      'retry.attempts',
      'retry.atempts',
      /^11:5 error CONFIG_UNKNOWN_KEY pipeline has no key retry.atempts; did you mean retry.attempts\?/,
    );
  });

  test('sections of a short file beside `pipelines`', async () => {
    await refuses(
      'connections:',
      'sink: {type: blackhole}\nconnections:',
      /^2:1 error CONFIG_UNKNOWN_KEY a file with `pipelines` has no key sink; it belongs under an entry of pipelines/,
    );
  });

  test('a pipeline without a sink, at that pipeline', async () => {
    await refuses('    sink: {use: mirror}\n', '', /^13:5 error CONFIG_MISSING_KEY pipelines\[1\] needs sink/);
  });

  test('a literal password in a connection is warned of once and never shown', async () => {
    const text = two.replace('username: u', 'username: u, password: Geheim-4711');
    const found = findings(await load(text));
    assert.deepEqual(found, ['3:61 warning CONFIG_LITERAL_SECRET password is written into the file']);
  });
});

describe('tests in a file', () => {
  const base = 'source: {type: mysql, hostname: h, username: u, tables: a.b}\nsink: {type: blackhole}\n';
  const refuses = async (tests: string, expected: RegExp): Promise<void> => {
    const found = findings(await load(`${base}${tests}`));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0]!, expected);
  };

  test('are read with their rows', async () => {
    const [one] = await usable(
      `${base}tests:\n  - name: x\n    tables: CREATE TABLE a.b (id INT)\n    input: [{table: a.b, op: u, before: {id: 1, v: null}, after: {id: 1, v: '1'}}]\n    output: []\n`,
    );
    const [row] = one!.tests;
    assert.equal(row!.name, 'x');
    assert.deepEqual(row!.tables, ['CREATE TABLE a.b (id INT)']);
    assert.equal(row!.input[0]!.op, 'update');
    assert.deepEqual(row!.input[0]!.before!.get('v'), { text: null, plain: true });
    assert.deepEqual(row!.input[0]!.after!.get('v'), { text: '1', plain: false });
  });

  test('are refused with their place where they are wrong', async () => {
    await refuses('tests: {}', /CONFIG_WRONG_SHAPE tests: expected a list of tests/);
    await refuses('tests: [{name: x, output: []}]', /CONFIG_MISSING_KEY tests\[0\] needs input/);
    await refuses('tests: [{nmae: x, input: [], output: []}]', /tests\[0\] has no key nmae; did you mean name\?/);
    await refuses(
      'tests: [{input: [{table: a.b, op: x, after: {a: 1}}], output: []}]',
      /input\[0\] op: expected one of r, c, u, d/,
    );
    await refuses('tests: [{input: [{table: a.b, op: d}], output: []}]', /a delete needs the row that went/);
    await refuses('tests: [{input: [{table: a.b, op: c}], output: []}]', /create needs the row that came/);
    await refuses('tests: [{input: [{op: c, after: {a: 1}}], output: []}]', /input\[0\] needs table/);
    await refuses('tests: [{input: [{table: a.b, after: {a: [1]}}], output: []}]', /after.a: expected one value/);
  });
});
