import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectors } from '../connectors/registry.ts';
import { loadPipelineFile } from './pipeline-file.ts';

const load = (text: string, env: Readonly<Record<string, string>> = {}) =>
  loadPipelineFile('totals.yaml', {
    env,
    readText: (path) => {
      if (path === 'totals.yaml') return text;
      if (path.endsWith('/totals.sql')) return statements;
      throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    },
    connectors,
    overrides: [],
    version: '0',
  });

const statements = `CREATE TABLE clicks (page STRING) WITH ('connector' = 'datagen');
CREATE TABLE pages (page STRING, n BIGINT, PRIMARY KEY (page) NOT ENFORCED)
  WITH ('connector' = 'mysql', 'hostname' = 'db', 'username' = 'u', 'password' = '\${PASSWORD}', 'database-name' = 'd', 'table-name' = 'pages');
INSERT INTO pages SELECT page, COUNT(*) FROM clicks GROUP BY page;`;
const block = `sql: |\n${statements.replaceAll(/^/gm, '  ')}\n`;

/** `line:column` of each finding, with its code. */
const found = async (text: string): Promise<readonly string[]> =>
  (await load(text, { PASSWORD: 'x' })).diagnostics.map(({ place, error }) => {
    const at = place?.source.positionOf(place.start);
    return `${at?.line}:${at?.column} ${error.code}`;
  });

test('queries take the place of source and sink, in the file or in one beside it', async () => {
  for (const text of [
    block,
    'sql:\n  file: totals.sql\n',
    `pipelines:\n  - name: totals\n    sql: { file: totals.sql }\n`,
  ]) {
    const { pipelines, diagnostics } = await load(text, { PASSWORD: "it's" });
    assert.deepEqual(diagnostics, []);
    const [{ name, sources, sinks, sql } = assert.fail('no pipeline')] = pipelines;
    assert.deepEqual([name, sources, sinks], ['totals', [], []]);
    const [insert] = sql!.job.inserts;
    assert.equal(insert!.target.binding.sink?.settings['password'], "it's", 'a password cannot break a statement');
  }
});

test('the pipeline is called as the file says, then as SET says', async () => {
  const set = block.replace('sql: |\n', "sql: |\n  SET 'pipeline.name' = 'said';\n");
  const named = async (text: string): Promise<string | undefined> =>
    (await load(text, { PASSWORD: 'x' })).pipelines[0]?.name;
  assert.equal(await named(set), 'said');
  assert.equal(await named(`${set}pipeline: { name: file }\n`), 'file');
});

test('a secret within SQL is taken out of whatever is printed', async () => {
  const { redact } = await load(block, { PASSWORD: 'hunter2' });
  assert.equal(redact('login hunter2 failed'), 'login *** failed');
});

test('what is wrong is shown at its place in the file', async () => {
  assert.deepEqual(await found(block.replace('COUNT(*)', 'COUNT(pag)')), ['5:40 SQL_UNKNOWN_NAME']);
  assert.deepEqual(await found(block.replace('BIGINT', 'BIGNUM')), ['3:38 SQL_UNKNOWN_NAME']);
  assert.deepEqual(await found(block.replace("'hostname'", "'hostnam'")), ['4:34 SQL_UNKNOWN_NAME']);
  assert.deepEqual(await found(block.replace('PASSWORD', 'NOBODY')), ['4:71 SQL_INVALID']);
  assert.deepEqual(await found(block.replace('INSERT INTO pages SELECT', 'SELECT')), ['5:3 SQL_INVALID']);
  assert.deepEqual(await found(block.replace(/ {2}INSERT.*\n/, '')), ['2:3 SQL_INVALID']);
  assert.deepEqual(await found('sql: 5\n'), ['1:6 SQL_SYNTAX']);
  assert.deepEqual(await found('sql:\n'), ['1:1 CONFIG_WRONG_SHAPE']);
  assert.deepEqual(await found('sql: { file: none.sql }\n'), ['1:14 CONFIG_UNREADABLE']);
  assert.deepEqual(await found(`${block}sink: { type: blackhole }\n`), ['6:1 CONFIG_WRONG_VALUE']);
});
