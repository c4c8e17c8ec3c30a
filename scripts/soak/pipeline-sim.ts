import { simulatePipeline } from '../../src/testing/pipeline-simulation.ts';
import type { Soak } from './soak.ts';

/** Simulated pipelines, one per seed: see src/testing/pipeline-simulation.ts. */
export const soak: Soak = {
  options: { seeds: 10_000, seed: 1 },
  async run({ seeds = 0, seed: first = 0 }, progress) {
    const sums = { seeds: 0, transactions: 0, writes: 0, retries: 0, kills: 0, takeovers: 0, restarts: 0 };
    for (let seed = first; seed < first + seeds; seed += 1) {
      const report = await simulatePipeline(seed);
      sums.seeds += 1;
      for (const key of Object.keys(report) as (keyof typeof report)[]) sums[key] += report[key];
      if (sums.seeds % 100 === 0) progress(`${sums.seeds} of ${seeds} seeds, ${sums.kills} kills`);
    }
    return sums;
  },
};
