import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortBytes } from '../figures.ts';
import { AofCount } from '../redis/aof-count.ts';
import { keyFacts, keyObject, keyTables } from '../redis/rdb-count-text.ts';
import { type AofLog, readAof } from '../redis/read-aof.ts';
import { stopSignals } from '../stop-signals.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const count = new AofCount(call.count('top', 1) ?? 10, Date.now());
  const until = secondsOf(call.text('until'));
  using signals = stopSignals(() => {});
  const log = await readAof(call.arguments[0]!, count, { until, signal: signals.stop });
  if (log === null) return exitCode.interrupted;
  const text = format === 'json' ? envelope('redis aof stat', countObject(count, log)) : countText(count, log);
  await terminal.print(text);
  return exitCode.ok;
};

const secondsOf = (text: string | null): number | null => {
  if (text === null) return null;
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000);
  if (Number.isSafeInteger(seconds)) return seconds;
  throw new MillraceError('CLI_OPTION_VALUE', {
    option: '--until',
    reason: `"${text}" is no time such as 2026-11-29T08:00:00Z, nor seconds since 1970`,
  });
};

const countObject = (count: AofCount, { files, end }: AofLog) => ({
  files,
  bytes: bytesOf(files),
  commands: count.commands,
  transactions: count.transactions,
  first_time: timeOf(count.firstTime),
  last_time: timeOf(count.lastTime),
  names: Object.fromEntries(count.names),
  databases: Object.fromEntries(count.databases),
  cut_bytes: end.cutBytes,
  dropped_commands: end.droppedCommands,
  base: count.keys.facts.size > 0 ? keyObject(count.keys) : null,
});

const countText = (count: AofCount, { files, end }: AofLog): string => {
  const facts: (readonly [string, string])[] = [
    ['files', files.map(({ name, bytes }) => `${name} (${shortBytes(bytes)})`).join(', ') || 'none'],
    ['commands', `${count.commands}, with ${count.transactions} transactions`],
    ['databases', [...count.databases].map(([index, commands]) => `${index} (${commands})`).join(', ') || 'none'],
  ];
  if (count.firstTime !== null) facts.push(['times', `${timeOf(count.firstTime)} to ${timeOf(count.lastTime)}`]);
  if (end.cutBytes > 0) {
    const dropped = end.droppedCommands > 0 ? `, with ${end.droppedCommands} commands of a MULTI without its EXEC` : '';
    facts.push(['left out', `${shortBytes(end.cutBytes)} from byte ${end.offset} of the last file${dropped}`]);
  }
  const names = [...count.names]
    .sort(([, a], [, b]) => b.commands - a.commands)
    .map(([name, { commands, bytes }]) => [name, String(commands), shortBytes(bytes)]);
  const base =
    count.keys.facts.size > 0
      ? [`The base holds:\n${textTable([], keyFacts(count.keys))}`, ...keyTables(count.keys)]
      : [];
  return [textTable([], facts), ...(names.length > 0 ? [textTable(['command', 'times', 'bytes'], names)] : []), ...base]
    .join('\n\n')
    .concat('\n');
};

const bytesOf = (files: AofLog['files']): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

const timeOf = (seconds: number | null): string | null =>
  seconds === null ? null : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
