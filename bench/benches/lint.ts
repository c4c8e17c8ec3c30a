import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { timedProcess } from '../timed-process.ts';

const FILES = 100;

/** The whole process, from its start to its end: `lint` of 100 files, and `--help` beside it. */
export const lint = async (rounds: number): Promise<readonly Result[]> => {
  build();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const files = Array.from({ length: FILES }, (_, index) => join(folder, `pipeline-${index}.yaml`));
    for (const [index, file] of files.entries()) writeFileSync(file, pipelineText(index));
    const runs: Run[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const run = await timed(['lint', '-q', ...files]);
      const help = await timed(['--help']);
      process.stderr.write(
        `lint  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${run.seconds.toFixed(3)} s\n`,
      );
      const figures = { lintOf100FilesMs: run.seconds * 1000, helpMs: help.seconds * 1000 };
      if (round > 0) runs.push({ rows: FILES, figures, ...run });
    }
    return summarise('lint', new Map([['millrace', runs]]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Alternates between the sinks, with routes and tests, so that every part of a file is read. */
const pipelineText = (index: number): string =>
  [
    'source:',
    '  type: mysql',
    `  hostname: db${index}`,
    '  username: millrace',
    `  password: \${PASSWORD:-}`,
    '  tables: shop.orders, shop.customers, app_[0-9]+.orders_\\d+',
    '  columns.mask: shop.customers.email',
    'sink:',
    ...(index % 2 === 0
      ? ['  type: sqlite', `  path: mirror-${index}.db`]
      : ['  type: file', '  path: changes.ndjson']),
    'route:',
    '  - source-table: shop.\\.*',
    '    sink-table: ods.%{table}',
    'pipeline:',
    `  name: pipeline-${index}`,
    '  retry: {attempts: 5}',
    'tests:',
    '  - input: [{table: shop.orders, after: {id: 1}}]',
    '    output: [{table: ods.orders, after: {id: 1}}]',
    '',
  ].join('\n');

const timed = async (args: readonly string[]) =>
  await timedProcess([process.execPath, ...publishedFlags, builtCommand, ...args]);
