/**
 * Records what Flink itself computes for the expressions of testdata/expressions.txt: its type and value, or that it refuses it. What has been
 * recorded is kept, since Flink takes a second for each; `--all` asks anew.
 *
 *     FLINK_LIB=.../lib node scripts/record-sql-expressions.ts [--all]
 *
 * FLINK_LIB is a folder with Flink 1.20.3's jars, the planner's loader among them; a JVM of version 17 runs them in one process.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inputRow } from '../src/sql/testdata/input-row.ts';

const lib = process.env['FLINK_LIB'];
if (!lib) throw new Error('set FLINK_LIB; see the top of this script');
const testdata = fileURLToPath(new URL('../src/sql/testdata/', import.meta.url));
const written = readFileSync(`${testdata}expressions.txt`, 'utf8').trimEnd().split('\n');
const { results: before } = JSON.parse(readFileSync(`${testdata}expressions.json`, 'utf8')) as {
  readonly results: readonly { readonly expression: string }[];
};
const known = new Map(process.argv.includes('--all') ? [] : before.map((result) => [result.expression, result]));
const expressions = written.filter((expression) => !known.has(expression));
if (expressions.length === 0) throw new Error('every expression has been recorded');
const opened = [
  'lang',
  'net',
  'io',
  'nio',
  'text',
  'time',
  'util',
  'util.concurrent',
  'util.concurrent.atomic',
  'lang.reflect',
];
const { stdout, stderr } = spawnSync(
  'java',
  [
    ...opened.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
    '-Xmx1g',
    '-cp',
    `${lib}/*`,
    fileURLToPath(new URL('flink/ExpressionResults.java', import.meta.url)),
  ],
  {
    input: `${expressions.map((expression) => Buffer.from(expression).toString('base64')).join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, FLINK_FROM: `SELECT ${inputRow.map(({ name, sql }) => `${sql} AS ${name}`).join(', ')}` },
  },
);
const answers = stdout.split('\n').filter((line) => line.startsWith('ANSWER '));
if (answers.length !== expressions.length) throw new Error(`${answers.length} answers\n${stderr.slice(0, 3000)}`);
const decode = (text: string): string => Buffer.from(text.slice(1), 'base64').toString();
for (const [index, expression] of expressions.entries()) {
  const [, kind, first = '', second = ''] = answers[index]!.split(' ');
  const said =
    kind === 'value'
      ? { expression, type: decode(first), value: decode(second) }
      : { expression, refusedAt: first, message: decode(second) };
  known.set(expression, said);
}
const results = written.map((expression) => known.get(expression)!);
writeFileSync(`${testdata}expressions.json`, `${JSON.stringify({ flink: '1.20.3', results }, null, 1)}\n`);
process.stderr.write(
  `${results.length} expressions, ${results.filter((result) => 'value' in result).length} with a value\n`,
);
