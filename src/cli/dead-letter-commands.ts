import type { CommandSpec, OptionSpec } from './command.ts';
import { fileOptions } from './file-commands.ts';
import { yes } from './operating-commands.ts';

const letterOptions: Readonly<Record<string, OptionSpec>> = {
  code: { value: 'CODE', describe: 'Only letters with this error code.' },
  pipeline: { value: 'NAME', describe: 'The pipeline, where a file has several that keep dead letters.' },
};

/** What is done about rows that sinks refused. */
export const deadLetterCommands: readonly CommandSpec[] = [
  {
    name: 'dlq list',
    effect: 'reads',
    summary: 'Count refused rows and unreadable messages, by error code and table or topic.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: { ...letterOptions, ...fileOptions },
    examples: [{ command: 'millrace dlq list orders.yaml', does: 'say what was refused, why and how often' }],
    load: () => import('./commands/dlq-list.ts'),
  },
  {
    name: 'dlq show',
    effect: 'reads',
    summary: 'Print refused rows and unreadable messages with their reason, place and values.',
    arguments: 'FILE [ID...]',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'jsonl'],
    options: {
      ...letterOptions,
      limit: { value: 'N', describe: 'End after printing this many.' },
      ...fileOptions,
    },
    examples: [
      { command: 'millrace dlq show orders.yaml --limit 5', does: 'print the five oldest' },
      { command: 'millrace dlq show orders.yaml --code SINK_ROW_REFUSED -o jsonl', does: 'one JSON object a line' },
    ],
    load: () => import('./commands/dlq-show.ts'),
  },
  {
    name: 'dlq replay',
    effect: 'writes',
    summary: 'Write refused rows and unreadable messages again, once the cause is repaired.',
    arguments: 'FILE [ID...]',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: { ...letterOptions, all: { describe: 'Every letter.' }, ...fileOptions },
    examples: [
      { command: 'millrace dlq replay orders.yaml --all', does: 'write all of them, oldest first' },
      { command: 'millrace dlq replay orders.yaml 3f9a1c20b7de', does: 'write one' },
    ],
    notes: [
      'A row is written as it was refused, under a lane of its own, so that the pipeline may run meanwhile. A row that has changed since is set back to what the letter says: drop such letters instead.',
      'A message that could not be read is read with the settings that the file has now, and written to all sinks.',
      'What is refused again stays, and the exit code is 1.',
    ],
    load: () => import('./commands/dlq-replay.ts'),
  },
  {
    name: 'dlq drop',
    effect: { wayBack: 'there is none: keep the output of `millrace dlq show FILE -o jsonl` first.' },
    summary: 'Give refused rows and unreadable messages up.',
    arguments: 'FILE [ID...]',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      ...letterOptions,
      all: { describe: 'Every letter.' },
      yes,
      ...fileOptions,
    },
    examples: [
      { command: 'millrace dlq drop orders.yaml --code SINK_ROW_REFUSED --yes', does: 'give up all with one code' },
    ],
    load: () => import('./commands/dlq-drop.ts'),
  },
];
