import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { ExitCode } from '../exit-code.ts';
import { changeOffsets } from '../offsets-change.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const [name = ''] = call.arguments;
  const body = placeOf(call);
  await confirm(call, `${name} will go on from another place; changes between the two may be skipped for good`, name);
  return await changeOffsets(call, 'PUT', body);
};

const placeOf = (call: CommandCall): Readonly<Record<string, unknown>> => {
  const gtid = call.text('gtid');
  const file = call.text('file');
  const timestamp = call.text('timestamp');
  const pos = call.count('pos', 4);
  const ways: Readonly<Record<string, unknown>>[] = [];
  if (gtid !== null) ways.push({ gtid });
  if (file !== null) ways.push({ file, ...(pos === null ? {} : { pos }) });
  if (timestamp !== null) ways.push({ timestamp: millisOf(timestamp) });
  if (call.flag('earliest')) ways.push({ at: 'earliest' });
  if (call.flag('latest')) ways.push({ at: 'latest' });
  if (ways.length === 1 && (pos === null || file !== null)) return ways[0]!;
  const reason =
    ways.length === 1 ? '--pos goes with --file' : 'name one of --gtid, --file, --timestamp, --earliest and --latest';
  throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace offsets set', reason });
};

const millisOf = (text: string): number => {
  const millis = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(millis) && millis >= 0) return millis;
  const reason = `${text} is no time: write 2026-11-29T08:00:00Z, or milliseconds since 1970`;
  throw new MillraceError('CLI_OPTION_VALUE', { option: '--timestamp', reason });
};
