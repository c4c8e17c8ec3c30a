import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import type { ReadOptions } from './logged-event.ts';

/** What the options that `binlog dump` and `binlog stat` share ask for. */
export const binlogReadOptions = (call: CommandCall, signal: AbortSignal): ReadOptions => {
  const stopNever = call.flag('stop-never');
  if (stopNever && !call.arguments.every((input) => /^mysql:\/\//i.test(input))) {
    throw new MillraceError('CLI_OPTION_VALUE', {
      option: '--stop-never',
      reason: 'it is for servers; files do not grow here',
    });
  }
  return {
    from: call.count('from', 4),
    to: call.count('to', 4),
    stopNever,
    signal,
  };
};
