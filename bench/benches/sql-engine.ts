import { fileURLToPath } from 'node:url';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { dbIvm } from '../peers.ts';
import type { Result } from '../result.ts';

/** GROUP BY with COUNT and SUMs: a million rows, ten thousand groups. */
export const sqlGroupBy = (rounds: number): Promise<readonly Result[]> => engines('sql-groupby', 'groupby', rounds);

/** An equi-join of two tables of a hundred thousand rows that both grow. */
export const sqlJoin = (rounds: number): Promise<readonly Result[]> => engines('sql-join', 'join', rounds);

const engines = (bench: string, query: 'groupby' | 'join', rounds: number): Promise<readonly Result[]> => {
  const peer = dbIvm(query);
  if (peer === null) process.stderr.write(`${bench}  @tanstack/db-ivm left out: npm could not install it\n`);
  const contender = fileURLToPath(new URL('../contenders/sql-engine.ts', import.meta.url));
  const own = { name: 'millrace', command: process.execPath, args: [...publishedFlags, contender, query] };
  return measure(bench, peer === null ? [own] : [own, peer], rounds);
};
