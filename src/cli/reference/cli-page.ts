import type { CommandSpec } from '../command.ts';
import { globalOptions } from '../command-line.ts';
import { commands } from '../command-table.ts';
import { exitCodeMeanings } from '../exit-code.ts';
import { notesOf, optionRow } from '../help.ts';
import { markdownTable } from './markdown.ts';

/** docs/cli.md: every command with its options and examples, and what holds for all of them. */
export const cliPage = (): string =>
  [
    '# Command line',
    '',
    'Made from the table of commands by `npm run docs`.',
    '',
    markdownTable(
      ['command', ''],
      commands.map(({ name, summary }) => [`[\`millrace ${name}\`](#millrace-${name.replaceAll(' ', '-')})`, summary]),
    ),
    '',
    '## What holds for every command',
    '',
    '* Data goes to stdout; log lines, progress, findings and questions go to stderr.',
    '* `-o json` prints one object on stdout: `{"schema": "millrace.lint/v1", "command": "lint", "data": {…}, "warnings": []}`. Within a version fields are only',
    '  added, and lists are never null. An error is `{"schema": "millrace.error/v1", "error": {"code", "detail", "remedy", "retryable", "docs"}}`. `-o jsonl` prints an object a line.',
    '* Colours are off when the output is no terminal, with `--no-color`, `NO_COLOR` or `TERM=dumb`.',
    '* Progress is one live line per pipeline on a terminal, and elsewhere a plain line every 10 s; `-q` leaves it out.',
    '* Logs hold names, counts and positions, never row values or secrets. `binlog dump` prints rows, as data.',
    '',
    'Options of every command:',
    '',
    optionTable(globalOptions),
    '',
    'Exit codes:',
    '',
    markdownTable(
      ['code', 'meaning'],
      Object.entries(exitCodeMeanings).map(([number, meaning]) => [number, meaning]),
    ),
    '',
    ...commands.map(commandSection),
  ].join('\n');

const optionTable = (options: CommandSpec['options']): string =>
  markdownTable(
    ['option', ''],
    Object.entries(options)
      .map(optionRow)
      .map(([left, right]) => [`\`${left}\``, right]),
  );

const commandSection = (spec: CommandSpec): string =>
  [
    `## millrace ${spec.name}`,
    '',
    spec.summary,
    '',
    '```',
    ...spec.examples.flatMap(({ command, does }) => [`# ${does}`, command]),
    '```',
    '',
    `Usage: \`millrace ${[spec.name, spec.arguments].join(' ').trim()} [options]\`. Formats: ${spec.formats.join(', ')}.`,
    '',
    ...(Object.keys(spec.options).length === 0 ? [] : [optionTable(spec.options), '']),
    ...notesOf(spec).map((note) => `* ${note}`),
    ...(notesOf(spec).length > 0 ? [''] : []),
  ].join('\n');
