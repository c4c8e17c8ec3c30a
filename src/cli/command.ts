import type { ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export type OutputFormat = 'human' | 'json' | 'jsonl';

/** An option as help, docs and the parser know it. */
export interface OptionSpec {
  readonly short?: string;
  /** The name of its value in help (`FILE`); left out: the option is a switch. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
  readonly describe: string;
}

/** One command: everything about it but its code, which `load` brings when it runs. */
export interface CommandSpec {
  /** `lint`, `binlog dump`. */
  readonly name: string;
  readonly summary: string;
  /**
   * What it does beyond printing: nothing, something that another command takes back, or something that cannot simply be undone.
   * The last kind asks first (`confirm`), has `--yes`, and says what way back there is.
   */
  readonly effect: 'reads' | 'writes' | { readonly wayBack: string };
  /** What it takes after its name, as help prints it. */
  readonly arguments: string;
  readonly fewest: number;
  readonly most: number;
  readonly formats: readonly OutputFormat[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly { readonly command: string; readonly does: string }[];
  /** More to know, for help and docs. */
  readonly notes?: readonly string[];
  load(): Promise<{ run(call: CommandCall): Promise<ExitCode> }>;
}

/** One invocation of a command. */
export interface CommandCall {
  readonly spec: CommandSpec;
  /** Every command there is. */
  readonly commands: readonly CommandSpec[];
  readonly terminal: Terminal;
  readonly arguments: readonly string[];
  readonly format: OutputFormat;
  readonly env: Readonly<Record<string, string | undefined>>;
  flag(option: string): boolean;
  text(option: string): string | null;
  list(option: string): readonly string[];
  /** A whole number from `least` up; null: not given. Throws CLI_OPTION_VALUE. */
  count(option: string, least: number): number | null;
}
