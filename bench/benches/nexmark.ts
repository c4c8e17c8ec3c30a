import { fileURLToPath } from 'node:url';
import { nexmarkQueries } from '../../src/testing/nexmark/nexmark-queries.ts';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import type { Result } from '../result.ts';

/** Enough for five windows of ten seconds, at the ten thousand events a second that the events' own times have. */
const EVENTS = 500_000;

/** Every query of Nexmark but q10, each alone in a process of one thread: rows are events of all three kinds. */
export const nexmark = async (rounds: number): Promise<readonly Result[]> => {
  const contender = fileURLToPath(new URL('../contenders/nexmark.ts', import.meta.url));
  const results: Result[] = [];
  for (const query of Object.keys(nexmarkQueries)) {
    const args = [...publishedFlags, contender, query, String(EVENTS)];
    const own = { name: 'millrace', command: process.execPath, args };
    results.push(...(await measure(`nexmark-${query}`, [own], rounds)));
  }
  return results;
};
