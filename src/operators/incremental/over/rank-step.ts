import { isComplete } from '../../../sql/plan/complete-windows.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { keyOrder, rowOrder } from '../row-order.ts';
import type { SortedBag } from '../sorted-bag.ts';
import { type Memory, remembersNothing, type Step } from '../step.ts';
import { tellDifference } from '../tell-difference.ts';
import { type Partition, Partitions } from './partitions.ts';

type RankPlan = Extract<Plan, { kind: 'rank' }>;

/**
 * The first rows of each partition: Top-N and, with the first alone, deduplication. Of ties the same rows are taken whenever they
 * came, as all columns decide behind those that are sorted by.
 */
export class RankStep implements Step {
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #input: Delta;
  readonly #plan: RankPlan;
  /** The place is read of a row, and not only which rows there are. */
  readonly isNumbered: boolean;
  readonly #isComplete: boolean;
  readonly #partitions: Partitions;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  readonly #byKeys: (a: SqlRow, b: SqlRow) => number;
  /** Where rows only come, those behind the last place never matter. */
  readonly #forgets: boolean;

  constructor(plan: RankPlan, input: Delta, isNumbered: boolean, appendOnly: boolean) {
    this.#isComplete = isComplete(plan);
    this.#plan = plan;
    this.#input = input;
    this.isNumbered = isNumbered;
    this.#order = rowOrder(plan.order);
    this.#byKeys = keyOrder(plan.order);
    this.#partitions = new Partitions(plan.input, plan.partition, this.#order);
    this.memory = this.#isComplete ? remembersNothing : this.#partitions.memory;
    this.#forgets = appendOnly && plan.method === 'ROW_NUMBER';
  }

  *contents(): Generator<readonly [SqlRow, number], void, undefined> {
    for (const [, { told }] of this.#partitions.memory[0].all()) for (const row of told) yield [row, 1];
  }

  run(): void {
    this.#partitions.apply(this.#input, (partition) => {
      if (this.#isBehind(partition)) return partition.told;
      const now = this.#taken(partition);
      tellDifference(partition.told, now, this.#order, this.out);
      return now;
    });
    if (this.#isComplete) this.#partitions.clear();
  }

  /** Whether everything that changed stands behind the last place, and so changes nothing. */
  #isBehind({ told, firstChanged, rows }: Partition): boolean {
    const { from, to, method } = this.#plan;
    if (method !== 'ROW_NUMBER' || told.length < to - from + 1) return false;
    if (this.#order(firstChanged, told.at(-1)!) <= 0) return false;
    if (this.#forgets) this.#forget(rows);
    return true;
  }

  #forget(rows: SortedBag<SqlRow>): void {
    while (rows.size > this.#plan.to) rows.add(rows.last(), -1);
  }

  #taken({ rows }: Partition): readonly SqlRow[] {
    const { from, to, method } = this.#plan;
    if (this.#forgets) this.#forget(rows);
    const taken: SqlRow[] = [];
    let [place, count] = [0, 0];
    let last: SqlRow | null = null;
    rows.walk((row, weight) => {
      const isPeer = last !== null && this.#byKeys(last, row) === 0;
      last = row;
      for (let times = 0; times < weight; times += 1) {
        count += 1;
        if (method === 'ROW_NUMBER') place = count;
        else if (!isPeer && times === 0) place = method === 'RANK' ? count : place + 1;
        if (place > to) return false;
        if (place >= from) taken.push(this.isNumbered ? [...row, place] : row);
      }
      return true;
    });
    return taken;
  }
}
