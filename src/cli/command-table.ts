import type { CommandSpec, OptionSpec } from './command.ts';

const fileOptions: Readonly<Record<string, OptionSpec>> = {
  set: {
    value: 'KEY=VALUE',
    repeatable: true,
    describe:
      'Set one key over what the file says: `--set source.hostname=db2`. Not for secrets: other users see command lines.',
  },
  'env-file': {
    value: 'FILE',
    repeatable: true,
    describe: 'Take variables from a file of NAME=value lines; the environment itself goes first.',
  },
};

/** Every command. Help, docs/cli.md and the parser are made from this table. */
export const commands: readonly CommandSpec[] = [
  {
    name: 'run',
    summary: 'Run pipelines until they end or are stopped.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      'dry-run': { describe: 'Print the plan and end; nothing is opened.' },
      ...fileOptions,
    },
    examples: [
      { command: 'millrace run orders.yaml', does: 'run one pipeline' },
      { command: 'millrace run orders.yaml stock.yaml', does: 'run two; each log line names its pipeline' },
      { command: 'millrace run orders.yaml --dry-run', does: 'print what would run' },
    ],
    notes: [
      'SIGINT or SIGTERM ends gracefully: what was read is written, positions are stored, and the exit code is 0. A second signal aborts (130); nothing is lost, and what was under way is done again next time.',
      'When one of several pipelines fails, the others are stopped gracefully and the exit code is 1.',
      'With `-o json`, a summary is printed at the end.',
    ],
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'lint',
    summary: 'Check pipeline files without connecting to anything.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: { 'deny-warnings': { describe: 'Answer 78 when there are warnings, too.' }, ...fileOptions },
    examples: [
      { command: 'millrace lint orders.yaml', does: 'say everything that is wrong with one file' },
      { command: 'millrace lint pipelines/*.yaml --deny-warnings', does: 'for a build: warnings fail' },
    ],
    load: () => import('./commands/lint.ts'),
  },
  {
    name: 'explain',
    summary: 'Say what an error code means and what to do about it.',
    arguments: '[CODE...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {},
    examples: [
      { command: 'millrace explain CONFIG_UNKNOWN_KEY', does: 'explain one code' },
      { command: 'millrace explain', does: 'list all codes' },
    ],
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'version',
    summary: 'Print the version.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: {},
    examples: [{ command: 'millrace version', does: 'print the version of millrace and of Node' }],
    load: () => import('./commands/version.ts'),
  },
];
