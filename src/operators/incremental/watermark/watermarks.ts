import type { Evaluator } from '../../../sql/evaluate/bound.ts';
import { compile } from '../../../sql/evaluate/compile.ts';
import type { EvaluationContext, Whole } from '../../../sql/evaluate/sql-value.ts';
import type { CatalogTable } from '../../../sql/plan/plan.ts';
import type { Delta } from '../delta.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { type Memory, remembersNothing } from '../step.ts';
import type { TimeProgress } from './time-progress.ts';

/** Before any row, and when nothing more comes. In between, microseconds. */
const NEVER = Number.NEGATIVE_INFINITY;
const FOREVER = Number.POSITIVE_INFINITY;

/** How far the event time of one table has come. */
interface TableMark {
  readonly name: string;
  readonly changes: Delta;
  readonly mark: Evaluator;
  reached: Whole;
  /** When its last row came, in milliseconds since 1970; null: none has. */
  lastRowAt: number | null;
}

/** Where the watermark is, and what holds it there. */
export interface WatermarkState {
  /** In microseconds; null: nothing is known yet, or nothing more will come. */
  readonly reached: Whole | null;
  /** In milliseconds since 1970, by the time of the ticks. */
  readonly movedAt: number;
  /** The table that is furthest behind while others are ahead of it; null: none. */
  readonly heldBy: string | null;
}

/**
 * How far event time has come: as far as the table that is furthest behind, of those that declare a WATERMARK. It moves at the end of a
 * tick and never goes back, so what is late does not hang on the order of rows within a tick.
 */
export class Watermarks implements TimeProgress {
  /** What had been reached when the last tick ended: a row that belongs before it is late. */
  before: Whole = NEVER;
  /** What has been reached with this tick's rows. */
  reached: Whole = NEVER;
  /** Rows, and goings of rows, that came too late for their windows. */
  lateRows = 0;
  /** When it moved last, or began to be asked for, by the time of the ticks; null: there has been no tick. */
  #movedAt: number | null = null;
  readonly #tables: TableMark[] = [];
  /** By the names of tables; null stands for all of them together. */
  readonly #marks = new KeyedState<Whole>({
    write: (mark, to) => to.value(mark),
    read: (from) => from.value() as Whole,
  });
  /** How long a table may say nothing before the others go on without it; 0: for ever. */
  readonly #idleMs: number;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** What had been reached when the last tick ended; null: nothing yet. */
  get known(): Whole | null {
    return Number.isFinite(Number(this.before)) ? this.before : null;
  }

  /** What is remembered from tick to tick; nothing where no table declares a watermark. */
  get memory(): Memory {
    return this.#tables.length === 0 ? remembersNothing : [this.#marks];
  }

  /** Null: no table declares a watermark. */
  state(now: number): WatermarkState | null {
    if (this.#tables.length === 0) return null;
    const waiting = this.#tables.filter((table) => !this.#isIdle(table, now));
    const least = waiting.reduce<TableMark | null>((a, b) => (a === null || b.reached < a.reached ? b : a), null);
    const isHolding = least !== null && this.#tables.some(({ reached }) => reached > least.reached);
    return {
      reached: Number.isFinite(Number(this.reached)) ? this.reached : null,
      movedAt: this.#movedAt ?? now,
      heldBy: isHolding ? least.name : null,
    };
  }

  follow({ name, watermark }: CatalogTable, changes: Delta): void {
    if (watermark !== undefined)
      this.#tables.push({ name, changes, mark: compile(watermark.mark), reached: NEVER, lastRowAt: null });
  }

  restored(): void {
    this.reached = this.#marks.get(null) ?? NEVER;
    for (const table of this.#tables) table.reached = this.#marks.get(table.name) ?? NEVER;
  }

  /** Before the steps of a tick. `ended`: nothing more will come. */
  begin(context: EvaluationContext, ended: boolean): void {
    this.before = this.reached;
    for (const table of this.#tables) if (advance(table, context)) this.#marks.set(table.name, table.reached);
    if (ended) {
      this.reached = FOREVER;
      return;
    }
    const now = context.now();
    this.#movedAt ??= now;
    let least: Whole | null = null;
    for (const table of this.#tables) {
      if (this.#isIdle(table, now)) continue;
      if (least === null || table.reached < least) least = table.reached;
    }
    if (least === null || least <= this.reached) return;
    this.reached = least;
    this.#movedAt = now;
    this.#marks.set(null, least);
  }

  /** When the next table has said nothing for so long that the others go on without it, in milliseconds since 1970; null: none holds others up. */
  nextIdle(now: number): number | null {
    if (this.#idleMs === 0) return null;
    let next: number | null = null;
    for (const table of this.#tables) {
      const isBehind = this.#tables.some((other) => other.reached > table.reached);
      if (!isBehind || this.#isIdle(table, now)) continue;
      const at = table.lastRowAt! + this.#idleMs;
      if (next === null || at < next) next = at;
    }
    return next;
  }

  #isIdle(table: TableMark, now: number): boolean {
    if (this.#idleMs === 0) return false;
    // The time before its first row counts from the first tick on.
    table.lastRowAt ??= now;
    return now - table.lastRowAt >= this.#idleMs;
  }
}

/** Whether the table has come further. */
const advance = (table: TableMark, context: EvaluationContext): boolean => {
  const { rows, weights } = table.changes;
  if (rows.length === 0) return false;
  const before = table.reached;
  table.lastRowAt = context.now();
  for (let i = 0; i < rows.length; i += 1) {
    if (weights[i]! <= 0) continue;
    const mark = table.mark(rows[i]!, context) as Whole | null;
    if (mark !== null && mark > table.reached) table.reached = mark;
  }
  return table.reached > before;
};
