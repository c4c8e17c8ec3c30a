import { MillraceError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { tablePatterns } from '../../core/table-pattern.ts';
import { type EventTypeName, eventType } from '../../protocol/mysql/event-type.ts';
import { BinlogView, type ViewedEvent } from '../binlog/binlog-view.ts';
import { eventJson, eventText } from '../binlog/event-text.ts';
import { readBinlogs } from '../binlog/read-binlog.ts';
import { binlogReadOptions } from '../binlog/read-options.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { stopSignals } from '../stop-signals.ts';

/** Output is handed on in pieces of this size: one by one, short lines would cost more than making them. */
const PIECE_CHARACTERS = 65_536;

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const wanted = eventFilter(call);
  const limit = call.count('limit', 1) ?? Number.POSITIVE_INFINITY;
  const show = call.format === 'jsonl' ? eventJson : eventText;
  const view = new BinlogView();
  using signals = stopSignals(() => {});
  let pending = '';
  const flush = async (): Promise<void> => {
    const piece = pending;
    pending = '';
    if (piece !== '') await terminal.print(piece);
  };
  let printed = 0;
  try {
    for await (const events of readBinlogs(call.arguments, binlogReadOptions(call, signals.stop))) {
      for (const event of events) {
        const viewed = view.view(event);
        if (!wanted(viewed)) continue;
        for (const text of show(viewed)) {
          pending += text;
          if (pending.length >= PIECE_CHARACTERS) await flush();
        }
        printed += 1;
        if (printed >= limit) return exitCode.ok;
      }
      await flush();
    }
  } finally {
    await flush();
  }
  return signals.abort.aborted ? exitCode.interrupted : exitCode.ok;
};

/** What `--table` and `--event` leave. A table's filter leaves only events of tables. */
const eventFilter = (call: CommandCall): ((event: ViewedEvent) => boolean) => {
  const tables = call.list('table');
  const patterns = tables.length > 0 ? tablePatterns(tables, []) : null;
  const types = call.list('event').flatMap(eventTypes);
  return ({ type, map }) => {
    if (types.length > 0 && !types.some((name) => name === type)) return false;
    return patterns === null || (map !== null && patterns.matches(map.database, map.name));
  };
};

/** A type by its name; without its version, in all versions: WRITE_ROWS is also WRITE_ROWS_V1. */
const eventTypes = (given: string): readonly EventTypeName[] => {
  const name = given.toUpperCase().replaceAll('-', '_');
  const names = Object.keys(eventType) as EventTypeName[];
  const found = names.filter((known) => known === name || known.replace(/(_COMPRESSED)?(_V1)?$/, '') === name);
  if (found.length > 0) return found;
  const near = nearestName(name, names);
  const reason = `there is no event type ${given}${near === null ? '' : `; did you mean ${near}?`}`;
  throw new MillraceError('CLI_OPTION_VALUE', { option: '--event', reason });
};
