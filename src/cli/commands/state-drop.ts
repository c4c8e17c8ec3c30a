import { rmSync } from 'node:fs';
import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { confirm } from '../confirm.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { keptJobs } from '../kept-jobs.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const name = call.arguments[0]!;
  const jobs = keptJobs(call, name);
  for (const { folder, running } of jobs) if (running) throw new MillraceError('STATE_IN_USE', { folder });
  const folders = jobs.map(({ folder }) => folder);
  await confirm(call, `what ${name} remembers is dropped: ${folders.join(', ')}`, name);
  for (const folder of folders) rmSync(folder, { recursive: true });
  if (call.format === 'json') await call.terminal.print(envelope('state drop', { dropped: folders }));
  else if (!call.flag('quiet')) call.terminal.say(`dropped ${folders.join(', ')}`);
  return exitCode.ok;
};
