import { BinlogCount } from '../binlog/binlog-count.ts';
import { BinlogView } from '../binlog/binlog-view.ts';
import { isoTime } from '../binlog/describe-event.ts';
import { readBinlogs } from '../binlog/read-binlog.ts';
import { binlogReadOptions } from '../binlog/read-options.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortBytes, shortCount, shortMs } from '../figures.ts';
import { stopSignals } from '../stop-signals.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const top = call.count('top', 1) ?? 10;
  const count = new BinlogCount(top);
  const view = new BinlogView();
  using signals = stopSignals(() => {});
  try {
    for await (const events of readBinlogs(call.arguments, binlogReadOptions(call, signals.stop))) {
      for (const event of events) count.add(view.view(event));
    }
  } finally {
    // What was read is counted and shown, also when the rest is damaged.
    count.finish();
    if (count.files.size > 0)
      await terminal.print(
        format === 'json' ? envelope('binlog stat', countObject(count, top)) : countText(count, top),
      );
  }
  return signals.abort.aborted ? exitCode.interrupted : exitCode.ok;
};

const countObject = (count: BinlogCount, top: number) => ({
  files: [...count.files],
  server_version: count.serverVersion,
  servers: [...count.servers],
  bytes: count.bytes,
  first_time: count.firstTime === null ? null : isoTime(count.firstTime * 1000),
  last_time: count.lastTime === null ? null : isoTime(count.lastTime * 1000),
  transactions: count.transactions,
  rows: count.rows,
  first_gtid: count.firstGtid,
  last_gtid: count.lastGtid,
  compressed: {
    transactions: count.compressed.transactions,
    bytes: count.compressed.bytes,
    inflated_bytes: count.compressed.inflatedBytes,
  },
  events: Object.fromEntries(count.types),
  tables: Object.fromEntries(topTables(count, top)),
  table_count: count.tables.size,
  unreadable_reason: count.unreadableReason,
  largest_transactions: count.largest,
});

const topTables = (count: BinlogCount, top: number) =>
  [...count.tables].toSorted(([, a], [, b]) => b.bytes - a.bytes).slice(0, top);

const countText = (count: BinlogCount, top: number): string => {
  const seconds =
    count.firstTime === null || count.lastTime === null ? 0 : Math.max(1, count.lastTime - count.firstTime);
  const { compressed } = count;
  const facts: [string, string][] = [
    ['files', `${count.files.size} (${[...count.files].slice(0, 3).join(', ')}${count.files.size > 3 ? ', …' : ''})`],
    ['written by', `${count.serverVersion ?? 'unknown'}, server id ${[...count.servers].join(', ') || 'unknown'}`],
    ['bytes', shortBytes(count.bytes)],
    [
      'time',
      count.firstTime === null
        ? 'none'
        : `${isoTime(count.firstTime * 1000)} to ${isoTime(count.lastTime! * 1000)} (${shortMs(seconds * 1000)})`,
    ],
    ['transactions', `${count.transactions}${seconds > 0 ? ` (${shortCount(count.transactions / seconds)}/s)` : ''}`],
    ['rows', `${count.rows}${seconds > 0 ? ` (${shortCount(count.rows / seconds)}/s)` : ''}`],
    ['GTIDs', count.firstGtid === null ? 'none' : `${count.firstGtid} to ${count.lastGtid}`],
    [
      'compressed',
      compressed.transactions === 0
        ? 'no transaction'
        : `${compressed.transactions} transactions, ${shortBytes(compressed.inflatedBytes)} in ${shortBytes(compressed.bytes)} (${(compressed.inflatedBytes / Math.max(1, compressed.bytes)).toFixed(1)} : 1)`,
    ],
  ];
  const types = [...count.types].toSorted(([, a], [, b]) => b.bytes - a.bytes);
  const sections = [
    textTable([], facts),
    textTable(
      ['event', 'count', 'bytes'],
      types.map(([name, { events, bytes }]) => [name, String(events), shortBytes(bytes)]),
    ),
    ...(count.tables.size === 0 ? [] : [tablesText(count, top)]),
    ...(count.largest.length === 0
      ? []
      : [
          textTable(
            ['largest transactions', 'at', 'rows', 'bytes'],
            count.largest.map(({ gtid, file, position, rows, bytes }) => [
              gtid ?? 'no GTID',
              `${file}:${position ?? '?'}`,
              String(rows),
              shortBytes(bytes),
            ]),
          ),
        ]),
  ];
  return `${sections.join('\n\n')}\n`;
};

const tablesText = (count: BinlogCount, top: number): string => {
  const rows = topTables(count, top).map(([name, table]) => [
    name,
    String(table.create),
    String(table.update),
    String(table.delete),
    shortBytes(table.bytes),
  ]);
  const more = count.tables.size - rows.length;
  const notes = [
    ...(more > 0 ? [`and ${more} more tables (--top)`] : []),
    ...(count.unreadableReason === null ? [] : [`some row events could not be counted: ${count.unreadableReason}`]),
  ];
  return [textTable(['table', 'created', 'updated', 'deleted', 'bytes'], rows), ...notes].join('\n');
};
