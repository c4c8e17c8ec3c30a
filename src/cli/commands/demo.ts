import { MillraceError } from '../../core/errors.ts';
import { runDemo } from '../../demo/demo.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { stopSignals } from '../stop-signals.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const mysqlUrl = call.text('mysql');
  if (mysqlUrl !== null && call.flag('recorded')) {
    throw new MillraceError('CLI_OPTION_VALUE', { option: '--recorded', reason: 'it stands against --mysql' });
  }
  const seconds = call.count('seconds', 1);
  using signals = stopSignals(() => call.terminal.say('stopping the demo'));
  const code = await runDemo({
    ...(mysqlUrl === null ? {} : { mysqlUrl }),
    ...(seconds === null ? {} : { seconds }),
    recorded: call.flag('recorded'),
    keep: call.flag('keep'),
    json: call.format === 'json',
    stdout: process.stdout,
    stderr: process.stderr,
    signal: signals.stop,
  });
  return signals.stop.aborted ? exitCode.interrupted : code;
};
