import type { Whole } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { remembersNothing, type Step } from '../step.ts';
import { type Window, windowsOfTime } from './windows-of-time.ts';

type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** A row in a window. The last microsecond before its end that TIMESTAMP(3) has is the window's time. */
export const inWindow = (row: SqlRow, [start, end]: Window): SqlRow => {
  const windowed = row.slice();
  windowed.push(start, end, typeof end === 'number' ? end - 1000 : end - 1000n);
  return windowed;
};

/** TUMBLE, HOP and CUMULATE: each row as often as there are windows of its time. One without a time stands in none. */
export class WindowStep implements Step {
  readonly out = new Changes();
  readonly memory = remembersNothing;
  readonly #input: Delta;
  readonly #time: number;
  readonly #windowsOf: (time: Whole) => readonly Window[];

  constructor(plan: WindowPlan, input: Delta) {
    this.#input = input;
    this.#time = plan.time;
    this.#windowsOf = windowsOfTime(plan);
  }

  run(): void {
    const { rows, weights } = this.#input;
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      const time = row[this.#time] as Whole | null;
      if (time === null) continue;
      for (const window of this.#windowsOf(time)) this.out.add(inWindow(row, window), weights[i]!);
    }
  }
}
