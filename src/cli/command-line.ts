import { parseArgs } from 'node:util';
import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { CommandCall, CommandSpec, OptionSpec, OutputFormat } from './command.ts';

/** Options that every command has. */
export const globalOptions: Readonly<Record<string, OptionSpec>> = {
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['human', 'json', 'jsonl'],
    describe: 'How data is printed on stdout.',
  },
  quiet: { short: 'q', describe: 'Say only warnings and errors on stderr.' },
  verbose: { short: 'v', describe: 'Say more on stderr.' },
  'log-format': { value: 'FORMAT', choices: ['pretty', 'json'], describe: 'How log lines are written on stderr.' },
  'no-color': { describe: 'No colours; so does the variable NO_COLOR.' },
  lang: {
    value: 'LANGUAGE',
    choices: ['en', 'zh-CN'],
    describe: 'Language of help and errors; so does MILLRACE_LANG. Logs and JSON stay English.',
  },
  help: { short: 'h', describe: 'Show help for the command.' },
};

export type ParsedLine =
  | {
      readonly kind: 'help';
      readonly spec: CommandSpec | null;
      /** Of these commands alone, whose names begin with the words that were given; left out: of one, or of all. */
      readonly group?: readonly CommandSpec[];
      readonly asked: boolean;
    }
  | {
      readonly kind: 'run';
      readonly spec: CommandSpec;
      readonly values: OptionValues;
      readonly arguments: readonly string[];
    };

type OptionValues = ReadonlyMap<string, readonly string[]>;

/** Reads a command line against the table of commands. Throws CLI_* errors. */
export const parseCommandLine = (args: readonly string[], commands: readonly CommandSpec[]): ParsedLine => {
  const asked = args.includes('--help') || args.includes('-h');
  const every = Object.assign({}, globalOptions, ...commands.map(({ options }) => options)) as typeof globalOptions;
  const words = tokensOf(args, every).flatMap((token) => (token.kind === 'positional' ? [token] : []));
  if (words[0]?.value === 'help') {
    const name = words.slice(1).map(({ value }) => value);
    const group = groupOf(name, commands);
    if (group.length > 0) return { kind: 'help', spec: null, group, asked: true };
    return { kind: 'help', spec: name.length === 0 ? null : findCommand(name, commands).spec, asked: true };
  }
  if (words.length === 0) {
    const [first] = args;
    if (!asked && first === '--version') return parseCommandLine(['version', ...args.slice(1)], commands);
    if (!asked && first?.startsWith('-')) checkOptions(args, null, globalOptions);
    return { kind: 'help', spec: null, asked };
  }
  const group = groupOf(
    words.map(({ value }) => value),
    commands,
  );
  if (group.length > 0 && asked) return { kind: 'help', spec: null, group, asked };
  const { spec, used } = findCommand(
    words.map(({ value }) => value),
    commands,
  );
  const nameEnds = words.slice(0, used).map(({ index }) => index);
  const rest = args.filter((_, index) => !nameEnds.includes(index));
  const { values, positionals } = checkOptions(rest, spec, { ...globalOptions, ...spec.options });
  if (values.has('help')) return { kind: 'help', spec, asked: true };
  if (positionals.length < spec.fewest || positionals.length > spec.most) {
    const reason = `it takes ${spec.arguments === '' ? 'no arguments' : spec.arguments}, and ${positionals.length || 'nothing'} was given`;
    throw new MillraceError('CLI_ARGUMENTS', { command: `millrace ${spec.name}`, reason });
  }
  return { kind: 'run', spec, values, arguments: positionals };
};

/** The commands that all of these words begin; none where they are a command. */
const groupOf = (words: readonly string[], commands: readonly CommandSpec[]): readonly CommandSpec[] => {
  const name = words.join(' ');
  if (name === '' || commands.some((command) => command.name === name)) return [];
  return commands.filter((command) => command.name.startsWith(`${name} `));
};

/** The command that the first words name; the longest name wins. */
const findCommand = (
  words: readonly string[],
  commands: readonly CommandSpec[],
): { spec: CommandSpec; used: number } => {
  for (const used of [3, 2, 1]) {
    const spec = commands.find(({ name }) => name === words.slice(0, used).join(' '));
    if (spec && words.length >= used) return { spec, used };
  }
  const group = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
  const command = group.length > 0 ? words.slice(0, 3).join(' ') : words[0]!;
  const names = commands.map(({ name }) => name);
  const within = groupOf(words, commands);
  const suggestion =
    (within.length > 0 ? null : nearestName(command, names)) ??
    (within.length > 0 ? within : group).map(({ name }) => name).join(' or ');
  throw new MillraceError('CLI_UNKNOWN_COMMAND', { command, suggestion: suggestion === '' ? null : suggestion });
};

const tokensOf = (args: readonly string[], options: Readonly<Record<string, OptionSpec>>) =>
  parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { short, value }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short ? { short } : {}) } as const,
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;

const checkOptions = (
  args: readonly string[],
  spec: CommandSpec | null,
  options: Readonly<Record<string, OptionSpec>>,
): { readonly values: OptionValues; readonly positionals: readonly string[] } => {
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const command = spec ? `millrace ${spec.name}` : 'millrace';
  for (const token of tokensOf(args, options)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (!option) {
      const near = nearestName(token.name, Object.keys(options));
      const suggestion = near === null ? null : `--${near}`;
      throw new MillraceError('CLI_UNKNOWN_OPTION', { command, option: token.rawName, suggestion });
    }
    const wrong = whatIsWrong(option, token.value, values.has(token.name));
    if (wrong !== null) throw new MillraceError('CLI_OPTION_VALUE', { option: token.rawName, reason: wrong });
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? '']);
  }
  return { values, positionals };
};

const whatIsWrong = (option: OptionSpec, value: string | undefined, seen: boolean): string | null => {
  if (option.value === undefined) return value === undefined ? null : 'it is a switch and takes no value';
  if (value === undefined) return `it needs a value, ${option.value}`;
  if (seen && !option.repeatable) return 'it is given twice';
  if (option.choices && !option.choices.includes(value)) return `${value} is none of ${option.choices.join(', ')}`;
  return null;
};

/** The call of a parsed line: options by name, with the kinds their command asks for. */
export const commandCall = (
  { spec, values, arguments: positionals }: Extract<ParsedLine, { kind: 'run' }>,
  rest: Pick<CommandCall, 'terminal' | 'env' | 'commands'>,
): CommandCall => {
  const format = (values.get('output')?.[0] ?? 'human') as OutputFormat;
  if (!spec.formats.includes(format)) {
    const reason = `${spec.name} prints ${spec.formats.join(' or ')}`;
    throw new MillraceError('CLI_OPTION_VALUE', { option: '--output', reason });
  }
  const text = (option: string): string | null => values.get(option)?.[0] ?? null;
  return {
    ...rest,
    spec,
    format,
    arguments: positionals,
    flag: (option) => values.has(option),
    text,
    list: (option) => values.get(option) ?? [],
    count: (option, least) => {
      const given = text(option);
      if (given === null) return null;
      if (/^\d+$/.test(given) && Number(given) >= least) return Number(given);
      const reason = `${given} is no whole number from ${least} up`;
      throw new MillraceError('CLI_OPTION_VALUE', { option: `--${option}`, reason });
    },
  };
};
