/**
 * Records what Flink itself computes for every expression of testdata/expressions.txt: its type and value, or that it refuses it.
 *
 *     FLINK_LIB=.../lib node scripts/record-sql-expressions.ts
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
const expressions = readFileSync(`${testdata}expressions.txt`, 'utf8').trimEnd().split('\n');
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
const results = expressions.map((expression, index) => {
  const [, kind, first = '', second = ''] = answers[index]!.split(' ');
  return kind === 'value'
    ? { expression, type: decode(first), value: decode(second) }
    : { expression, refusedAt: first, message: decode(second) };
});
writeFileSync(`${testdata}expressions.json`, `${JSON.stringify({ flink: '1.20.3', results }, null, 1)}\n`);
process.stderr.write(
  `${results.length} expressions, ${results.filter((result) => 'value' in result).length} with a value\n`,
);
