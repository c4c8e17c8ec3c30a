import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectors } from '../connectors/registry.ts';
import { loadPipelineFile } from './pipeline-file.ts';
import { excerpt, placeName } from './source-text.ts';

const head = 'source: {type: mysql, hostname: h, username: u, tables: a.b}\nsink: {type: blackhole}\ntransform:\n';

const load = (transform: string, env: Readonly<Record<string, string>> = {}) =>
  loadPipelineFile('p.yaml', { env, overrides: [], version: '0', connectors, readText: () => head + transform });

/** Each finding as `line:column code`, and what the carets are under. */
const findings = async (transform: string): Promise<readonly (readonly [string, string])[]> => {
  const { diagnostics } = await load(transform);
  return diagnostics.map(({ error, place }) => {
    const [line, carets] = excerpt(place!, []);
    const at = carets.indexOf('^');
    return [`${placeName(place!).replace('p.yaml:', '')} ${error.code}`, line.slice(at, at + carets.trim().length)];
  });
};

test("takes Flink CDC's own examples, and warns of what has no effect", async () => {
  const { pipelines, diagnostics } = await load(`
  - source-table: mydb.web_order
    projection: \\*, UPPER(product_name) as product_name, localtimestamp as new_timestamp
    filter: id > 10 AND order_id > 100
    primary-keys: id, order_id
    partition-keys: product_name
    table-options: comment=web order
    description: project fields from source table
  - source-table: mydb.\\.*
    projection: id, order_id, CONCAT(CAST(id AS VARCHAR), CAST(order_id AS VARCHAR)) as uniq_id, __schema_name__ || '.' || __table_name__ identifier_name
    filter: (id != 10) and __data_event_type__ <> '-D'
    converter-after-transform: SOFT_DELETE
`);
  assert.equal(pipelines.length, 1, diagnostics.map(({ error }) => error.message).join('\n'));
  assert.equal(pipelines[0]!.transforms.length, 2);
  assert.deepEqual(
    diagnostics.map(({ severity, error }) => `${severity} ${(error.details as { key?: string }).key}`),
    ['warning partition-keys', 'warning table-options'],
  );
});

describe('what is wrong in the SQL is shown at its place in the file', () => {
  const cases: readonly (readonly [what: string, transform: string, at: string, carets: string])[] = [
    ['plain', '  - {source-table: a.b, projection: id || || x}\n', '4:43 SQL_SYNTAX', '||'],
    ['in a block', '  - source-table: a.b\n    projection: id, UPER(name) AS n\n', '5:21 SQL_UNKNOWN_NAME', 'UPER'],
    ['in double quotes', '  - source-table: a.b\n    filter: "a = \'x\' AND AND b"\n', '5:26 SQL_SYNTAX', 'AND'],
    ['in single quotes', "  - source-table: a.b\n    filter: 'a = ''x'' AND AND b'\n", '5:28 SQL_SYNTAX', 'AND'],
    [
      'over lines, folded',
      '  - source-table: a.b\n    projection: >\n      id,\n      UPER(name)\n      AS n\n',
      '7:7 SQL_UNKNOWN_NAME',
      'UPER',
    ],
    [
      'over lines, kept',
      '  - source-table: a.b\n    projection: |\n      id,\n      name AS one\n',
      '7:15 SQL_SYNTAX',
      'one',
    ],
    ['without a name', '  - source-table: a.b\n    projection: id, a + 1\n', '5:21 SQL_INVALID', 'a + 1'],
    [
      'behind an escaped star',
      '  - source-table: a.b\n    projection: \\*, UPER(name) AS n\n',
      '5:21 SQL_UNKNOWN_NAME',
      'UPER',
    ],
    ['at its end', '  - source-table: a.b\n    filter: id >\n', '5:17 SQL_SYNTAX', ''],
    ['in a pattern', '  - source-table: b\n    filter: id > 1\n', '4:19 CONFIG_TABLE_PATTERN', 'b'],
  ];
  for (const [what, transform, at, carets] of cases) {
    test(what, async () => assert.deepEqual(await findings(transform), [[at, carets]]));
  }
});

test('a key that is none gets the nearest, and a value that is none its choices', async () => {
  const { diagnostics } = await load('  - {source-table: a.b, projektion: id, converter-after-transform: HARD}\n');
  assert.match(diagnostics.map(({ error }) => error.message).join('\n'), /did you mean projection\?[\s\S]*SOFT_DELETE/);
});
