import type { CommandSpec } from './command.ts';
import { clientOptions, yes } from './operating-commands.ts';

const one = { fewest: 1, most: 1, arguments: 'NAME', formats: ['human', 'json'], options: {} } as const;

/** Names for the addresses and tokens of running millraces, as kubectl has them. */
export const contextCommands: readonly CommandSpec[] = [
  {
    name: 'context add',
    effect: 'writes',
    summary: 'Give a running millrace a name, with its token.',
    arguments: 'NAME URL',
    fewest: 2,
    most: 2,
    formats: ['human', 'json'],
    options: { 'token-file': clientOptions['token-file']!, 'api-ca': clientOptions['api-ca']! },
    examples: [
      { command: 'millrace context add local http://127.0.0.1:8765', does: 'name the one on this machine' },
      {
        command: 'millrace context add prod https://db-tools:8765 --token-file token --api-ca ca.pem',
        does: 'keep its token, too',
      },
    ],
    notes: [
      'Contexts are kept in ~/.config/millrace/contexts.json (or $XDG_CONFIG_HOME, or the file that MILLRACE_CONTEXTS names), which only its owner may read. The token is copied into it. The first context is used at once.',
      'Where millrace runs is said by `--api-url`, else MILLRACE_API_URL, else the context that MILLRACE_CONTEXT names, else the one in use, else http://127.0.0.1:8765. A context’s token is sent to its own address only.',
    ],
    load: () => import('./commands/context-add.ts'),
  },
  {
    name: 'context use',
    effect: 'writes',
    summary: 'Use a named millrace from now on.',
    ...one,
    examples: [{ command: 'millrace context use prod', does: 'ask that one from now on; the way back is printed' }],
    load: () => import('./commands/context-use.ts'),
  },
  {
    name: 'context list',
    effect: 'reads',
    summary: 'List the named millraces, without their tokens.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: {},
    examples: [{ command: 'millrace context list', does: 'show the names and addresses; * is the one in use' }],
    load: () => import('./commands/context-list.ts'),
  },
  {
    name: 'context delete',
    effect: { wayBack: 'the command that adds it again is printed; the token must come from elsewhere.' },
    summary: 'Forget a named millrace and its token.',
    ...one,
    options: { yes },
    examples: [{ command: 'millrace context delete prod', does: 'forget it; the one that runs is not touched' }],
    load: () => import('./commands/context-delete.ts'),
  },
];
