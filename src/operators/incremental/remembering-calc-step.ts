import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { PlanColumn } from '../../sql/plan/plan.ts';
import { type CalcPart, compileCalc } from './calc.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { type RowKey, rowKey } from './row-key.ts';
import { type EntryForm, KeyedState } from './state/keyed-state.ts';
import type { Step } from './step.ts';

const nothingKnown = (): null => null;

/** What a row gave, and how it came (1) or went (-1). */
interface Outcome {
  readonly sign: 1 | -1;
  /** Null: the row was left out. */
  readonly values: SqlRow | null;
}

const outcomesForm: EntryForm<Outcome[]> = {
  write: (outcomes, to) => to.value(outcomes.map(({ sign, values }) => [sign, values])),
  read: (from) => (from.value() as [1 | -1, SqlRow | null][]).map(([sign, values]) => ({ sign, values })),
};

/**
 * Filters and projections that may ask for the time or for chance, over rows that also go: a row goes with what it gave when it
 * came, and not with what it would give now. Only rows whose values did ask are remembered.
 */
export class RememberingCalcStep implements Step {
  readonly out = new Changes();
  readonly #input: Delta;
  readonly #calc: ReturnType<typeof compileCalc>;
  readonly #width: number;
  readonly #key: (row: SqlRow) => RowKey;
  readonly #outcomes = new KeyedState(outcomesForm);
  readonly memory = [this.#outcomes];

  /** `read`: the columns that the parts read; null: all. */
  constructor(
    input: Delta,
    parts: readonly CalcPart[],
    columns: readonly PlanColumn[],
    read: readonly number[] | null,
  ) {
    this.#input = input;
    this.#calc = compileCalc(parts);
    this.#width = parts.at(-1)!.columns.length;
    const places = read === null ? [...columns.keys()] : [...new Set(read)];
    this.#key = rowKey(
      places,
      places.map((place) => columns[place]!.type),
    );
  }

  run({ now, random, timeZone, watermark = nothingKnown }: EvaluationContext): void {
    let asked = false;
    const ask =
      <Answer>(question: () => Answer): (() => Answer) =>
      () => {
        asked = true;
        return question();
      };
    const context: EvaluationContext = {
      now: ask(now),
      random: ask(random),
      watermark: ask(watermark),
      timeZone,
    };
    const { rows, weights } = this.#input;
    for (const [index, row] of rows.entries()) {
      const sign = weights[index]! > 0 ? 1 : -1;
      for (let times = Math.abs(weights[index]!); times > 0; times -= 1) {
        const key = this.#key(row);
        const outcomes = this.#outcomes.get(key);
        let outcome = outcomes?.at(-1);
        if (outcome !== undefined && outcome.sign !== sign) {
          outcomes!.pop();
          if (outcomes!.length === 0) this.#outcomes.delete(key);
          else this.#outcomes.changed(key);
        } else {
          asked = false;
          const values: SqlValue[] = new Array(this.#width).fill(null);
          outcome = { sign, values: this.#calc(row, context, values) ? values : null };
          if (asked && outcomes !== undefined) {
            outcomes.push(outcome);
            this.#outcomes.changed(key);
          } else if (asked) this.#outcomes.set(key, [outcome]);
        }
        if (outcome.values !== null) this.out.add(outcome.values, sign);
      }
    }
  }
}
