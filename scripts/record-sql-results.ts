/**
 * Records what queries over changing tables have come to on Flink itself when its inputs ended, for the test that holds the engine to it:
 *
 *     FLINK_LIB=.../lib node scripts/record-sql-results.ts
 *
 * FLINK_LIB is a folder with Flink 1.20.3's jars, those for files and JSON among them; a JVM of version 17 runs them in one process.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asTexts, flinkLines, flinkShop, shopTables } from '../src/testing/changing-shop.ts';
import { finalQueries } from '../src/testing/final-queries.ts';

const lib = process.env['FLINK_LIB'];
if (!lib) throw new Error('set FLINK_LIB; see the top of this script');

/** What rows of texts came to, of the messages that say how they changed; null: a row goes that had not come. */
const lastRows = (folder: string): readonly string[] | null => {
  // A result that never had a row has no file.
  if (!existsSync(folder)) return [];
  const counts = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean)) {
      const { op, before, after } = JSON.parse(line) as { op: 'c' | 'd'; before: object | null; after: object | null };
      const row = JSON.stringify(Object.values((op === 'c' ? after : before)!));
      counts.set(row, (counts.get(row) ?? 0) + (op === 'c' ? 1 : -1));
    }
  }
  if ([...counts.values()].some((count) => count < 0)) return null;
  return [...counts].flatMap(([row, count]) => new Array<string>(count).fill(row)).sort();
};

const folder = mkdtempSync(join(tmpdir(), 'millrace-results-'));
try {
  for (const table of shopTables.names)
    writeFileSync(join(folder, `${table}.json`), `${flinkLines(table).join('\n')}\n`);
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const opened = ['lang', 'net', 'io', 'nio', 'text', 'time', 'util', 'util.concurrent', 'lang.reflect'];
  const options = opened.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`);
  const program = fileURLToPath(new URL('flink/FinalTables.java', import.meta.url));
  const lines = [
    ...flinkShop(folder).map(encode),
    '',
    ...[join(folder, 'out'), ...finalQueries.map(asTexts)].map(encode),
  ];
  const { stdout, stderr } = spawnSync('java', [...options, '-Xmx2g', '-cp', `${lib}/*`, program], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 900_000,
  });
  const answers = stdout.split('\n').filter((line) => line.startsWith('ANSWER '));
  if (answers.length !== finalQueries.length) throw new Error(`${answers.length} answers\n${stderr.slice(0, 3000)}`);
  const results = finalQueries.map((query, at) => {
    const [, kind, text = ''] = answers[at]!.split(' ');
    if (kind === 'ran') {
      const rows = lastRows(join(folder, 'out', String(at)));
      return rows === null ? { query, wrong: 'a row goes that had not come' } : { query, rows };
    }
    const reason = Buffer.from(text.slice(1), 'base64').toString();
    if (kind === 'failed') throw new Error(`${query}: ${reason}`);
    return { query, refused: reason };
  });
  const target = fileURLToPath(new URL('../src/sql/testdata/results.json', import.meta.url));
  writeFileSync(target, `${JSON.stringify({ flink: '1.20.3', results }, null, 1)}\n`);
  process.stderr.write(
    `${results.length} queries, ${results.filter((result) => 'refused' in result).length} of them refused\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
