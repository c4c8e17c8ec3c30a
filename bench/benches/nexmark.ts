import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type NexmarkQuery, nexmarkQueries } from '../../src/testing/nexmark/nexmark-queries.ts';
import { publishedFlags } from '../built.ts';
import { flinkName, runFlink } from '../peers/flink.ts';
import { flinkNexmark, nexmarkLines } from '../peers/flink-nexmark.ts';
import { type Absent, type Result, type Run, summarise } from '../result.ts';
import { runContender } from '../run-contender.ts';

/** Enough for five windows of ten seconds, at the ten thousand events a second that the events' own times have. */
const EVENTS = 500_000;
/** What of them Flink is asked for too: it takes some seconds for each. q6 is none for Flink, which ranks no rows that change. */
const besideFlink: readonly NexmarkQuery[] = ['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q7', 'q9', 'q16', 'q18', 'q22'];

/**
 * Every query of Nexmark but q10, each alone in a process of one thread: rows are events of all three kinds. Flink's jobs come one after
 * another in one process, from a file of the same events.
 */
export const nexmark = async (rounds: number): Promise<readonly (Result | Absent)[]> => {
  const queries = Object.keys(nexmarkQueries) as NexmarkQuery[];
  const own = new Map(queries.map((query): [NexmarkQuery, Run[]] => [query, []]));
  const flink = new Map(besideFlink.map((query): [NexmarkQuery, Run[]] => [query, []]));
  let absent: string | null = null;
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-nexmark-'));
  const file = join(folder.path, 'events.json.gz');
  writeFileSync(file, gzipSync(nexmarkLines(EVENTS), { level: 1 }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const query of queries) {
      const run = await runContender(millrace(query));
      if (round > 0) own.get(query)!.push(run);
      tell(round, `nexmark-${query}  millrace`, run);
    }
    // Its first jobs in a process are its warm-up.
    if (round === 0 || absent !== null) continue;
    const runs = await runFlink(flinkNexmark(file, besideFlink, EVENTS), 600_000);
    if (typeof runs === 'string') absent = runs;
    else {
      for (const [at, query] of besideFlink.entries()) {
        const run = runs.at(at - besideFlink.length)!;
        flink.get(query)!.push(run);
        tell(round, `nexmark-${query}  ${flinkName}`, run);
      }
    }
  }
  const results = queries.flatMap((query): readonly Result[] => {
    const runs = new Map([['millrace', own.get(query)!]]);
    if (absent === null && flink.has(query)) runs.set(flinkName, flink.get(query)!);
    return summarise(`nexmark-${query}`, runs);
  });
  return [
    ...results,
    ...(absent === null ? [] : [{ bench: 'nexmark', contender: flinkName, absent }]),
    { bench: 'nexmark', contender: '@tanstack/db-ivm 0.2.0', absent: 'it has no SQL, and no windows over event time' },
  ];
};

const millrace = (query: NexmarkQuery) => ({
  name: 'millrace',
  command: process.execPath,
  args: [...publishedFlags, fileURLToPath(new URL('../contenders/nexmark.ts', import.meta.url)), query, String(EVENTS)],
});

const tell = (round: number, what: string, { rows, seconds }: Run): void => {
  const rate = Math.round(rows / seconds).toLocaleString('en');
  process.stderr.write(`${what}  ${round === 0 ? 'warm-up' : `round ${round}`}  ${rate} events/s\n`);
};
