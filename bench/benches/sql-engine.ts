import { fileURLToPath } from 'node:url';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { dbIvm } from '../peers.ts';
import type { Result } from '../result.ts';

/** GROUP BY with COUNT and SUMs: a million rows, ten thousand groups. */
export const sqlGroupBy = (rounds: number): Promise<readonly Result[]> => engines('sql-groupby', 'groupby', rounds);

/** An equi-join of two tables of a hundred thousand rows that both grow. */
export const sqlJoin = (rounds: number): Promise<readonly Result[]> => engines('sql-join', 'join', rounds);

/** The three highest rows of each of ten thousand keys, with their places: three hundred thousand rows. */
export const sqlTop = (rounds: number): Promise<readonly Result[]> => engines('sql-top', 'top', rounds);

/** A running total beside each row, in ten thousand partitions: three hundred thousand rows. */
export const sqlOver = (rounds: number): Promise<readonly Result[]> => engines('sql-over', 'over', rounds);

const engines = (
  bench: string,
  query: 'groupby' | 'join' | 'top' | 'over',
  rounds: number,
): Promise<readonly Result[]> => {
  const comparable = query === 'groupby' || query === 'join';
  const peer = comparable ? dbIvm(query) : null;
  if (comparable && peer === null)
    process.stderr.write(`${bench}  @tanstack/db-ivm left out: npm could not install it\n`);
  const contender = fileURLToPath(new URL('../contenders/sql-engine.ts', import.meta.url));
  const own = { name: 'millrace', command: process.execPath, args: [...publishedFlags, contender, query] };
  return measure(bench, peer === null ? [own] : [own, peer], rounds);
};
