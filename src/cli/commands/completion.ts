import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { completionScript, shells } from '../shell-completion.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const shell = shells.find((name) => name === call.arguments[0]);
  if (shell === undefined) {
    const reason = `it knows ${shells.join(', ')}, not ${call.arguments[0]}`;
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace completion', reason });
  }
  await call.terminal.print(completionScript(shell, call.commands));
  return exitCode.ok;
};
