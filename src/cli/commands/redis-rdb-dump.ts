import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { RdbDump } from '../redis/rdb-dump.ts';
import { readRdb } from '../redis/read-rdb.ts';
import { stopSignals } from '../stop-signals.ts';

const usualElements = 100;

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const starts = call.list('key').map((start) => Buffer.from(start));
  const database = call.count('database', 0);
  const dump = new RdbDump({
    format: call.format === 'jsonl' ? 'jsonl' : 'human',
    elements: call.count('elements', 0) ?? usualElements,
    limit: call.count('limit', 1) ?? Number.POSITIVE_INFINITY,
    wanted: (of, name) =>
      (database === null || of === database) &&
      (starts.length === 0 || starts.some((start) => name.subarray(0, start.length).equals(start))),
  });
  using signals = stopSignals(() => {});
  const show = async (): Promise<boolean> => {
    const text = dump.take();
    if (text !== '') await terminal.print(text);
    return !dump.isFull;
  };
  const file = await readRdb(call.arguments[0]!, dump, signals.stop, show);
  await show();
  return file === null && !dump.isFull ? exitCode.interrupted : exitCode.ok;
};
