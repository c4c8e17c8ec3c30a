import type { Evaluator } from '../../../sql/evaluate/bound.ts';
import type { EvaluationContext, SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { RowBag } from '../join/row-bag.ts';
import type { RowKey } from '../row-key.ts';
import { KeyedState } from '../state/keyed-state.ts';
import type { Memory, Step } from '../step.ts';
import { RememberedOutcomes } from './remembered-outcomes.ts';
import { type TemporalPlan, temporalSides } from './temporal-sides.ts';

/**
 * FOR SYSTEM_TIME AS OF PROCTIME(): a row on the left is joined with what the right side has when it comes, after the tick's own changes of
 * it. Only the right side is kept. Where rows on the left go too, each goes with what it was joined with, and that is kept.
 */
export class PresentJoinStep implements Step {
  readonly keepsOwnTime = true;
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #left: Delta;
  readonly #right: Delta;
  readonly #bags: KeyedState<RowBag>;
  readonly #leftKey: (row: SqlRow) => RowKey;
  readonly #rightKey: (row: SqlRow) => RowKey;
  readonly #wholeRight: (row: SqlRow) => RowKey;
  /** Null: no row on the left goes. */
  readonly #outcomes: RememberedOutcomes | null;
  readonly #condition: Evaluator;
  readonly #absent: readonly SqlValue[] | null;

  constructor(plan: TemporalPlan, left: Delta, right: Delta, appendOnly: boolean) {
    this.#left = left;
    this.#right = right;
    const sides = temporalSides(plan);
    this.#leftKey = sides.leftKey;
    this.#rightKey = sides.rightKey;
    this.#wholeRight = sides.wholeRight;
    this.#bags = new KeyedState<RowBag>(
      { write: (bag, to) => bag.save(to), read: (from) => RowBag.load(this.#wholeRight, false, from) },
      { name: 'right', form: 'bag', rows: plan.right, key: plan.keys.map(([, column]) => column) },
    );
    this.#outcomes = appendOnly ? null : new RememberedOutcomes(sides.wholeLeft);
    this.memory = [this.#bags, ...(this.#outcomes?.memory ?? [])];
    this.#condition = sides.condition;
    this.#absent = sides.absent;
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#right;
    for (let i = 0; i < rows.length; i += 1) this.#keep(rows[i]!, weights[i]!);
    const joined = (row: SqlRow): readonly SqlRow[] => this.#joined(row, context);
    if (this.#outcomes !== null) {
      this.#outcomes.apply(this.#left, joined, this.out);
      return;
    }
    const left = this.#left;
    for (let i = 0; i < left.rows.length; i += 1)
      for (const pair of joined(left.rows[i]!)) this.out.add(pair, left.weights[i]!);
  }

  #keep(row: SqlRow, weight: number): void {
    const key = this.#rightKey(row);
    const bag = this.#bags.get(key);
    if (bag === undefined) {
      this.#bags.set(key, new RowBag(this.#wholeRight, row, weight, null));
      return;
    }
    bag.add(row, weight, null);
    if (bag.isEmpty) this.#bags.delete(key);
    else this.#bags.changed(key);
  }

  #joined(row: SqlRow, context: EvaluationContext): readonly SqlRow[] {
    const bag = this.#bags.get(this.#leftKey(row));
    const found: SqlRow[] = [];
    for (let i = 0; bag !== undefined && i < bag.rows.length; i += 1) {
      const pair = row.concat(bag.rows[i]!);
      if (this.#condition(pair, context) !== true) continue;
      for (let times = bag.weights[i]!; times > 0; times -= 1) found.push(pair);
    }
    if (found.length === 0 && this.#absent !== null) found.push(row.concat(this.#absent));
    return found;
  }
}
