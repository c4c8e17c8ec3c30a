import { fileURLToPath } from 'node:url';
import { publishedFlags } from '../built.ts';
import { measure, measureWithPeers, type Peer } from '../measure.ts';
import { flinkName, runFlink } from '../peers/flink.ts';
import { flinkQueries } from '../peers/flink-queries.ts';
import { dbIvm } from '../peers.ts';
import type { Absent, Result } from '../result.ts';
import { type Contender, runContender } from '../run-contender.ts';

/** GROUP BY with COUNT and SUMs: a million rows, ten thousand groups. */
export const sqlGroupBy = (rounds: number): Promise<readonly (Result | Absent)[]> =>
  besidePeers('sql-groupby', 'groupby', rounds);

/** An equi-join of two tables of a hundred thousand rows that both grow. */
export const sqlJoin = (rounds: number): Promise<readonly (Result | Absent)[]> =>
  besidePeers('sql-join', 'join', rounds);

/** The three highest rows of each of ten thousand keys, with their places: three hundred thousand rows. */
export const sqlTop = (rounds: number): Promise<readonly Result[]> => measure('sql-top', [millrace('top')], rounds);

/** A running total beside each row, in ten thousand partitions: three hundred thousand rows. */
export const sqlOver = (rounds: number): Promise<readonly Result[]> => measure('sql-over', [millrace('over')], rounds);

const millrace = (query: 'groupby' | 'join' | 'top' | 'over'): Contender => ({
  name: 'millrace',
  command: process.execPath,
  args: [...publishedFlags, fileURLToPath(new URL('../contenders/sql-engine.ts', import.meta.url)), query],
});

const besidePeers = (
  bench: string,
  query: 'groupby' | 'join',
  rounds: number,
): Promise<readonly (Result | Absent)[]> => {
  const own = millrace(query);
  const ivm = dbIvm(query);
  const peers: readonly Peer[] = [
    { name: own.name, run: () => runContender(own) },
    {
      name: '@tanstack/db-ivm 0.2.0',
      run: async () => (ivm === null ? 'npm could not install it' : await runContender(ivm)),
    },
    {
      name: flinkName,
      run: async () => {
        const runs = await runFlink(flinkQueries[query], 120_000);
        return typeof runs === 'string' ? runs : runs.at(-1)!;
      },
    },
  ];
  return measureWithPeers(bench, peers, rounds);
};
