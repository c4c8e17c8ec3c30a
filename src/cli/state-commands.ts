import type { CommandSpec, OptionSpec } from './command.ts';
import { yes } from './operating-commands.ts';

const dir: OptionSpec = {
  value: 'FOLDER',
  describe: 'Where jobs are kept; `$MILLRACE_STATE`, or `.millrace/state` here, where nothing is said.',
};

/** What jobs of stream SQL remember. */
export const stateCommands: readonly CommandSpec[] = [
  {
    name: 'state list',
    effect: 'reads',
    summary: 'List what jobs of stream SQL remember: each step, its keys and bytes, and the age of the checkpoint.',
    arguments: '[JOB]',
    fewest: 0,
    most: 1,
    formats: ['human', 'json', 'jsonl'],
    options: { dir },
    examples: [
      { command: 'millrace state list', does: 'list the jobs that are kept here' },
      { command: 'millrace state list totals -o json', does: 'say everything about one, its place in the logs too' },
    ],
    notes: [
      'It reads one moment of the file, and may be asked while the job runs. Memory is what the entries would take if all of them were in it.',
      'With -o jsonl each job is a line.',
    ],
    load: () => import('./commands/state-list.ts'),
  },
  {
    name: 'state export',
    effect: 'reads',
    summary: 'Write what a job of stream SQL remembers as lines of JSON, one for each entry.',
    arguments: 'JOB [STEP]',
    fewest: 1,
    most: 2,
    formats: ['human', 'jsonl'],
    options: { dir },
    examples: [
      { command: 'millrace state export totals > totals.ndjson', does: 'write everything that it remembers' },
      {
        command: "millrace state export totals shop.orders | jq -c 'select(.key.id == 7)'",
        does: 'look one row of a table up',
      },
    ],
    notes: [
      'What it writes is the last checkpoint, and the job may run meanwhile. docs/sql/state.md says what the lines hold.',
      'STEP is a step or table as `millrace state list` shows it, or where its fingerprint begins.',
      'With any -o the lines are the same.',
    ],
    load: () => import('./commands/state-export.ts'),
  },
  {
    name: 'state drop',
    effect: { wayBack: 'none is needed: the job computes its result anew from its sources when it starts next.' },
    summary: 'Drop what a job of stream SQL remembers.',
    arguments: 'JOB',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: { dir, yes },
    examples: [{ command: 'millrace state drop totals --yes', does: 'have the job read its tables from the start' }],
    notes: ['Refused while the job runs. Where a job writes to a topic or file, its whole result comes again.'],
    load: () => import('./commands/state-drop.ts'),
  },
];
