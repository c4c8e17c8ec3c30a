import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { confirm } from '../confirm.ts';
import { DeadLetterFile } from '../dead-letter-file.ts';
import { chosenLetters } from '../dlq/chosen-letters.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const chosen = await chosenLetters(call, true);
  if (chosen === null) return exitCode.configInvalid;
  const { letters, path, pipeline } = chosen;
  const what = letters.length === 1 ? 'one letter is' : `${letters.length} letters are`;
  await confirm(call, `${what} dropped; the rows are nowhere else`, pipeline.name);
  const file = new DeadLetterFile(path, systemClock);
  for (const { id } of letters) await file.settle(id, 'dropped');
  if (call.format === 'json') await call.terminal.print(envelope('dlq drop', { dropped: letters.map(({ id }) => id) }));
  else if (!call.flag('quiet')) call.terminal.say(`${letters.length} dropped`);
  return exitCode.ok;
};
