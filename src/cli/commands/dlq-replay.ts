import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { DeadLetterFile } from '../dead-letter-file.ts';
import { isRefused, isUnreadable } from '../dead-letter-line.ts';
import { chosenLetters } from '../dlq/chosen-letters.ts';
import type { RefusedAgain, Replay } from '../dlq/replay.ts';
import { replayMessages } from '../dlq/replay-messages.ts';
import { replayRows } from '../dlq/replay-rows.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const chosen = await chosenLetters(call, true);
  if (chosen === null) return exitCode.configInvalid;
  const file = new DeadLetterFile(chosen.path, systemClock);
  const replayed: string[] = [];
  const refused: RefusedAgain[] = [];
  const replay: Replay = {
    replayed: async (id) => {
      await file.settle(id, 'replayed');
      replayed.push(id);
    },
    refused: (letter) => refused.push(letter),
  };
  const messages = chosen.letters.filter(isUnreadable);
  const rows = chosen.letters.filter(isRefused);
  if (messages.length > 0) await replayMessages(chosen, messages, call, replay);
  if (rows.length > 0) await replayRows(chosen, rows, call, replay);
  if (call.format === 'json') await call.terminal.print(envelope('dlq replay', { replayed, refused }));
  else {
    for (const { id, message } of refused) call.terminal.say(`${id}  ${message}`);
    if (!call.flag('quiet')) call.terminal.say(`${replayed.length} replayed, ${refused.length} refused again`);
  }
  return refused.length === 0 ? exitCode.ok : exitCode.failed;
};
