import { position } from '../../core/position.ts';
import { isAboutRows } from '../../pipeline/dead-letters.ts';
import type { CommandCall } from '../command.ts';
import { changeOf, type RefusedLine } from '../dead-letter-line.ts';
import type { ChosenLetters } from './chosen-letters.ts';
import { openReplaySink, type Replay, replayContext, replayLane } from './replay.ts';

/** Writes refused rows to the sinks that refused them, as they were. */
export const replayRows = async (
  chosen: ChosenLetters,
  letters: readonly RefusedLine[],
  call: CommandCall,
  { replayed, refused }: Replay,
): Promise<void> => {
  for (const [name, of] of Map.groupBy(letters, ({ sink }) => sink)) {
    await using sink = await openReplaySink(chosen, name, replayContext(chosen, call));
    for (const letter of of) {
      const { id } = letter;
      const batch = { changes: [changeOf(letter)], positions: new Map([[replayLane, position(id)]]), version: id };
      try {
        await sink.write(batch, new AbortController().signal);
      } catch (error) {
        if (!isAboutRows(error)) throw error;
        const { code, message } = error as Error & { code: string };
        refused({ id, code, message });
        continue;
      }
      // Written before it is settled: a kill in between writes the same row once more.
      await replayed(id);
    }
  }
};
