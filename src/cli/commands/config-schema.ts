import { pipelineFileSchema } from '../../config/json-schema.ts';
import { connectors } from '../../connectors/registry.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async ({ terminal }: CommandCall): Promise<ExitCode> => {
  await terminal.print(`${JSON.stringify(await pipelineFileSchema(connectors), null, 2)}\n`);
  return exitCode.ok;
};
