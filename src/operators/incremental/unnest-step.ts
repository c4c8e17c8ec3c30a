import type { Evaluator } from '../../sql/evaluate/bound.ts';
import { compile } from '../../sql/evaluate/compile.ts';
import type { EvaluationContext, Multiset, SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { remembersNothing, type Step } from './step.ts';

type UnnestPlan = Extract<Plan, { kind: 'unnest' }>;

/** UNNEST: each row beside each item of its array or multiset, or entry of its map. What is NULL or empty gives nothing, or NULLs where all rows stay. */
export class UnnestStep implements Step {
  readonly out = new Changes();
  readonly memory = remembersNothing;
  readonly #input: Delta;
  readonly #operand: Evaluator;
  readonly #isMultiset: boolean;
  readonly #ordinality: boolean;
  /** The columns of one item. */
  readonly #itemOf: (item: SqlValue) => readonly SqlValue[];
  /** Beside rows without items; null: these are left out. */
  readonly #absent: readonly SqlValue[] | null;

  constructor(plan: UnnestPlan, input: Delta) {
    this.#input = input;
    this.#operand = compile(plan.operand);
    this.#ordinality = plan.ordinality;
    const added = plan.columns.length - plan.input.columns.length;
    this.#absent = plan.type === 'LEFT' ? new Array<SqlValue>(added).fill(null) : null;
    const { type } = plan.operand;
    const isRow = type.kind === 'MAP' || ('element' in type && type.element.kind === 'ROW');
    this.#isMultiset = type.kind === 'MULTISET';
    const nothing = new Array<SqlValue>(added - (plan.ordinality ? 1 : 0)).fill(null);
    this.#itemOf = isRow ? (item) => (item as readonly SqlValue[] | null) ?? nothing : (item) => [item];
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    for (let i = 0; i < rows.length; i += 1) this.#unnest(rows[i]!, weights[i]!, context);
  }

  #unnest(row: SqlRow, weight: number, context: EvaluationContext): void {
    const items = this.#operand(row, context);
    let place = 0;
    for (const item of this.#itemsOf(items)) {
      place += 1;
      const wide = row.concat(this.#itemOf(item));
      if (this.#ordinality) wide.push(place);
      this.out.add(wide, weight);
    }
    if (place === 0 && this.#absent !== null) this.out.add(row.concat(this.#absent), weight);
  }

  #itemsOf(value: SqlValue): Iterable<SqlValue> {
    if (value === null) return [];
    return this.#isMultiset ? repeated(value as Multiset) : (value as Iterable<SqlValue>);
  }
}

/** Each element of a multiset as often as it is there. */
function* repeated(multiset: Multiset): Iterable<SqlValue> {
  for (const [element, times] of multiset) for (let left = times; left > 0; left -= 1) yield element;
}
