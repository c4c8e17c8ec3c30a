import type { PipelineView } from '../../server/pipeline-view.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { pipelinePage } from '../pipeline-lines.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const client = new ApiClient(call);
  const [name = ''] = call.arguments;
  const pipeline = await client.get<PipelineView>(pipelinePath(name));
  const plan = await client.get<unknown>(pipelinePath(name, '/plan'));
  if (call.format === 'json') await call.terminal.print(envelope('describe', { pipeline, plan }));
  else await call.terminal.print(`${pipelinePage(pipeline, call.terminal.paintData)}\n`);
  return exitCode.ok;
};
