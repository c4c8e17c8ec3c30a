import type { CommandCall } from '../command.ts';
import { type DeadLetterLine, isUnreadable } from '../dead-letter-line.ts';
import { chosenLetters } from '../dlq/chosen-letters.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const chosen = await chosenLetters(call, false);
  if (chosen === null) return exitCode.configInvalid;
  const { letters } = chosen;
  const groups = [...Map.groupBy(letters, groupName).values()].map(groupOf).sort((a, b) => b.letters - a.letters);
  if (call.format === 'json') {
    await call.terminal.print(envelope('dlq list', { letters: letters.length, groups }));
    return exitCode.ok;
  }
  if (groups.length === 0) {
    if (!call.flag('quiet')) call.terminal.say('no dead letters');
    return exitCode.ok;
  }
  const rows = groups.map((group) => [
    group.code,
    String(group.letters),
    group.sink ?? '-',
    group.table ?? `topic ${group.topic}`,
    group.first,
    group.last,
    group.message,
  ]);
  await call.terminal.print(
    `${textTable(['code', 'letters', 'sink', 'table', 'first', 'last', 'latest message'], rows)}\n`,
  );
  return exitCode.ok;
};

/** What a letter is about: a table of a sink, or a topic that was read. */
const aboutOf = (letter: DeadLetterLine) =>
  isUnreadable(letter)
    ? { sink: null, table: null, topic: letter.topic }
    : { sink: letter.sink, table: `${letter.database}.${letter.table}`, topic: null };

const groupName = (letter: DeadLetterLine): string => JSON.stringify([letter.code, aboutOf(letter)]);

const groupOf = (letters: readonly DeadLetterLine[]) => {
  const [first, last] = [letters[0]!, letters.at(-1)!];
  return {
    code: first.code,
    letters: letters.length,
    ...aboutOf(first),
    first: first.time,
    last: last.time,
    message: last.message,
  };
};
