import type { Log } from '../../core/log.ts';
import type { Delta } from '../../operators/incremental/delta.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import { followQuery } from '../../sql-pipeline/follow-query.ts';
import type { SqlQuery } from '../../sql-pipeline/sql-program.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { StopSignals } from '../stop-signals.ts';
import { LiveTable, type Screen } from './live-table.ts';
import { CurrentRows, type RowChange, RowText, rowChanges, type ShownResult, shownResult } from './result-text.ts';
import { Tableau } from './tableau.ts';

export interface QuerySurroundings {
  readonly log: Log;
  readonly signals: StopSignals;
  /** Somebody looks at it: what is shown as a table is drawn in place. Null: it is written again after each change. */
  readonly screen: Screen | null;
}

/** How a query's result is told; disposing tells what is left. */
interface Display extends AsyncDisposable {
  show(delta: Delta, first: boolean): Promise<void>;
}

/** Prints a query's result, and how it changes, until it ends or a signal comes. */
export const runQuery = async (
  call: Pick<CommandCall, 'terminal' | 'format' | 'text'>,
  query: SqlQuery,
  { log, signals, screen }: QuerySurroundings,
): Promise<ExitCode> => {
  const { plan, tables, bounded, settings, resultMode } = query;
  const unsaid = screen !== null ? 'tableau' : bounded ? 'table' : 'changelog';
  const mode = call.format === 'human' ? (call.text('mode') ?? resultMode ?? unsaid) : 'changelog';
  const sorted = mode === 'table' || bounded;
  const shown = sorted ? shownResult(plan) : { plan, order: null, columns: plan.columns };
  const context: EvaluationContext = { ...settings, now: systemClock.now };
  const print = (text: string): Promise<void> => call.terminal.print(text);
  let first = true;
  {
    await using display =
      mode === 'table'
        ? tableDisplay(shown, context, { print, screen })
        : lineDisplay(shown, lineOf(mode, call.format, shown, context), { print, bounded });
    for await (const delta of followQuery({
      plan: shown.plan,
      tables,
      bounded,
      settings,
      context: { pipeline: `sql-${process.pid}`, log, clock: systemClock },
      signal: signals.stop,
    })) {
      if (first || delta.rows.length > 0) await display.show(delta, first);
      first = false;
    }
  }
  // Half a result is no result: whoever reads it must not take it for one.
  return signals.abort.aborted || (bounded && first) ? exitCode.interrupted : exitCode.ok;
};

type Print = (text: string) => Promise<void>;

/** The rows as they stand. */
const tableDisplay = (
  shown: ShownResult,
  context: EvaluationContext,
  { print, screen }: { readonly print: Print; readonly screen: Screen | null },
): Display => {
  const text = new RowText(shown.columns, context);
  const rows = new CurrentRows(shown);
  const live = screen === null ? null : new LiveTable(screen);
  return {
    show: async (delta, first) => {
      rows.apply(delta);
      if (live !== null) live.show(text.table(rows.list()));
      else await print(`${first ? '' : '\n'}${text.table(rows.list())}`);
    },
    [Symbol.asyncDispose]: async () => live?.[Symbol.dispose](),
  };
};

/** How changes become lines. */
interface Lines {
  readonly begin: string;
  readonly change: (change: RowChange) => string;
  readonly end: () => string;
  /** A result that ends, as a whole; null: it is lines like any other. */
  readonly whole: ((rows: CurrentRows) => string) | null;
}

const lineOf = (mode: string, format: CommandCall['format'], shown: ShownResult, context: EvaluationContext): Lines => {
  if (mode === 'tableau') {
    const tableau = new Tableau(shown.columns, context);
    return {
      begin: tableau.begin(),
      change: (change) => tableau.change(change),
      end: () => tableau.end(),
      whole: (rows) => tableau.whole(rows.list()),
    };
  }
  const text = new RowText(shown.columns, context);
  const change = (each: RowChange): string => (format === 'jsonl' ? text.json(each) : text.change(each));
  return { begin: '', change, end: () => '', whole: null };
};

/** A line for each change; a result that ends is told once, in its order. */
const lineDisplay = (
  shown: ShownResult,
  { begin, change, end, whole }: Lines,
  { print, bounded }: { readonly print: Print; readonly bounded: boolean },
): Display => {
  const rows = new CurrentRows(shown);
  const changesOf = rowChanges(shown.plan);
  let begun = false;
  return {
    show: async (delta) => {
      if (bounded) rows.apply(delta);
      if (bounded && whole !== null) return await print(whole(rows));
      const changes = bounded ? rows.list().map((row) => ({ op: '+I', row }) as const) : changesOf(delta);
      let piece = begun ? '' : begin;
      begun = true;
      for (const each of changes) {
        piece += change(each);
        if (piece.length < PIECE_CHARACTERS) continue;
        await print(piece);
        piece = '';
      }
      if (piece !== '') await print(piece);
    },
    [Symbol.asyncDispose]: async () => {
      const last = begun ? end() : '';
      if (last !== '') await print(last);
    },
  };
};

/** Output is handed on in pieces of this size: one by one, short lines would cost more than making them. */
const PIECE_CHARACTERS = 65_536;
