import { MillraceError } from '../../core/errors.ts';
import type { PipelineView } from '../../server/pipeline-view.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { snapshotText } from '../pipeline-lines.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const client = new ApiClient(call);
  const [name = ''] = call.arguments;
  const tables = call.list('table');
  const where = call.text('where');
  const verbs = (['pause', 'resume', 'cancel'] as const).filter((verb) => call.flag(verb));
  const wrong = (reason: string): never => {
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace snapshot', reason });
  };
  if (verbs.length > 1) wrong(`--${verbs.join(' and --')} contradict each other`);
  const [verb] = verbs;
  if (where !== null && (tables.length === 0 || verb !== undefined)) wrong('--where goes with --table alone');
  if (verb !== undefined) {
    await client.send('POST', pipelinePath(name, `/snapshot/${verb}`), verb === 'cancel' ? { tables } : null);
    const undo = { pause: 'resume', resume: 'pause' } as const;
    if (call.format === 'human' && verb !== 'cancel') {
      call.terminal.say(`to go back: millrace snapshot ${name} --${undo[verb]}`);
    }
  } else if (tables.length > 0) {
    await client.send('POST', pipelinePath(name, '/snapshot'), { tables, ...(where === null ? {} : { where }) });
    if (call.format === 'human') {
      const which = tables.map((table) => ` --table ${table}`).join('');
      call.terminal.say(`to end it: millrace snapshot ${name} --cancel${which}`);
      call.terminal.say(`to wait for it: millrace wait ${name} --for snapshot-done`);
    }
  }
  const { snapshot } = await client.get<PipelineView>(pipelinePath(name));
  if (call.format === 'json') await call.terminal.print(envelope('snapshot', { pipeline: name, snapshot }));
  else if (snapshot === null) await call.terminal.print(`${name} reads nothing now\n`);
  else {
    const lines = snapshot.tables.map((table) => `${table.table}  ${snapshotText(table)}\n`);
    const state = snapshot.paused ? '  paused' : '';
    await call.terminal.print(
      `${lines.join('')}${name}  ${snapshot.tables.length} to do, ${snapshot.tablesDone} done${state}\n`,
    );
  }
  return exitCode.ok;
};
