import type { Offsets } from '../../server/question.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { logText } from '../offsets-change.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const [name = ''] = call.arguments;
  const offsets = await new ApiClient(call).get<Offsets>(pipelinePath(name, '/offsets'));
  if (call.format === 'json') await call.terminal.print(envelope('offsets get', { pipeline: name, ...offsets }));
  else {
    for (const log of offsets.logs) await call.terminal.print(`${log.source}  ${log.server ?? '-'}  ${logText(log)}\n`);
    if (offsets.logs.length === 0) await call.terminal.print(`${name} holds nothing that is known yet\n`);
  }
  return exitCode.ok;
};
