import { ApiClient } from '../api-client.ts';
import { askedPipelines } from '../asked-pipelines.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { speedTable } from '../pipeline-lines.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const pipelines = await askedPipelines(new ApiClient(call), call.arguments);
  const figures = pipelines.map(({ name, health, speeds, totals, lag }) => ({ name, health, speeds, totals, lag }));
  if (call.format === 'json') await call.terminal.print(envelope('speed', { pipelines: figures }));
  else await call.terminal.print(`${speedTable(pipelines, call.terminal.paintData)}\n`);
  return exitCode.ok;
};
