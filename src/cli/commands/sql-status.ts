import { FlinkCluster, type FlinkJob } from '../../connectors/flink/cluster-client.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

/** What a job on a Flink cluster does, its last failure in one line. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const job = await flinkCluster(call).job(call.arguments[0]!);
  if (format === 'json') await terminal.print(envelope('flink-job', { ...job }));
  else await terminal.print(jobText(job));
  return job.state === 'FAILED' ? exitCode.checkFailed : exitCode.ok;
};

export const flinkCluster = (call: Pick<CommandCall, 'text'>): FlinkCluster =>
  new FlinkCluster((call.text('rest') ?? 'http://127.0.0.1:8081').replace(/\/+$/, ''), systemClock);

const jobText = ({ id, name, state, startedMs, failure, checkpoints }: FlinkJob): string => {
  const at = (ms: number): string => new Date(ms).toISOString();
  const last = checkpoints.lastMs === null ? '' : `, the last at ${at(checkpoints.lastMs)}`;
  return [
    `${id}  ${state}  ${name}`,
    `  started      ${at(startedMs)}`,
    `  checkpoints  ${checkpoints.completed} completed, ${checkpoints.failed} failed${last}`,
    `  failure      ${failure ?? 'none'}`,
    '',
  ].join('\n');
};
