import type { Plan } from '../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { rowOrder } from './row-order.ts';
import { SortedBag } from './sorted-bag.ts';
import type { Step } from './step.ts';
import { tellDifference } from './tell-difference.ts';

type TopPlan = Extract<Plan, { kind: 'top' }>;

/** ORDER BY with LIMIT or OFFSET: the rows between two places of an order. */
export class TopStep implements Step {
  readonly out = new Changes();
  readonly #input: Delta;
  readonly #offset: number;
  readonly #limit: number;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  readonly #rows: SortedBag<SqlRow>;
  /** Where rows only come, those behind the last place never matter. */
  readonly #appendOnly: boolean;
  /** What stands in the result, in order. */
  #told: readonly SqlRow[] = [];

  constructor({ order, offset, limit }: TopPlan, input: Delta, appendOnly: boolean) {
    this.#input = input;
    this.#offset = offset;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#order = rowOrder(order);
    this.#rows = new SortedBag(this.#order);
    this.#appendOnly = appendOnly;
  }

  run(): void {
    const { rows, weights } = this.#input;
    if (rows.length === 0) return;
    for (let i = 0; i < rows.length; i += 1) this.#rows.add(rows[i]!, weights[i]!);
    const places = this.#offset + this.#limit;
    if (this.#appendOnly) while (this.#rows.size > places) this.#rows.add(this.#rows.last(), -1);
    const taken: SqlRow[] = [];
    let place = 0;
    this.#rows.walk((row, weight) => {
      for (let times = 0; times < weight && place < places; times += 1) {
        if (place >= this.#offset) taken.push(row);
        place += 1;
      }
      return place < places;
    });
    tellDifference(this.#told, taken, this.#order, this.out);
    this.#told = taken;
  }
}

/** LIMIT without an order over rows that only come: the first ones. */
export class FirstRowsStep implements Step {
  readonly out = new Changes();
  readonly #input: Delta;
  #toSkip: number;
  #toTake: number;

  constructor({ offset, limit }: TopPlan, input: Delta) {
    this.#input = input;
    this.#toSkip = offset;
    this.#toTake = limit ?? Number.POSITIVE_INFINITY;
  }

  run(): void {
    const { rows, weights } = this.#input;
    for (let i = 0; i < rows.length && this.#toTake > 0; i += 1) {
      const skipped = Math.min(this.#toSkip, weights[i]!);
      this.#toSkip -= skipped;
      const taken = Math.min(this.#toTake, weights[i]! - skipped);
      this.#toTake -= taken;
      if (taken > 0) this.out.add(rows[i]!, taken);
    }
  }
}
