import type { CommandCall } from '../command.ts';
import type { DeadLetterLine } from '../dead-letter-line.ts';
import { chosenLetters } from '../dlq/chosen-letters.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { letters } = await chosenLetters(call, false);
  const limit = call.count('limit', 1) ?? letters.length;
  for (const letter of letters.slice(0, limit)) {
    const { definition: _, origin: __, ...shown } = letter;
    await call.terminal.print(call.format === 'jsonl' ? `${JSON.stringify(shown)}\n` : letterText(letter));
  }
  if (call.format === 'human' && letters.length > limit) call.terminal.say(`${letters.length - limit} more`);
  return exitCode.ok;
};

const letterText = (letter: DeadLetterLine): string => {
  const row = (name: string, image: DeadLetterLine['after']): string[] =>
    image === null
      ? []
      : [`  ${name}`, ...Object.entries(image).map(([column, value]) => `    ${column}  ${JSON.stringify(value)}`)];
  return `${[
    `${letter.id}  ${letter.op} ${letter.database}.${letter.table}  at ${letter.position}  ${letter.time}`,
    `  ${letter.code}  ${letter.message}`,
    ...row('before', letter.before),
    ...row('after', letter.after),
  ].join('\n')}\n`;
};
