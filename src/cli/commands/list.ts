import type { PipelineView } from '../../server/pipeline-view.ts';
import { ApiClient } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { pipelines } = await new ApiClient(call).get<{ pipelines: readonly PipelineView[] }>('/api/v1/pipelines');
  const rows = pipelines.map(({ name, health, desired, file }) => ({ name, health, desired, file }));
  if (call.format === 'json') await call.terminal.print(envelope('list', { pipelines: rows }));
  else {
    const lines = rows.map(({ name, health, desired, file }) => [name, health, desired, file ?? '-']);
    await call.terminal.print(`${textTable(['pipeline', 'health', 'wanted', 'file'], lines)}\n`);
  }
  return exitCode.ok;
};
