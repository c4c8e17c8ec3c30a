import { type Absent, type Result, type Run, summarise } from './result.ts';
import { type Contender, runContender } from './run-contender.ts';

/** A contender that is not one program: gives a run, or why there is none. */
export interface Peer {
  readonly name: string;
  readonly run: () => Promise<Run | string>;
}

/** Runs all contenders in turn, round after round (A B C, A B C, …) after one warm-up of each, and folds the rounds. */
export const measure = async (
  bench: string,
  contenders: readonly Contender[],
  rounds: number,
): Promise<readonly Result[]> => {
  const peers = contenders.map((contender) => ({ name: contender.name, run: () => runContender(contender) }));
  return (await measureWithPeers(bench, peers, rounds)) as readonly Result[];
};

/** The same with peers that may be absent: those are not asked again, and stand behind the others. */
export const measureWithPeers = async (
  bench: string,
  peers: readonly Peer[],
  rounds: number,
): Promise<readonly (Result | Absent)[]> => {
  const runs = new Map<string, Run[]>(peers.map(({ name }) => [name, []]));
  const absent: Absent[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, run: runPeer } of peers) {
      if (!runs.has(name)) continue;
      const run = await runPeer();
      if (typeof run === 'string') {
        process.stderr.write(`${bench}  ${name} left out: ${run}\n`);
        runs.delete(name);
        absent.push({ bench, contender: name, absent: run });
        continue;
      }
      process.stderr.write(
        `${bench}  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${name}  ${Math.round(run.rows / run.seconds).toLocaleString('en')} rows/s\n`,
      );
      if (round > 0) runs.get(name)!.push(run);
    }
  }
  return [...summarise(bench, runs), ...absent];
};
