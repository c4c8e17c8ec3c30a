import { ApiClient, pipelinePath } from './api-client.ts';
import type { CommandCall } from './command.ts';
import { envelope } from './envelope.ts';
import { type ExitCode, exitCode } from './exit-code.ts';

interface Changed {
  readonly pipeline: string;
  readonly from: string;
  readonly to: string;
}

/** Asks for one thing of each pipeline named, says old and new, and how to go back. */
export const changePipelines = async (
  call: CommandCall,
  verb: 'pause' | 'resume' | 'stop' | 'restart',
): Promise<ExitCode> => {
  const client = new ApiClient(call);
  const changed: Changed[] = [];
  for (const name of call.arguments) {
    const change = await client.send<Changed>('POST', pipelinePath(name, `/${verb}`));
    changed.push(change);
    if (call.format !== 'human') continue;
    await call.terminal.print(`${change.pipeline}  ${change.from} -> ${change.to}\n`);
    const undo = undoOf[change.from];
    if (verb !== 'restart' && change.from !== change.to && undo !== undefined) {
      call.terminal.say(`to go back: millrace ${undo} ${name}`);
    }
  }
  if (call.format === 'json') await call.terminal.print(envelope(verb, { pipelines: changed }));
  return exitCode.ok;
};

const undoOf: Readonly<Record<string, string>> = { running: 'resume', paused: 'pause', stopped: 'stop' };
