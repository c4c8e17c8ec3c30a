import { isMillraceError } from '../core/errors.ts';
import type { CommandCall } from './command.ts';
import { commandCall, parseCommandLine } from './command-line.ts';
import { commands } from './command-table.ts';
import { errorEnvelope } from './envelope.ts';
import { errorText } from './error-text.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { commandHelp, groupHelp, overviewHelp } from './help.ts';
import { askedLanguage, speak } from './locale/language.ts';
import { openTerminal } from './terminal.ts';

/** Runs one command line and says what the process answers to the shell. */
export const main = async (args: readonly string[]): Promise<ExitCode> => {
  // Whoever reads our output may stop reading (`| head`): that ends the command without an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCode.ok);
    throw error;
  });
  // Nor does a pipeline end because nobody reads its log any more.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const { env } = process;
  speak(askedLanguage(args, env));
  const terminal = openTerminal(process.stdout, process.stderr, { off: args.includes('--no-color'), env });
  return await answer(args, { terminal, env });
};

/** The same on any terminal: prints what the line asks for, or the error in the form that it asks for. */
export const answer = async (
  args: readonly string[],
  { terminal, env }: Pick<CommandCall, 'terminal' | 'env'>,
): Promise<ExitCode> => {
  try {
    const line = parseCommandLine(args, commands);
    if (line.kind === 'run') {
      const { run } = await line.spec.load();
      return await run(commandCall(line, { terminal, env, commands }));
    }
    const help = line.spec ? commandHelp(line.spec) : line.group ? groupHelp(line.group) : overviewHelp(commands);
    if (line.asked) await terminal.print(help);
    else terminal.stderr.write(help);
    return line.asked ? exitCode.ok : exitCode.usage;
  } catch (error) {
    const format = askedFormat(args);
    if (isMillraceError(error) && format !== null) await terminal.print(errorEnvelope(error, format === 'jsonl'));
    else terminal.say(errorText(error, terminal.paint));
    return exitCodeOf(error);
  }
};

/** The JSON format that the line asks for, however little of it could be understood; null: none. */
const askedFormat = (args: readonly string[]): string | null => {
  const at = args.findIndex((arg) => /^(-o|--output)/.test(arg));
  if (at < 0) return null;
  return /jsonl?$/.exec(/^(-o|--output)$/.test(args[at]!) ? (args[at + 1] ?? '') : args[at]!)?.[0] ?? null;
};
