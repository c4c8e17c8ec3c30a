import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { isComplete } from '../../../sql/plan/complete-windows.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { keyOrder, rowOrder } from '../row-order.ts';
import { type Memory, remembersNothing, type Step } from '../step.ts';
import { tellDifference } from '../tell-difference.ts';
import type { OrderedRows } from './frame-edges.ts';
import { type Partition, Partitions } from './partitions.ts';
import { type WindowFunction, windowFunction } from './window-function.ts';

type OverPlan = Extract<Plan, { kind: 'over' }>;

/** Functions over the rows around each row. A partition that changes is computed anew, and what differs is told. */
export class OverStep implements Step {
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #input: Delta;
  readonly #isComplete: boolean;
  readonly #partitions: Partitions;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  readonly #byKeys: (a: SqlRow, b: SqlRow) => number;
  readonly #functions: readonly WindowFunction[];

  constructor(plan: OverPlan, input: Delta) {
    this.#isComplete = isComplete(plan);
    this.#input = input;
    this.#order = rowOrder(plan.order);
    this.#byKeys = keyOrder(plan.order);
    this.#partitions = new Partitions(plan.input.columns, plan.partition, this.#order);
    this.memory = this.#isComplete ? remembersNothing : this.#partitions.memory;
    this.#functions = plan.calls.map((call) => windowFunction(call, plan.order, plan.input.columns));
  }

  run(): void {
    this.#partitions.apply(this.#input, (partition) => {
      const now = this.#computed(partition);
      tellDifference(partition.told, now, this.#order, this.out);
      return now;
    });
    if (this.#isComplete) this.#partitions.clear();
  }

  #computed(partition: Partition): readonly SqlRow[] {
    const ordered = this.#ordered(partition);
    const results = this.#functions.map((compute) => compute(ordered));
    return ordered.rows.map((row, at) => {
      const values: SqlValue[] = row.slice();
      for (const result of results) values.push(result[at]!);
      return values;
    });
  }

  #ordered(partition: Partition): OrderedRows {
    const rows: SqlRow[] = [];
    partition.rows.walk((row, weight) => {
      for (let times = 0; times < weight; times += 1) rows.push(row);
      return true;
    });
    const peersFrom: number[] = [];
    for (const [at, row] of rows.entries())
      peersFrom.push(at > 0 && this.#byKeys(rows[at - 1]!, row) === 0 ? peersFrom[at - 1]! : at);
    const peersTo: number[] = new Array(rows.length);
    for (let at = rows.length - 1; at >= 0; at -= 1) {
      const isLast = at === rows.length - 1 || peersFrom[at + 1] === at + 1;
      peersTo[at] = isLast ? at + 1 : peersTo[at + 1]!;
    }
    return { rows, peersFrom, peersTo };
  }
}
