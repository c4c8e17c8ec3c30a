import type { Whole } from '../../../sql/evaluate/sql-value.ts';
import { toInstant } from '../../../sql/evaluate/times.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { type Memory, remembersNothing } from '../step.ts';
import type { ClosingStep, TimeProgress } from './time-progress.ts';

/**
 * How far the time of the ticks has come, for windows over PROCTIME(). It never goes back, over restarts neither, whatever the machine's clock
 * does: so every row stands in a window that is open.
 */
export class ProcessingTime implements TimeProgress {
  before: Whole = Number.NEGATIVE_INFINITY;
  reached: Whole = Number.NEGATIVE_INFINITY;
  /** Of rows that go, and whose window has been told of: nobody asks for their number. */
  lateRows = 0;
  readonly #steps: { readonly step: ClosingStep; readonly zoned: boolean }[] = [];
  /** One entry: the time of the last tick, in milliseconds since 1970. */
  readonly #last = new KeyedState<number>({
    write: (at, to) => to.value(at),
    read: (from) => from.value() as number,
  });

  /** What is remembered from tick to tick; nothing where no window closes by the clock. */
  get memory(): Memory {
    return this.#steps.length === 0 ? remembersNothing : [this.#last];
  }

  follow(step: ClosingStep, zoned: boolean): void {
    this.#steps.push({ step, zoned });
  }

  restored(): void {
    const last = this.#last.get(null);
    if (last !== undefined) this.reached = passedAt(last);
  }

  /** Before the steps of a tick that is to be at `now`; gives the time that it has. */
  begin(now: number, ended: boolean): number {
    if (this.#steps.length === 0) return now;
    const at = Math.max(now, this.#last.get(null) ?? now);
    this.before = this.reached;
    this.reached = ended ? Number.POSITIVE_INFINITY : passedAt(at);
    this.#last.set(null, at);
    return at;
  }

  /** When the next window ends, in milliseconds since 1970; null: none is open. */
  nextEnd(timeZone: string): number | null {
    let next: number | null = null;
    for (const { step, zoned } of this.#steps) {
      const last = step.nextEnd;
      if (last === null) continue;
      const end = Math.ceil(Number(zoned ? toInstant(last, timeZone) : last) / 1_000) + 1;
      if (next === null || end < next) next = end;
    }
    return next;
  }
}

/** A window is over with its end, and not with its last millisecond, in which rows may still come. */
const passedAt = (now: number): Whole => now * 1_000 - 1_000;
