/**
 * Records what Flink's own parser says about every statement of the corpus, for tests that need no JVM afterwards:
 *
 *     FLINK_PLANNER=.../flink-table-planner.jar FLINK_LIB=.../lib node scripts/record-sql-verdicts.ts
 *
 * FLINK_LIB is a folder with Flink 1.20.3's jars; flink-table-planner.jar lies inside flink-table-planner-loader's.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCorpus } from '../src/sql/testdata/corpus.ts';

const planner = process.env['FLINK_PLANNER'];
const lib = process.env['FLINK_LIB'];
if (!planner || !lib) throw new Error('set FLINK_PLANNER and FLINK_LIB; see the top of this script');

const statements = readCorpus();
const input = statements.map((statement) => Buffer.from(statement).toString('base64')).join('\n');
const program = fileURLToPath(new URL('flink/ParserVerdicts.java', import.meta.url));
const { stdout, stderr, status } = spawnSync('java', ['-cp', `${planner}:${lib}/*`, program], {
  input: `${input}\n`,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
});
const lines = stdout.trim().split('\n');
if (status !== 0 || lines.length !== statements.length)
  throw new Error(`java answered ${lines.length} lines\n${stderr}`);

const verdicts = statements.map((statement, index) => {
  const [verdict, message = ''] = lines[index]!.split(' ');
  return {
    statement,
    flink: verdict,
    ...(message === '' ? {} : { message: Buffer.from(message, 'base64').toString() }),
  };
});
const target = fileURLToPath(new URL('../src/sql/testdata/verdicts.json', import.meta.url));
writeFileSync(target, `${JSON.stringify({ flink: '1.20.3', verdicts }, null, 1)}\n`);
process.stderr.write(
  `${verdicts.length} statements, ${verdicts.filter(({ flink }) => flink === 'accept').length} accepted\n`,
);
