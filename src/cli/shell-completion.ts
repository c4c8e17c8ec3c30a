/** Completion scripts, made from the table of commands, so that they never know less than `--help`. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { globalOptions } from './command-line.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const completionScript = (shell: Shell, commands: readonly CommandSpec[]): string =>
  ({ bash, zsh, fish })[shell](commands);

/** What may come first. */
const firstWords = (commands: readonly CommandSpec[]): readonly string[] => [
  ...new Set([...commands.map(({ name }) => name.split(' ')[0]!), 'help']),
];

/** What may come next after the beginning of a command of several words: `redis` → `rdb`, `aof`; `redis rdb` → `stat`. */
const groups = (commands: readonly CommandSpec[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, Set<string>>();
  for (const { name } of commands) {
    const words = name.split(' ');
    for (const [at, word] of words.slice(1).entries()) {
      const begin = words.slice(0, at + 1).join(' ');
      found.set(begin, (found.get(begin) ?? new Set()).add(word));
    }
  }
  return new Map([...found].map(([begin, words]) => [begin, [...words]]));
};

/** Commands of many words first, so that none is taken for one that it begins with. */
const longestFirst = (commands: readonly CommandSpec[]): readonly CommandSpec[] =>
  commands.toSorted((a, b) => b.name.split(' ').length - a.name.split(' ').length);

const optionsOf = (spec: CommandSpec): readonly [string, OptionSpec][] => [
  ...Object.entries(spec.options),
  ...Object.entries(globalOptions),
];
const flags = (spec: CommandSpec): readonly string[] =>
  optionsOf(spec).flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);

/** Options with a choice of values, spelled as they are typed before the value. */
const choices = (commands: readonly CommandSpec[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>();
  for (const spec of commands) {
    for (const [name, option] of optionsOf(spec)) {
      if (!option.choices) continue;
      found.set(`--${name}`, option.choices);
      if (option.short) found.set(`-${option.short}`, option.choices);
    }
  }
  return found;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const bash = (commands: readonly CommandSpec[]): string =>
  `# millrace completion for bash:  source <(millrace completion bash)
_millrace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" typed="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "$word" == -* ]] || typed+="$word "
  done
  case "$before" in
${[...choices(commands)].map(([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$current")); return;;`).join('\n')}
  esac
  local words=""
  case "$typed" in
    "") words=${quoted(firstWords(commands).join(' '))};;
${[...groups(commands)].map(([begin, next]) => `    "${begin} ") words=${quoted(next.join(' '))};;`).join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    case "$typed" in
${longestFirst(commands)
  .map((spec) => `      "${spec.name} "*) words=${quoted(flags(spec).join(' '))};;`)
  .join('\n')}
      *) words=${quoted(
        Object.keys(globalOptions)
          .map((name) => `--${name}`)
          .join(' '),
      )};;
    esac
  fi
  if [[ -n "$words" ]]; then COMPREPLY=($(compgen -W "$words" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _millrace millrace
`;

const zsh = (commands: readonly CommandSpec[]): string => {
  const grouped = groups(commands);
  /** A word with what it stands for: a command, or the words that may follow it. */
  const described = (begin: string, word: string): string => {
    const name = begin === '' ? word : `${begin} ${word}`;
    const summary = commands.find((spec) => spec.name === name)?.summary ?? grouped.get(name)?.join(', ') ?? '';
    return quoted(`${word}:${summary}`.replaceAll("'", '’'));
  };
  const tops = firstWords(commands).filter((word) => word !== 'help');
  return `#compdef millrace
# millrace completion for zsh:  millrace completion zsh > "\${fpath[1]}/_millrace"
_millrace() {
  local typed word
  for word in "\${words[@]:1:CURRENT-2}"; do
    [[ "$word" == -* ]] || typed+="$word "
  done
  local -a options
  case "$typed" in
    "") local -a names=(${tops.map((word) => described('', word)).join(' ')}); _describe command names; return;;
${[...grouped]
  .map(
    ([begin, next]) =>
      `    "${begin} ") local -a names=(${next.map((word) => described(begin, word)).join(' ')}); _describe command names; return;;`,
  )
  .join('\n')}
${longestFirst(commands)
  .map((spec) => `    "${spec.name} "*) options=(${flags(spec).join(' ')});;`)
  .join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then compadd -a options; else _files; fi
}
_millrace "$@"
`;
};

const fish = (commands: readonly CommandSpec[]): string => {
  const lines = [
    '# millrace completion for fish:  millrace completion fish > ~/.config/fish/completions/millrace.fish',
    'complete -c millrace -f -n __fish_use_subcommand',
  ];
  const grouped = groups(commands);
  for (const name of firstWords(commands)) {
    const summary =
      commands.find((spec) => spec.name === name)?.summary ?? grouped.get(name)?.join(', ') ?? 'Help for a command';
    lines.push(`complete -c millrace -n __fish_use_subcommand -a ${name} -d ${fishText(summary)}`);
  }
  for (const [begin, next] of grouped) {
    const waits = `${seen(begin.split(' '))}; and not __fish_seen_subcommand_from ${next.join(' ')}`;
    for (const word of next) {
      const name = `${begin} ${word}`;
      const summary = commands.find((spec) => spec.name === name)?.summary ?? grouped.get(name)!.join(', ');
      lines.push(`complete -c millrace -f -n ${fishText(waits)} -a ${word} -d ${fishText(summary)}`);
    }
  }
  for (const spec of commands) {
    const here = seen(spec.name.split(' '));
    for (const [name, option] of optionsOf(spec)) {
      const short = option.short ? ` -s ${option.short}` : '';
      const value = option.choices ? ` -x -a ${fishText(option.choices.join(' '))}` : option.value ? ' -r' : '';
      lines.push(
        `complete -c millrace -n ${fishText(here)} -l ${name}${short}${value} -d ${fishText(option.describe.split('.')[0]!)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
};

/** All of these words were typed. */
const seen = (words: readonly string[]): string =>
  words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
