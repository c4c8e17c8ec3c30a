/**
 * Records what Flink's planner says of every query of testdata/queries.txt: its columns with their types, and its changelog mode.
 *
 *     FLINK_LIB=.../lib node scripts/record-sql-queries.ts
 *
 * FLINK_LIB is a folder with Flink 1.20.3's jars, the planner's loader among them.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const lib = process.env['FLINK_LIB'];
if (!lib) throw new Error('set FLINK_LIB; see the top of this script');
const testdata = fileURLToPath(new URL('../src/sql/testdata/', import.meta.url));
const queries = readFileSync(`${testdata}queries.txt`, 'utf8').trimEnd().split('\n');
const program = fileURLToPath(new URL('flink/QueryPlans.java', import.meta.url));
const { stdout, stderr } = spawnSync('java', ['-Xmx1g', '-cp', `${lib}/*`, program], {
  input: `${queries.map((query) => Buffer.from(query).toString('base64')).join('\n')}\n`,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
});
const answers = stdout.split('\n').filter((line) => line.startsWith('ANSWER '));
if (answers.length !== queries.length) throw new Error(`${answers.length} answers\n${stderr.slice(0, 3000)}`);
const decode = (text: string): string => Buffer.from(text.slice(1), 'base64').toString();
const results = queries.map((query, index) => {
  const [, columns = '', mode = ''] = answers[index]!.split(' ');
  if (columns === 'refused') return { query, refused: decode(mode) };
  return { query, columns: decode(columns).split('\n'), changelog: decode(mode) };
});
writeFileSync(`${testdata}queries.json`, `${JSON.stringify({ flink: '1.20.3', results }, null, 1)}\n`);
process.stderr.write(`${results.length} queries\n`);
