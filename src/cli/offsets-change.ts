import type { LogFigures } from '../core/operating.ts';
import { ApiClient, pipelinePath } from './api-client.ts';
import type { CommandCall } from './command.ts';
import { envelope } from './envelope.ts';
import { type ExitCode, exitCode } from './exit-code.ts';

interface Change {
  readonly pipeline: string;
  readonly from: readonly LogFigures[];
  readonly to: readonly LogFigures[];
}

/** A place of a log in the words that `offsets set` takes. */
export const logText = ({ file, offset, gtids }: LogFigures): string =>
  [
    file !== null && file !== '' && `${file}:${offset}`,
    // A log without files, as the replication stream of Redis.
    file === null && offset !== null && `offset ${offset}`,
    gtids !== null && `gtid ${gtids === '' ? '(none)' : gtids}`,
  ]
    .filter((words) => words !== false)
    .join('  ') || 'nothing';

/** Moves a pipeline to another place, says old and new, and how to go back. */
export const changeOffsets = async (call: CommandCall, method: 'PUT' | 'DELETE', body: unknown): Promise<ExitCode> => {
  const { terminal } = call;
  const [name = ''] = call.arguments;
  const change = await new ApiClient(call).send<Change>(method, pipelinePath(name, '/offsets'), body);
  if (call.format === 'json') await terminal.print(envelope(call.spec.name, change));
  else {
    const from = change.from.map(logText).join('; ') || 'nothing';
    await terminal.print(`${name}  ${from} -> ${change.to.map(logText).join('; ')}\n`);
    const [before] = change.from;
    if (before !== undefined && change.from.length === 1) terminal.say(`to go back: ${undo(name, before)}`);
    terminal.say(`to go on from there: millrace resume ${name}, or millrace restart ${name} after a failure`);
  }
  return exitCode.ok;
};

const undo = (name: string, { file, offset, gtids }: LogFigures): string => {
  if (gtids !== null) return `millrace offsets set ${name} --gtid '${gtids}'`;
  if (file !== null) return `millrace offsets set ${name} --file ${file} --pos ${offset}`;
  return `millrace offsets reset ${name}`;
};
