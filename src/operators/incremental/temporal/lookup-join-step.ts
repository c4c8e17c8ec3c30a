import type { Evaluator } from '../../../sql/evaluate/bound.ts';
import { compile } from '../../../sql/evaluate/compile.ts';
import type { EvaluationContext, SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { type Calc, calcParts, compileCalc } from '../calc.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { type Memory, remembersNothing, type Step } from '../step.ts';
import { RememberedOutcomes } from './remembered-outcomes.ts';

type LookupPlan = Extract<Plan, { kind: 'lookup-join' }>;

/**
 * FOR SYSTEM_TIME AS OF PROCTIME() with a table that is asked for rows: a row is joined with those that the table has when it comes. Where
 * rows go too, each goes with what it was joined with, and that is kept; nothing is asked for a row that goes.
 */
export class LookupJoinStep implements Step {
  readonly keepsOwnTime = true;
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #left: Delta;
  readonly #by: readonly number[];
  readonly #key: (row: SqlRow) => RowKey;
  /** Null: no row goes. */
  readonly #outcomes: RememberedOutcomes | null;
  readonly #condition: Evaluator;
  readonly #absent: readonly SqlValue[] | null;
  /** What is made of a row of the table; null: nothing. */
  readonly #calc: Calc | null;
  readonly #width: number;
  /** The rows of the table that this tick's rows may be joined with. */
  #found = new Map<RowKey, readonly SqlRow[]>();
  #asked: readonly RowKey[] = [];

  constructor(plan: LookupPlan, left: Delta, appendOnly: boolean) {
    const { columns } = plan.left;
    this.#left = left;
    this.#by = plan.by.map(([own]) => own);
    this.#key = rowKey(
      this.#by,
      this.#by.map((column) => columns[column]!.type),
    );
    const whole = rowKey(
      [...columns.keys()],
      columns.map(({ type }) => type),
    );
    this.#outcomes = appendOnly ? null : new RememberedOutcomes(whole);
    this.memory = this.#outcomes?.memory ?? remembersNothing;
    this.#condition = compile(plan.condition);
    this.#width = plan.right.columns.length;
    this.#absent = plan.type === 'LEFT' ? new Array<SqlValue>(this.#width).fill(null) : null;
    const { parts } = calcParts(plan.right);
    this.#calc = parts.length === 0 ? null : compileCalc(parts);
  }

  /** The values that this tick's rows ask for, each once. NULL is equal to nothing, so nothing is asked for it. */
  questions(): readonly SqlRow[] {
    const { rows, weights } = this.#left;
    const questions = new Map<RowKey, SqlRow>();
    for (let i = 0; i < rows.length; i += 1) {
      if (weights[i]! <= 0) continue;
      const row = rows[i]!;
      const key = this.#key(row);
      if (questions.has(key)) continue;
      const values = this.#by.map((column) => row[column]!);
      if (values.every((value) => value !== null)) questions.set(key, values);
    }
    this.#asked = [...questions.keys()];
    return [...questions.values()];
  }

  /** The table's rows for each of the questions. */
  answered(answers: readonly (readonly SqlRow[])[]): void {
    this.#found = new Map(this.#asked.map((key, at) => [key, answers[at]!]));
  }

  run(context: EvaluationContext): void {
    const joined = (row: SqlRow): readonly SqlRow[] => this.#joined(row, context);
    if (this.#outcomes !== null) this.#outcomes.apply(this.#left, joined, this.out);
    else {
      const { rows, weights } = this.#left;
      for (let i = 0; i < rows.length; i += 1) for (const pair of joined(rows[i]!)) this.out.add(pair, weights[i]!);
    }
    if (this.#asked.length > 0) this.#found = new Map();
  }

  #joined(row: SqlRow, context: EvaluationContext): readonly SqlRow[] {
    const pairs: SqlRow[] = [];
    for (const found of this.#found.get(this.#key(row)) ?? []) {
      const other = this.#made(found, context);
      if (other === null) continue;
      const pair = row.concat(other);
      if (this.#condition(pair, context) === true) pairs.push(pair);
    }
    if (pairs.length === 0 && this.#absent !== null) pairs.push(row.concat(this.#absent));
    return pairs;
  }

  #made(row: SqlRow, context: EvaluationContext): SqlRow | null {
    if (this.#calc === null) return row;
    const values: SqlValue[] = new Array(this.#width).fill(null);
    return this.#calc(row, context, values) ? values : null;
  }
}
