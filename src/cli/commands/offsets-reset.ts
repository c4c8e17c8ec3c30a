import type { CommandCall } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { ExitCode } from '../exit-code.ts';
import { changeOffsets } from '../offsets-change.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const [name = ''] = call.arguments;
  await confirm(call, `${name} will forget its position and begin as its file says, snapshots included`, name);
  return await changeOffsets(call, 'DELETE', null);
};
