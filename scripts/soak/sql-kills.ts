import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faults, runAndKill, runToFault } from '../../src/testing/killed-job.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { assertJobDone } from '../../src/testing/sql-job.ts';
import type { Soak } from './soak.ts';

/**
 * A job of stream SQL, killed `--kills` times: at each step of a commit group and of a checkpoint, those first at which it was killed least, and
 * at whatever it does. Each time that it comes to the end of its history, what it left is compared with SQLite's answers, and another
 * history begins. A step at which it was never killed is a failure of the soak.
 */
export const soak: Soak = {
  options: { kills: 200, seed: 1 },
  async run({ kills = 0, seed = 0 }, progress) {
    const random = new SeededRandom(seed);
    let [killed, histories, restored] = [0, 0, 0];
    const steps = new Map<string, number>(faults.map((fault) => [fault, 0]));
    while (killed < kills) {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-sql-kills-'));
      const transactions = 3_000;
      const args = [folder.path, String(seed + histories), String(transactions)];
      for (let isThrough = false; !isThrough; ) {
        const fault = faults.toSorted((a, b) => steps.get(a)! - steps.get(b)!)[0]!;
        const isAimed = random.chance(0.5);
        const ticks = random.integer(1, 120);
        const run =
          killed >= kills
            ? await runAndKill(args, Number.POSITIVE_INFINITY)
            : isAimed
              ? await runToFault(args, fault, random.integer(1, 25))
              : await runAndKill(args, ticks);
        if (/goes on from its checkpoint/.test(run.said)) restored += 1;
        assert.doesNotMatch(run.said, /STATE_/);
        if (run.killed && isAimed) steps.set(fault, steps.get(fault)! + 1);
        if (run.killed) killed += 1;
        else isThrough = true;
        progress(`${killed} kills, ${histories} histories through`);
      }
      assertJobDone(folder.path, seed + histories, transactions);
      histories += 1;
    }
    const missed = [...steps].filter(([, count]) => count === 0).map(([step]) => step);
    // Fewer kills than this leave some steps to another run.
    if (kills >= 4 * faults.length) assert.deepEqual(missed, [], 'steps at which it was never killed');
    return { kills: killed, histories, restored, different: 0, ...Object.fromEntries(steps) };
  },
};
