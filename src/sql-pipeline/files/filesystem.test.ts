import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isMillraceError } from '../../core/errors.ts';
import { createPipeline } from '../../pipeline/pipeline.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { fileJob } from '../file-job.ts';
import { jobOptions } from '../job-options.ts';

interface Run {
  /** Lines of the table `out`, `id` and `text`. */
  readonly rows: readonly { readonly id: number | null; readonly text: string | null }[];
  readonly warnings: readonly unknown[];
}

/** Copies the rows of the files in a folder to another file, with SQL. */
const copied = async (
  files: Readonly<Record<string, string | Uint8Array>>,
  options: string,
  { columns = 'id INT, text STRING', query = 'SELECT id, text FROM `in`', outFormat = 'json' } = {},
): Promise<Run> => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-files-'));
  const input = join(folder.path, 'in');
  mkdirSync(join(input, 'deeper'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(input, name), content);
  const sql = `
    SET 'execution.runtime-mode' = 'batch';
    CREATE TABLE \`in\` (${columns}) WITH ('connector' = 'filesystem', 'path' = '${input}', ${options});
    CREATE TABLE \`out\` (id INT, text STRING) WITH ('connector' = 'filesystem', 'path' = '${folder.path}/out', 'format' = '${outFormat}');
    INSERT INTO \`out\` ${query};`;
  const warnings: unknown[] = [];
  const log = { debug() {}, info() {}, warn: (...said: unknown[]) => warnings.push(said), error() {} };
  const { job } = await fileJob(sql, { folder: '.', expand: (text) => text, hide: () => {} });
  const pipeline = createPipeline(jobOptions(job, { log, clock: systemClock, print: async () => {}, state: null }));
  await pipeline.run(new AbortController().signal);
  const lines = readFileSync(join(folder.path, 'out'), 'utf8').split('\n').slice(0, -1);
  const values = lines.map((line) => JSON.parse(line));
  return { rows: outFormat === 'json' ? values : values.map(({ after }) => after), warnings };
};

const code =
  (expected: string, message: RegExp) =>
  (error: unknown): true => {
    assert.ok(isMillraceError(error), String(error));
    assert.equal(error.code, expected);
    assert.match(error.message, message);
    return true;
  };

test('every file of a folder is read in the order of names, packed ones too, but none that is hidden', async () => {
  const { rows } = await copied(
    {
      'b.json': '{"id":2,"text":"two"}\n\n{"id":3,"text":null}',
      'a.json': '{"id":1,"text":"é","more":[1]}\r\n',
      'deeper/c.json.gz': gzipSync('{"id":4}\n'),
      '.d.json': 'no JSON',
      _SUCCESS: 'no JSON',
    },
    "'format' = 'json'",
  );
  assert.deepEqual(rows, [
    { id: 1, text: 'é' },
    { id: 2, text: 'two' },
    { id: 3, text: null },
    { id: 4, text: null },
  ]);
});

test('CSV has its delimiter, quotes, comments and NULL as the options say', async () => {
  const text = '# made by hand\n 7 ;"a;\n""b"""\n8;-\n';
  const options =
    "'format' = 'csv', 'csv.field-delimiter' = ';', 'csv.allow-comments' = 'true', 'csv.null-literal' = '-'";
  const { rows } = await copied({ 'a.csv': text }, options);
  assert.deepEqual(rows, [
    { id: 7, text: 'a;\n"b"' },
    { id: 8, text: null },
  ]);
});

test('a file may be empty, and larger than the pieces it is read in', async () => {
  const lines = Array.from({ length: 40_000 }, (_, id) => `${id},text ${id}\n`).join('');
  const { rows } = await copied({ 'a.csv': '', 'b.csv': lines }, "'format' = 'csv'", {
    outFormat: 'debezium-json',
    query: "SELECT CAST(COUNT(*) AS INT), MAX(text) FROM `in` WHERE text = 'text ' || CAST(id AS STRING)",
  });
  assert.deepEqual(rows, [{ id: 40_000, text: 'text 9999' }]);
});

test('changes in Debezium’s envelope come to the rows that they leave, whatever table they are of', async () => {
  const change = (op: string, before: unknown, after: unknown): string =>
    JSON.stringify({ before, after, source: { db: 'shop', table: 'orders' }, op });
  const lines = [
    change('c', null, { id: 1, text: 'a' }),
    change('c', null, { id: 2, text: 'b' }),
    change('u', { id: 1, text: 'a' }, { id: 1, text: 'c' }),
    change('d', { id: 2, text: 'b' }, null),
  ];
  const { rows } = await copied({ 'a.json': `${lines.join('\n')}\n` }, "'format' = 'debezium-json'", {
    columns: 'id INT, text STRING, PRIMARY KEY (id) NOT ENFORCED',
    outFormat: 'debezium-json',
    query: 'SELECT CAST(COUNT(*) AS INT), MAX(text) FROM `in`',
  });
  assert.deepEqual(rows, [{ id: 1, text: 'c' }]);
});

const wrong: readonly (readonly [name: string, options: string, content: string | Uint8Array, message: RegExp])[] = [
  ['no JSON', "'format' = 'json'", '{"id":1}\n\nx\n', /line 3 of .*a cannot be read: /],
  ['a value of another type', "'format' = 'json'", '{"id":1}\n{"id":"x"}\n', /line 2 of .*a cannot be read: .*id/],
  ['a half line at the end', "'format' = 'json'", '{"id":1}\n{"id"', /line 2 of .*a cannot be read: /],
  [
    'too few fields',
    "'format' = 'csv'",
    '1,a\n"2\n"\n',
    /line 2 of .*a cannot be read: it has 1 fields, and the table 2 columns/,
  ],
  [
    'a field of another type',
    "'format' = 'csv'",
    '1,a\nb,2\n',
    /line 2 of .*a cannot be read: the field of id is no INT$/,
  ],
  ['other bytes than UTF-8', "'format' = 'csv'", Uint8Array.of(0x31, 0x2c, 0xff, 0x0a), /line 1 of .*UTF-8/],
];

for (const [name, options, content, message] of wrong) {
  test(`${name} ends the job at the line`, async () => {
    await assert.rejects(copied({ a: content }, options), code('FILE_LINE_UNREADABLE', message));
  });
}

test('lines that cannot be read are left out where that is asked for, and counted', async () => {
  const json = await copied(
    { a: '{"id":1,"text":"a"}\nx\n{"id":"y"}\n{"id":2}\n' },
    "'format' = 'json', 'json.ignore-parse-errors' = 'true'",
  );
  assert.deepEqual(json.rows, [
    { id: 1, text: 'a' },
    { id: 2, text: null },
  ]);
  assert.deepEqual(json.warnings, [['lines that cannot be read were left out', { file: 'a', lines: 2 }]]);
  const csv = await copied({ a: '1,a\nx,b\n2\n3,c\n' }, "'format' = 'csv', 'csv.ignore-parse-errors' = 'true'");
  assert.deepEqual(csv.rows, [
    { id: 1, text: 'a' },
    { id: 3, text: 'c' },
  ]);
  assert.equal(csv.warnings.length, 1);
});

test('a file that is not there, or is no packed one, is named', async () => {
  const missing = "'path' = '/none/such', 'format' = 'csv'";
  const sql = `CREATE TABLE a (id INT) WITH ('connector' = 'filesystem', ${missing});
    CREATE TABLE b (id INT) WITH ('connector' = 'print'); INSERT INTO b SELECT id FROM a;`;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const { job } = await fileJob(sql, { folder: '.', expand: (text) => text, hide: () => {} });
  const pipeline = createPipeline(jobOptions(job, { log, clock: systemClock, print: async () => {}, state: null }));
  await assert.rejects(
    pipeline.run(new AbortController().signal),
    code('FILE_UNREADABLE', /\/none\/such: there is no such/),
  );
  await assert.rejects(copied({ 'a.gz': 'not packed' }, "'format' = 'csv'"), code('FILE_UNREADABLE', /a\.gz/));
});

test('options of another format are refused', async () => {
  const sql = `CREATE TABLE a (id INT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'json', 'csv.null-literal' = '');`;
  await assert.rejects(
    fileJob(sql, { folder: '.', expand: (text) => text, hide: () => {} }),
    code('SQL_INVALID', /csv\.null-literal/),
  );
});
