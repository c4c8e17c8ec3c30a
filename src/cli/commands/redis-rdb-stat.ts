import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortBytes } from '../figures.ts';
import { RdbCount } from '../redis/rdb-count.ts';
import { keyFacts, keyObject, keyTables } from '../redis/rdb-count-text.ts';
import { readRdb } from '../redis/read-rdb.ts';
import { stopSignals } from '../stop-signals.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const [path] = call.arguments;
  const count = new RdbCount(call.count('top', 1) ?? 10, Date.now());
  using signals = stopSignals(() => {});
  const file = await readRdb(path!, count, signals.stop);
  if (file === null) return exitCode.interrupted;
  const { dialect, version, bytes } = file;
  if (format === 'json') {
    await terminal.print(envelope('redis rdb stat', { format: dialect, version, bytes, ...keyObject(count) }));
    return exitCode.ok;
  }
  const written = ['format', `${dialect} version ${version}, ${shortBytes(bytes)}`] as const;
  const parts = [textTable([], [written, ...keyFacts(count)]), ...keyTables(count)];
  await terminal.print(`${parts.join('\n\n')}\n`);
  return exitCode.ok;
};
