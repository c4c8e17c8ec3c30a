import { isHealthy } from '../../server/pipeline-view.ts';
import { ApiClient } from '../api-client.ts';
import { askedPipelines } from '../asked-pipelines.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { pipelineTable } from '../pipeline-lines.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const pipelines = await askedPipelines(new ApiClient(call), call.arguments);
  const healthy = pipelines.every(({ health }) => isHealthy(health));
  if (call.format === 'json') await call.terminal.print(envelope('status', { healthy, pipelines }));
  else await call.terminal.print(`${pipelineTable(pipelines, call.terminal.paintData)}\n`);
  return healthy ? exitCode.ok : exitCode.checkFailed;
};
