import { basename } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import type { Checkpoint } from '../../sql-pipeline/checkpoint.ts';
import { exportedLines } from '../../sql-pipeline/state-export.ts';
import { KeptMoment } from '../../state/kept-moment.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { keptFolders } from '../kept-jobs.ts';

/** Lines go out together, so many characters at a time. */
const mostTogether = 65_536;

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const [name, chosen = null] = call.arguments as [string, string?];
  const { root, folders } = keptFolders(call, name);
  let [found, isEmpty] = [false, false];
  for (const folder of folders) {
    using moment = KeptMoment.open(folder);
    if (moment === null) continue;
    if (moment.checkpoint === null) {
      isEmpty = true;
      continue;
    }
    const job = (JSON.parse(moment.checkpoint) as Checkpoint).name;
    if (job !== undefined && job !== name && basename(folder) !== name) continue;
    found = true;
    let text = '';
    for (const line of exportedLines(moment, { folder, chosen })) {
      text += line;
      if (text.length < mostTogether) continue;
      await call.terminal.print(text);
      text = '';
    }
    if (text !== '') await call.terminal.print(text);
  }
  if (!found) {
    const what = isEmpty ? `checkpoint of ${name} yet` : `state of ${name}`;
    throw new MillraceError('STATE_NOT_FOUND', { what, folder: root });
  }
  return exitCode.ok;
};
