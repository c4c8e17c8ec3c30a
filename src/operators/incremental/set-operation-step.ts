import type { Plan } from '../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { type RowKey, rowKey } from './row-key.ts';
import { type EntryForm, KeyedState } from './state/keyed-state.ts';
import type { Step } from './step.ts';

type SetPlan = Extract<Plan, { kind: 'intersect' | 'except' }>;

/** How often a row stands on both sides, and in the result. */
interface Counted {
  readonly row: SqlRow;
  left: number;
  right: number;
  told: number;
}

const countedForm: EntryForm<Counted> = {
  write: ({ row, left, right, told }, to) => {
    to.value(row);
    to.value([left, right, told]);
  },
  read: (from) => {
    const row = from.row();
    const [left, right, told] = from.row() as [number, number, number];
    return { row, left, right, told };
  },
};

/** INTERSECT [ALL] and EXCEPT [ALL]: how often each row stands in the result follows from how often it stands on both sides. */
export class SetOperationStep implements Step {
  readonly out = new Changes();
  readonly #left: Delta;
  readonly #right: Delta;
  readonly #key: (row: SqlRow) => RowKey;
  readonly #counts: KeyedState<Counted>;
  readonly memory: readonly [KeyedState<Counted>];
  readonly #result: (left: number, right: number) => number;

  constructor(plan: SetPlan, left: Delta, right: Delta) {
    this.#left = left;
    this.#right = right;
    const key = [...plan.columns.keys()];
    this.#counts = new KeyedState(countedForm, { name: 'rows', form: 'counted', rows: plan, key });
    this.memory = [this.#counts];
    this.#key = rowKey(
      key,
      plan.columns.map(({ type }) => type),
    );
    if (plan.kind === 'intersect') this.#result = plan.all ? Math.min : (a, b) => (a > 0 && b > 0 ? 1 : 0);
    else this.#result = plan.all ? (a, b) => Math.max(a - b, 0) : (a, b) => (a > 0 && b <= 0 ? 1 : 0);
  }

  *contents(): Generator<readonly [SqlRow, number], void, undefined> {
    for (const [, { row, told }] of this.#counts.all()) if (told !== 0) yield [row, told];
  }

  run(): void {
    const touched = new Map<RowKey, Counted>();
    this.#count(this.#left, 'left', touched);
    this.#count(this.#right, 'right', touched);
    for (const [key, counted] of touched) {
      const result = this.#result(counted.left, counted.right);
      if (result !== counted.told) this.out.add(counted.row, result - counted.told);
      counted.told = result;
      if (counted.left === 0 && counted.right === 0) this.#counts.delete(key);
      else this.#counts.changed(key);
    }
  }

  #count({ rows, weights }: Delta, side: 'left' | 'right', touched: Map<RowKey, Counted>): void {
    for (const [index, row] of rows.entries()) {
      const key = this.#key(row);
      let counted = this.#counts.get(key);
      if (counted === undefined) {
        counted = { row, left: 0, right: 0, told: 0 };
        this.#counts.set(key, counted);
      }
      counted[side] += weights[index]!;
      touched.set(key, counted);
    }
  }
}
