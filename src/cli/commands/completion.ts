import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { completionScript, shells } from '../shell-completion.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const shell = shells.find((name) => name === call.arguments[0]);
  if (shell === undefined) {
    const reason = `it knows ${shells.join(', ')}, not ${call.arguments[0]}`;
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace completion', reason });
  }
  const script = completionScript(shell, call.commands);
  await call.terminal.print(call.format === 'json' ? envelope('completion', { shell, script }) : script);
  return exitCode.ok;
};
