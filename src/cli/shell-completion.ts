/** Completion scripts, made from the table of commands, so that they never know less than `--help`. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { globalOptions } from './command-line.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const completionScript = (shell: Shell, commands: readonly CommandSpec[]): string =>
  ({ bash, zsh, fish })[shell](commands);

/** What may come first, and what may come after the first word of commands of two. */
const firstWords = (commands: readonly CommandSpec[]): readonly string[] => [
  ...new Set([...commands.map(({ name }) => name.split(' ')[0]!), 'help']),
];
const groups = (commands: readonly CommandSpec[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ');
    if (second !== undefined) found.set(first, [...(found.get(first) ?? []), second]);
  }
  return found;
};

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
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" first="" second="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "$word" == -* ]] && continue
    if [[ -z "$first" ]]; then first="$word"; elif [[ -z "$second" ]]; then second="$word"; fi
  done
  case "$before" in
${[...choices(commands)].map(([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$current")); return;;`).join('\n')}
  esac
  local words=""
  case "$first $second" in
    " ") words=${quoted(firstWords(commands).join(' '))};;
${[...groups(commands)].map(([first, seconds]) => `    "${first} ") words=${quoted(seconds.join(' '))};;`).join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    case "$first $second" in
${commands
  .toSorted((a, b) => b.name.split(' ').length - a.name.split(' ').length)
  .map((spec) => `      "${spec.name}${spec.name.includes(' ') ? '' : ' '}"*) words=${quoted(flags(spec).join(' '))};;`)
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
  const described = (spec: CommandSpec): string =>
    `${spec.name.split(' ').at(-1)}:${spec.summary}`.replaceAll("'", '’');
  const single = commands.filter(({ name }) => !name.includes(' '));
  const tops = [
    ...single.map(described),
    ...[...groups(commands).keys()].map((name) => `${name}:${groups(commands).get(name)!.join(', ')}`),
  ];
  return `#compdef millrace
# millrace completion for zsh:  millrace completion zsh > "\${fpath[1]}/_millrace"
_millrace() {
  local first second word
  for word in "\${words[@]:1:CURRENT-2}"; do
    [[ "$word" == -* ]] && continue
    if [[ -z "$first" ]]; then first="$word"; elif [[ -z "$second" ]]; then second="$word"; fi
  done
  local -a options
  case "$first $second" in
    " ") local -a names=(${tops.map((text) => quoted(text)).join(' ')}); _describe command names; return;;
${[...groups(commands)]
  .map(
    ([first]) =>
      `    "${first} ") local -a names=(${commands
        .filter(({ name }) => name.startsWith(`${first} `))
        .map((spec) => quoted(described(spec)))
        .join(' ')}); _describe command names; return;;`,
  )
  .join('\n')}
${commands
  .toSorted((a, b) => b.name.split(' ').length - a.name.split(' ').length)
  .map((spec) => `    "${spec.name}${spec.name.includes(' ') ? '' : ' '}"*) options=(${flags(spec).join(' ')});;`)
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
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ');
    if (second !== undefined) {
      const others = grouped.get(first)!.join(' ');
      const waits = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${others}`;
      lines.push(`complete -c millrace -f -n ${fishText(waits)} -a ${second} -d ${fishText(spec.summary)}`);
    }
    const here = `__fish_seen_subcommand_from ${first}${second === undefined ? '' : `; and __fish_seen_subcommand_from ${second}`}`;
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

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
