import { pipelineFileSchema } from '../../config/json-schema.ts';
import { connectors } from '../../connectors/registry.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async ({ terminal, format }: CommandCall): Promise<ExitCode> => {
  const schema = await pipelineFileSchema(connectors);
  await terminal.print(
    format === 'json' ? envelope('config schema', { schema }) : `${JSON.stringify(schema, null, 2)}\n`,
  );
  return exitCode.ok;
};
