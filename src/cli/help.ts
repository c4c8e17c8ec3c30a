import type { CommandSpec, OptionSpec } from './command.ts';
import { globalOptions } from './command-line.ts';
import { headings, summaryOf } from './locale/language.ts';

const WIDTH = 96;

/** The help of the program: what there is, and how to begin. */
export const overviewHelp = (commands: readonly CommandSpec[]): string =>
  [
    headings().intro,
    '',
    headings().examples,
    ...examples([
      { command: 'millrace demo', does: 'see the main job run on a real binlog' },
      { command: 'millrace lint pipeline.yaml', does: 'check a pipeline file' },
      { command: 'millrace run pipeline.yaml', does: 'run it' },
    ]),
    '',
    ...commandLines(commands),
    headings().globalOptions,
    ...columns(Object.entries(globalOptions).map(optionRow)),
    '',
    headings().more,
    '',
  ].join('\n');

/** The help of a group of commands: which there are. */
export const groupHelp = (commands: readonly CommandSpec[]): string =>
  [...commandLines(commands), headings().more, ''].join('\n');

const commandLines = (commands: readonly CommandSpec[]): readonly string[] => [
  headings().commands,
  ...columns(commands.map((spec) => [`${spec.name} ${spec.arguments}`.trim(), summaryOf(spec)])),
  '',
];

/** The help of one command, examples first. */
export const commandHelp = (spec: CommandSpec): string =>
  [
    summaryOf(spec),
    '',
    headings().examples,
    ...examples(spec.examples),
    '',
    `${headings().usage} millrace ${spec.name}${spec.arguments === '' ? '' : ` ${spec.arguments}`} ${headings().optionsWord}`,
    '',
    ...(Object.keys(spec.options).length === 0
      ? []
      : [headings().options, ...columns(Object.entries(spec.options).map(optionRow)), '']),
    headings().globalOptions,
    ...columns(Object.entries(optionsWithFormats(spec)).map(optionRow)),
    '',
    ...notesOf(spec).flatMap((note) => [...wrap(note, WIDTH), '']),
  ].join('\n');

/** What else there is to know of a command; first, where it destroys something, how to go back. */
export const notesOf = ({ effect, notes = [] }: CommandSpec): readonly string[] =>
  typeof effect === 'string'
    ? notes
    : [`It asks first, unless \`--yes\` says not to. The way back: ${effect.wayBack}`, ...notes];

/** The global options, with the output formats that this command has. */
const optionsWithFormats = (spec: CommandSpec): Readonly<Record<string, OptionSpec>> => ({
  ...globalOptions,
  output: { ...globalOptions['output']!, choices: spec.formats },
});

/** `-o, --output FORMAT` and what it does, choices included. */
export const optionRow = ([name, option]: [string, OptionSpec]): [string, string] => {
  const short = option.short ? `-${option.short}, ` : '';
  const value = option.value ? ` ${option.value}` : '';
  const choices = option.choices ? ` One of ${option.choices.join(', ')}.` : '';
  const repeat = option.repeatable ? ' May be given several times.' : '';
  return [`${short}--${name}${value}`, `${option.describe}${choices}${repeat}`];
};

const examples = (list: CommandSpec['examples']): string[] =>
  list.flatMap(({ command, does }) => [`  $ ${command}`, ...wrap(does, WIDTH - 8).map((line) => `      ${line}`)]);

const columns = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, WIDTH - width - 4);
    const first = left.length > width ? [`  ${left}`] : [];
    return [
      ...first,
      ...lines.map((line, index) => `  ${(index === 0 && first.length === 0 ? left : '').padEnd(width)}  ${line}`),
    ];
  });
};

const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
};
