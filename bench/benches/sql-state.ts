import { fileURLToPath } from 'node:url';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import type { Result } from '../result.ts';

/** GROUP BY over many keys: with what it remembers in memory alone, kept on disk too, and mostly on disk. */
export const sqlState = (rounds: number): Promise<readonly Result[]> => {
  const contender = fileURLToPath(new URL('../contenders/sql-state.ts', import.meta.url));
  const run = (name: string, keys: number, memory: string) => ({
    name,
    command: process.execPath,
    args: [...publishedFlags, contender, String(keys), memory],
  });
  return measure(
    'sql-state',
    [
      run('millrace', 1_000_000, 'none'),
      run('millrace, 1 M keys kept', 1_000_000, '4096'),
      run('millrace, 1 M keys, 64 MiB', 1_000_000, '64'),
      run('millrace, 5 M keys, 192 MiB', 5_000_000, '192'),
    ],
    rounds,
  );
};
