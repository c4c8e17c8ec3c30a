import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { stopSignals } from '../stop-signals.ts';
import { flinkCluster } from './sql-status.ts';

/** Stops a job on a Flink cluster with a savepoint, and says where that is. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  using signals = stopSignals(() => terminal.say('no longer waiting: the savepoint goes on'));
  const savepoint = await flinkCluster(call).stop(call.arguments[0]!, call.text('savepoint-dir'), signals.stop);
  await terminal.print(format === 'json' ? envelope('flink-savepoint', { savepoint }) : `${savepoint}\n`);
  return exitCode.ok;
};
