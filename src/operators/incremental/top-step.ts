import type { Plan } from '../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { rowOrder } from './row-order.ts';
import { SortedBag } from './sorted-bag.ts';
import { type EntryForm, KeyedState } from './state/keyed-state.ts';
import type { Step } from './step.ts';
import { tellDifference } from './tell-difference.ts';

type TopPlan = Extract<Plan, { kind: 'top' }>;

interface Ranked {
  readonly rows: SortedBag<SqlRow>;
  /** What stands in the result, in order. */
  told: readonly SqlRow[];
}

/** ORDER BY with LIMIT or OFFSET: the rows between two places of an order. */
export class TopStep implements Step {
  readonly out = new Changes();
  readonly #input: Delta;
  readonly #offset: number;
  readonly #limit: number;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  /** One entry: there is one order. */
  readonly #ranked: KeyedState<Ranked>;
  readonly memory: readonly KeyedState<Ranked>[];
  /** Where rows only come, those behind the last place never matter. */
  readonly #appendOnly: boolean;

  constructor(plan: TopPlan, input: Delta, appendOnly: boolean) {
    const { order, offset, limit } = plan;
    this.#input = input;
    this.#offset = offset;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#order = rowOrder(order);
    const form: EntryForm<Ranked> = {
      write: ({ rows, told }, to) => {
        rows.save(to);
        to.value(told);
      },
      read: (from) => {
        const rows = new SortedBag(this.#order);
        rows.load(from);
        return { rows, told: from.value() as SqlRow[] };
      },
    };
    this.#ranked = new KeyedState(form, { name: 'rows', form: 'ordered', rows: plan.input, key: [] });
    this.memory = [this.#ranked];
    this.#appendOnly = appendOnly;
  }

  *contents(): Generator<readonly [SqlRow, number], void, undefined> {
    for (const row of this.#ranked.get(null)?.told ?? []) yield [row, 1];
  }

  run(): void {
    const { rows, weights } = this.#input;
    if (rows.length === 0) return;
    const ranked: Ranked = this.#ranked.get(null) ?? { rows: new SortedBag(this.#order), told: [] };
    for (let i = 0; i < rows.length; i += 1) ranked.rows.add(rows[i]!, weights[i]!);
    const places = this.#offset + this.#limit;
    if (this.#appendOnly) while (ranked.rows.size > places) ranked.rows.add(ranked.rows.last(), -1);
    const taken: SqlRow[] = [];
    let place = 0;
    ranked.rows.walk((row, weight) => {
      for (let times = 0; times < weight && place < places; times += 1) {
        if (place >= this.#offset) taken.push(row);
        place += 1;
      }
      return place < places;
    });
    tellDifference(ranked.told, taken, this.#order, this.out);
    ranked.told = taken;
    this.#ranked.set(null, ranked);
  }
}

/** LIMIT without an order over rows that only come: the first ones. */
export class FirstRowsStep implements Step {
  readonly out = new Changes();
  readonly #input: Delta;
  readonly #limit: number;
  readonly #offset: number;
  /** One entry: how many rows have come, at most as many as matter. */
  readonly #come = new KeyedState<number>({
    write: (come, to) => to.value(come),
    read: (from) => from.value() as number,
  });
  readonly memory = [this.#come];

  constructor({ offset, limit }: TopPlan, input: Delta) {
    this.#input = input;
    this.#offset = offset;
    this.#limit = offset + (limit ?? Number.POSITIVE_INFINITY);
  }

  run(): void {
    const { rows, weights } = this.#input;
    if (rows.length === 0) return;
    let come = this.#come.get(null) ?? 0;
    for (let i = 0; i < rows.length && come < this.#limit; i += 1) {
      const before = Math.max(come, this.#offset);
      come = Math.min(come + weights[i]!, this.#limit);
      if (come > before) this.out.add(rows[i]!, come - before);
    }
    this.#come.set(null, come);
  }
}
