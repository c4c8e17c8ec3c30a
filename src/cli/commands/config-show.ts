import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { planObject, planText } from '../pipeline-plan.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const pipelines = loaded.flatMap((file) => file.pipelines.map((pipeline) => ({ file, pipeline })));
  if (format === 'json')
    await terminal.print(envelope('config show', { pipelines: pipelines.map(({ pipeline }) => planObject(pipeline)) }));
  else for (const { file, pipeline } of pipelines) await terminal.print(file.redact(planText(pipeline)));
  return exitCode.ok;
};
