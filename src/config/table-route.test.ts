import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RouteSettings, routeSettings } from './frame.ts';
import { routeProblem, tableRoute } from './table-route.ts';

const settings = (source: string, sink: string, symbol?: string): RouteSettings =>
  routeSettings.parse({
    'source-table': source,
    'sink-table': sink,
    ...(symbol === undefined ? {} : { 'replace-symbol': symbol }),
  });

/** What a route makes of a table, and whether it may give two tables one name. */
const routed = (source: string, sink: string, table: string, symbol?: string): string => {
  const [database = '', name = ''] = table.split('.');
  const one = settings(source, sink, symbol);
  const route = tableRoute(one, [one]);
  assert(route.matches(database, name));
  const target = route.rename({ database, name });
  return `${target.database}|${target.name}${route.merges ? ' merges' : ''}`;
};

test('a route names its target by text, variables, a symbol or groups', () => {
  assert.equal(routed('mydb.web_order', 'ods.web_order', 'mydb.web_order'), 'ods|web_order');
  assert.equal(routed('src.\\.*', 'dst.%{table}', 'src.a'), 'dst|a');
  assert.equal(routed('\\.*.\\.*', 'ods.%{database}_%{table}', 'src.a'), 'ods|src_a');
  assert.equal(routed('src.\\.*', 'dst.<>', 'src.a', '<>'), 'dst|a');
  assert.equal(
    routed('db_(\\.*).(\\.*)_tbl', 'sink_db_$1.sink_table_$2', 'db_foo.bar_tbl'),
    'sink_db_foo|sink_table_bar',
  );
  assert.equal(routed('app_db.orders', 'kafka_ods_orders', 'app_db.orders'), '|kafka_ods_orders');
});

test('a route that may give two tables one name says so', () => {
  assert.match(routed('mydb.\\.*', 'ods.all', 'mydb.a'), / merges$/);
  assert.match(routed('db_[0-9].orders', 'ods.orders', 'db_1.orders'), / merges$/);
  assert.match(routed('db_[0-9].\\.*', 'ods.%{table}', 'db_1.orders'), / merges$/);
  assert.match(routed('db_[0-9].\\.*', 'ods.<>', 'db_1.orders', '<>'), / merges$/);
  assert.match(routed('db_(\\.*).(\\.*)_[0-9]', 'ods_$1.$2', 'db_x.orders_1'), / merges$/);
  assert.match(routed('db_(\\.*).(\\.*)', 'ods.$2', 'db_x.orders'), / merges$/);
  const [one, two] = [settings('a.x', 'ods.all'), settings('b.x', 'ods.all')];
  assert.equal(tableRoute(one, [one, two]).merges, true);
});

test('what cannot be read is a problem with its key', () => {
  const problem = (source: string, sink: string, symbol?: string): string => {
    const found = routeProblem(settings(source, sink, symbol));
    return found === null ? 'none' : `${found.key} ${found.error.code} ${found.error.message}`;
  };
  assert.equal(problem('a.b', 'c.d'), 'none');
  assert.match(problem('a.[', 'c.d'), /^source-table CONFIG_TABLE_PATTERN/);
  assert.match(problem('mydb\\.*', 'c.d'), /^source-table CONFIG_TABLE_PATTERN .* every table of mydb is mydb\.\\\.\*/);
  assert.match(problem('a.b', 'c.%{tabel}'), /^sink-table CONFIG_TEMPLATE/);
  assert.match(problem('(a).b', 'c.$2'), /^sink-table CONFIG_WRONG_VALUE .*\$2 names no group: `source-table` has 1/);
  assert.match(problem('(a).b', 'c.$1<>', '<>'), /cannot stand in one route/);
});
