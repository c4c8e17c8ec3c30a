/**
 * Records which functions Flink itself lists, for the test that holds docs/sql/functions.md to them:
 *
 *     FLINK_PLANNER=.../flink-table-planner.jar FLINK_LIB=.../lib node scripts/record-sql-functions.ts
 *
 * FLINK_LIB is a folder with Flink 1.20.3's jars; flink-table-planner.jar lies inside flink-table-planner-loader's.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const planner = process.env['FLINK_PLANNER'];
const lib = process.env['FLINK_LIB'];
if (!planner || !lib) throw new Error('set FLINK_PLANNER and FLINK_LIB; see the top of this script');

const program = fileURLToPath(new URL('flink/FunctionNames.java', import.meta.url));
const { stdout, stderr, status } = spawnSync('java', ['-cp', `${planner}:${lib}/*`, program], { encoding: 'utf8' });
const names = stdout.trim().split('\n');
if (status !== 0 || names.length < 100) throw new Error(`java answered ${names.length} names\n${stderr}`);
const target = fileURLToPath(new URL('../src/sql/testdata/flink-functions.json', import.meta.url));
writeFileSync(target, `${JSON.stringify({ flink: '1.20.3', names }, null, 1)}\n`);
process.stderr.write(`${names.length} functions\n`);
