import type { EvaluationContext, Whole } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { MinHeap } from '../min-heap.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { KeyedState } from '../state/keyed-state.ts';
import type { Memory } from '../step.ts';
import type { ClosingStep, TimeProgress } from '../watermark/time-progress.ts';
import { inLocalTime } from './in-local-time.ts';
import { inWindow } from './window-step.ts';
import { type Window, windowsOfTime } from './windows-of-time.ts';

type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** A window that is still open: its rows, each with how often it is there. */
interface OpenWindow {
  readonly window: Window;
  readonly rows: SqlRow[];
  readonly weights: number[];
  /** Where rows stand; null where rows only come. */
  readonly places: Map<RowKey, number> | null;
}

/**
 * TUMBLE, HOP and CUMULATE over the column of a WATERMARK, or PROCTIME(): a window's rows are handed on in one tick, when the watermark or
 * the clock has passed the window's end. What comes for a window that was closed in an earlier tick is late: it is counted, and left out.
 */
export class ClosingWindowStep implements ClosingStep {
  readonly keepsOwnTime = true;
  readonly out = new Changes();
  readonly #input: Delta;
  readonly #plan: WindowPlan;
  readonly #progress: TimeProgress;
  readonly #windowsOf: (time: Whole) => readonly Window[];
  readonly #key: ((row: SqlRow) => RowKey) | null;
  /** By their ends, of which each is one window's. */
  readonly #open: KeyedState<OpenWindow>;
  readonly #byEnd = new MinHeap<OpenWindow>();
  readonly memory: Memory;

  constructor(plan: WindowPlan, input: Delta, progress: TimeProgress, appendOnly: boolean) {
    this.#input = input;
    this.#plan = plan;
    this.#progress = progress;
    this.#windowsOf = windowsOfTime(plan);
    const { columns } = plan.input;
    this.#key = appendOnly
      ? null
      : rowKey(
          [...columns.keys()],
          columns.map(({ type }) => type),
        );
    this.#open = new KeyedState<OpenWindow>({
      write: ({ window, rows, weights: counts }, to) => {
        to.value(window);
        to.value(rows);
        to.value(counts);
      },
      read: (from) => {
        const window = from.row() as unknown as Window;
        const [rows, weights] = [from.value() as SqlRow[], from.value() as number[]];
        const key = this.#key;
        return { window, rows, weights, places: key === null ? null : new Map(rows.map((row, at) => [key(row), at])) };
      },
    });
    this.memory = [this.#open];
  }

  get nextEnd(): Whole | null {
    return this.#byEnd.least;
  }

  restored(): void {
    for (const [, open] of this.#open.all()) this.#byEnd.push(lastMoment(open.window), open);
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    const { zoned, time: column } = this.#plan;
    const before = inLocalTime(this.#progress.before, zoned, context);
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      const time = row[column] as Whole | null;
      if (time === null) continue;
      for (const window of this.#windowsOf(time)) {
        if (lastMoment(window) <= before) this.#progress.lateRows += Math.abs(weights[i]!);
        else this.#keep(window, row, weights[i]!);
      }
    }
    const reached = inLocalTime(this.#progress.reached, zoned, context);
    while (this.#byEnd.least !== null && this.#byEnd.least <= reached) this.#close(this.#byEnd.pop());
  }

  #keep(window: Window, row: SqlRow, weight: number): void {
    const { rows, weights, places } = this.#windowAt(window);
    this.#open.changed(window[1]);
    if (places !== null) {
      const key = this.#key!(row);
      const place = places.get(key);
      if (place !== undefined) {
        weights[place]! += weight;
        return;
      }
      places.set(key, rows.length);
    }
    rows.push(row);
    weights.push(weight);
  }

  #windowAt(window: Window): OpenWindow {
    const known = this.#open.get(window[1]);
    if (known !== undefined) return known;
    const open = { window, rows: [], weights: [], places: this.#key === null ? null : new Map<RowKey, number>() };
    this.#open.set(window[1], open);
    this.#byEnd.push(lastMoment(window), open);
    return open;
  }

  #close({ window, rows, weights }: OpenWindow): void {
    this.#open.delete(window[1]);
    for (let i = 0; i < rows.length; i += 1)
      if (weights[i] !== 0) this.out.add(inWindow(rows[i]!, window), weights[i]!);
  }
}

/** A window is over when the watermark reaches its last millisecond, as in Flink. */
export const lastMoment = ([, end]: Window): Whole => (typeof end === 'number' ? end - 1000 : end - 1000n);
