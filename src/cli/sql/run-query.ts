import type { Log } from '../../core/log.ts';
import type { Delta } from '../../operators/incremental/delta.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import { followQuery } from '../../sql-pipeline/follow-query.ts';
import type { SqlQuery } from '../../sql-pipeline/sql-program.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { stopSignals } from '../stop-signals.ts';
import { CurrentRows, RowText, rowChanges, shownResult } from './result-text.ts';

/** Prints a query's result, and how it changes, until it ends or a signal comes. */
export const runQuery = async (call: CommandCall, query: SqlQuery, log: Log): Promise<ExitCode> => {
  const { terminal } = call;
  const { plan, tables, bounded, settings, resultMode } = query;
  const mode = call.text('mode') ?? resultMode ?? (bounded ? 'table' : 'changelog');
  const asTable = call.format === 'human' && mode === 'table';
  const shown = asTable || bounded ? shownResult(plan) : { plan, order: null, columns: plan.columns };
  const context: EvaluationContext = { ...settings, now: systemClock.now };
  const text = new RowText(shown.columns, context);
  const rows = new CurrentRows(shown);
  const changesOf = rowChanges(shown.plan);
  const show = async (delta: Delta, first: boolean): Promise<void> => {
    if (asTable || bounded) rows.apply(delta);
    if (asTable) return await terminal.print(`${first ? '' : '\n'}${text.table(rows.list())}`);
    const changes = bounded ? rows.list().map((row) => ({ op: '+I', row }) as const) : changesOf(delta);
    let piece = '';
    for (const change of changes) {
      piece += call.format === 'jsonl' ? text.json(change) : text.change(change);
      if (piece.length < PIECE_CHARACTERS) continue;
      await terminal.print(piece);
      piece = '';
    }
    if (piece !== '') await terminal.print(piece);
  };
  using signals = stopSignals(() => {});
  let first = true;
  for await (const delta of followQuery({
    plan: shown.plan,
    tables,
    bounded,
    settings,
    context: { pipeline: `sql-${process.pid}`, log, clock: systemClock },
    signal: signals.stop,
  })) {
    if (first || delta.rows.length > 0) await show(delta, first);
    first = false;
  }
  // Half a result is no result: whoever reads it must not take it for one.
  return signals.abort.aborted || (bounded && first) ? exitCode.interrupted : exitCode.ok;
};

/** Output is handed on in pieces of this size: one by one, short lines would cost more than making them. */
const PIECE_CHARACTERS = 65_536;
