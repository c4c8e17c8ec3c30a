import { type Result, type Run, summarise } from './result.ts';
import { type Contender, runContender } from './run-contender.ts';

/** Runs all contenders in turn, round after round (A B C, A B C, …) after one warm-up of each, and folds the rounds. */
export const measure = async (
  bench: string,
  contenders: readonly Contender[],
  rounds: number,
): Promise<readonly Result[]> => {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const run = await runContender(contender);
      process.stderr.write(
        `${bench}  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${contender.name}  ${Math.round(run.rows / run.seconds).toLocaleString('en')} rows/s\n`,
      );
      if (round > 0) runs.get(contender.name)!.push(run);
    }
  }
  return summarise(bench, runs);
};
