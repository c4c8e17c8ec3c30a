import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import { isRepeatable } from '../../sql/plan/repeatable.ts';
import type { BuiltStep } from './build-steps.ts';
import type { Changes, Delta } from './delta.ts';
import type { Step } from './step.ts';

/** What of a dataflow is as it was after some tick, and what is asked of it beside. */
export interface RefillRequest {
  /** Fingerprints of steps that remember what they did. */
  readonly kept: ReadonlySet<string>;
  /** Names of tables whose rows are all at hand, to be told again. */
  readonly tellable: ReadonlySet<string>;
  /** Names of tables that are read from their start: no step that works on their rows can be kept. */
  readonly anew: ReadonlySet<string>;
  /** Names of outputs whose whole result is asked for. */
  readonly whole: ReadonlySet<string>;
}

/** What `Refill` plans over. */
export interface RefillParts {
  readonly steps: readonly BuiltStep[];
  readonly tables: ReadonlyMap<string, Changes>;
  readonly outputs: ReadonlyMap<string, Delta>;
  /** Let go of what nobody asked for in time: what is computed anew would be more than what is kept. */
  readonly forgets: boolean;
}

/**
 * How a dataflow begins of whose steps some remember their rows from before and others nothing. Two ticks do it: the first brings those
 * that are kept in step with what their tables have had since, while the others see nothing. The second fills the others with the whole
 * contents of what they work on, which kept steps and tables know, while the kept ones see nothing.
 */
export class Refill {
  /** Steps that go on with what they remember. */
  readonly kept: ReadonlySet<Step>;
  /** Tables that have to tell all their rows before the second tick. */
  readonly tables: ReadonlySet<string>;
  /** Outputs that come whole in the second tick; the others change in the first as in any. */
  readonly whole: ReadonlySet<string>;
  /** Tables that have to be read from their start, because their rows are needed, and are not kept. */
  readonly anew: ReadonlySet<string>;
  readonly #steps: readonly BuiltStep[];
  readonly #needed: ReadonlySet<Delta>;

  constructor({ steps, tables, outputs, forgets }: RefillParts, request: RefillRequest) {
    const anew = new Set(request.anew);
    const whole = new Set(request.whole);
    const lost = new Set<BuiltStep>();
    for (;;) {
      const kept = steps.filter(
        (built) =>
          built.plan.kind === 'values' ||
          (request.kept.has(built.fingerprint) && !lost.has(built) && !worksOn(steps, tables, anew, built)),
      );
      const isKept = new Set(kept);
      // Outputs over what has to be filled see nothing of the first tick that means anything.
      const filled = steps
        .filter((built) => !isStateless(built.step) && !isKept.has(built))
        .map(({ step }) => step.out);
      const above = over(steps, new Set<Delta>([...filled, ...deltasOf(tables, anew)]));
      for (const [name, delta] of outputs) if (above.has(delta)) whole.add(name);
      const needed = neededOf(
        steps,
        isKept,
        [...outputs].flatMap(([name, delta]) => (whole.has(name) ? [delta] : [])),
      );
      const ignorant = kept.find(({ step }) => needed.has(step.out) && step.contents === undefined);
      if (ignorant !== undefined) {
        lost.add(ignorant);
        // It may give other rows than it gave, so whatever works on them begins anew too.
        if (forgets || !isRepeatable(ignorant.plan)) {
          const affected = over(steps, new Set([ignorant.step.out]));
          for (const built of steps) if (affected.has(built.step.out)) lost.add(built);
        }
        continue;
      }
      const told = [...tables].filter(([, changes]) => needed.has(changes)).map(([name]) => name);
      const untold = told.filter((name) => !request.tellable.has(name) && !anew.has(name));
      if (untold.length > 0) {
        for (const name of untold) anew.add(name);
        continue;
      }
      this.kept = new Set(kept.map(({ step }) => step));
      this.tables = new Set(told);
      this.whole = whole;
      this.anew = anew;
      this.#steps = steps;
      this.#needed = needed;
      return;
    }
  }

  /** What works in the first tick: everything but steps that have to be filled. */
  *first(): Generator<Step, void, undefined> {
    for (const { step } of this.#steps) if (this.kept.has(step) || isStateless(step)) yield step;
  }

  /** Runs the second tick's steps; tables have told their rows. */
  fill(context: EvaluationContext): void {
    for (const { step } of this.#steps) {
      if (!this.kept.has(step)) {
        if (!isStateless(step) || this.#needed.has(step.out)) step.run(context);
      } else if (this.#needed.has(step.out)) {
        for (const [row, weight] of step.contents!(context)) step.out.add(row, weight);
      }
    }
  }
}

const isStateless = ({ memory }: Step): boolean => memory?.length === 0;

const deltasOf = (tables: ReadonlyMap<string, Changes>, names: ReadonlySet<string>): ReadonlySet<Delta> =>
  new Set([...names].flatMap((name) => tables.get(name) ?? []));

/** These, and what is computed from them. */
const over = (steps: readonly BuiltStep[], from: ReadonlySet<Delta>): ReadonlySet<Delta> => {
  const above = new Set(from);
  for (const { step, inputs } of steps) if (inputs.some((input) => above.has(input))) above.add(step.out);
  return above;
};

const worksOn = (
  steps: readonly BuiltStep[],
  tables: ReadonlyMap<string, Changes>,
  names: ReadonlySet<string>,
  { step }: BuiltStep,
): boolean => over(steps, deltasOf(tables, names)).has(step.out);

/** Whose whole contents are asked for: by outputs, and by steps that remember something and have to be filled. */
const neededOf = (
  steps: readonly BuiltStep[],
  kept: ReadonlySet<BuiltStep>,
  outputs: readonly Delta[],
): ReadonlySet<Delta> => {
  const needed = new Set(outputs);
  for (const built of steps.toReversed()) {
    if (kept.has(built)) continue;
    if (isStateless(built.step) && !needed.has(built.step.out)) continue;
    for (const input of built.inputs) needed.add(input);
  }
  return needed;
};
