import { Buffer, isUtf8 } from 'node:buffer';
import type { CommandCall } from '../command.ts';
import { type DeadLetterLine, isUnreadable, type RefusedLine } from '../dead-letter-line.ts';
import { chosenLetters } from '../dlq/chosen-letters.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { UnreadableLine } from '../unreadable-line.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const chosen = await chosenLetters(call, false);
  if (chosen === null) return exitCode.configInvalid;
  const { letters } = chosen;
  const limit = call.count('limit', 1) ?? letters.length;
  for (const letter of letters.slice(0, limit)) {
    const shown = shownOf(letter);
    await call.terminal.print(call.format === 'jsonl' ? `${JSON.stringify(shown)}\n` : letterText(letter));
  }
  if (call.format === 'human' && letters.length > limit) call.terminal.say(`${letters.length - limit} more`);
  return exitCode.ok;
};

const shownOf = (letter: DeadLetterLine): object => {
  if (isUnreadable(letter)) return letter;
  const { definition: _, origin: __, ...shown } = letter;
  return shown;
};

const letterText = (letter: DeadLetterLine): string => (isUnreadable(letter) ? messageText(letter) : rowText(letter));

const messageText = ({ id, position, time, code, message, key, value, headers }: UnreadableLine): string =>
  `${[
    `${id}  message at ${position}  ${time}`,
    `  ${code}  ${message}`,
    ...headers.map(([name, bytes]) => `  header ${name}  ${bytesText(bytes)}`),
    `  key    ${bytesText(key)}`,
    `  value  ${bytesText(value)}`,
  ].join('\n')}\n`;

/** Bytes that are text as text, others in hexadecimal digits. */
const bytesText = (base64: string | null): string => {
  if (base64 === null) return 'none';
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0) return 'empty';
  return isUtf8(bytes) && !controls.test(bytes.toString()) ? bytes.toString() : `0x${bytes.toString('hex')}`;
};

/** What a terminal would act on instead of showing it. */
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const rowText = (letter: RefusedLine): string => {
  const row = (name: string, image: RefusedLine['after']): string[] =>
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
