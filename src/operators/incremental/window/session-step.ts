import { type Whole, whole } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { type Partition, Partitions } from '../over/partitions.ts';
import { rowOrder } from '../row-order.ts';
import type { Memory, Step } from '../step.ts';
import { tellDifference } from '../tell-difference.ts';
import { inWindow } from './window-step.ts';

type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** SESSION: rows no further apart than the gap are in one window. A row that comes or goes may join two windows, or part one. */
export class SessionStep implements Step {
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #input: Delta;
  readonly #time: number;
  readonly #gap: number;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  readonly #partitions: Partitions;
  readonly #timed = new Changes();

  constructor(plan: WindowPlan, input: Delta) {
    this.#input = input;
    this.#time = plan.time;
    this.#gap = plan.size;
    this.#order = rowOrder([{ column: plan.time, descending: false, nullsFirst: true }]);
    this.#partitions = new Partitions(plan.input, plan.partition, this.#order);
    this.memory = this.#partitions.memory;
  }

  *contents(): Generator<readonly [SqlRow, number], void, undefined> {
    for (const [, { told }] of this.#partitions.memory[0].all()) for (const row of told) yield [row, 1];
  }

  run(): void {
    const { rows, weights } = this.#input;
    for (let i = 0; i < rows.length; i += 1) {
      if (rows[i]![this.#time] !== null) this.#timed.add(rows[i]!, weights[i]!);
    }
    this.#partitions.apply(this.#timed, (partition) => {
      const now = this.#windowed(partition);
      tellDifference(partition.told, now, this.#order, this.out);
      return now;
    });
    this.#timed.clear();
  }

  #windowed(partition: Partition): readonly SqlRow[] {
    const windowed: SqlRow[] = [];
    let session: SqlRow[] = [];
    let [start, end]: [Whole, Whole] = [0, 0];
    const close = (): void => {
      for (const row of session) windowed.push(inWindow(row, [start, end]));
      session = [];
    };
    partition.rows.walk((row, weight) => {
      const time = inMillis(row[this.#time] as Whole);
      if (session.length > 0 && time > end) close();
      if (session.length === 0) start = time;
      end = moved(time, this.#gap);
      for (let times = 0; times < weight; times += 1) session.push(row);
      return true;
    });
    close();
    return windowed;
  }
}

/** Windows begin and end at whole milliseconds. */
export const inMillis = (time: Whole): Whole => {
  if (typeof time === 'number') return Math.floor(time / 1000) * 1000;
  return whole(time - (((time % 1000n) + 1000n) % 1000n));
};

export const moved = (time: Whole, micros: number): Whole => {
  const sum = Number(time) + micros;
  return Number.isSafeInteger(sum) && typeof time === 'number' ? sum : whole(BigInt(time) + BigInt(micros));
};
