import { Fingerprints } from './fingerprint.ts';
import type { Plan } from './plan.ts';
import { inputsOf } from './plan-inputs.ts';
import { isShareable } from './repeatable.ts';

/** Which parts of some plans stand in several places, and so are computed once and remember once. */
export class SharedPlans {
  readonly #fingerprints = new Fingerprints();
  readonly #seen = new Set<Plan | string>();
  readonly #numbers = new Map<Plan | string, number>();

  constructor(plans: readonly Plan[]) {
    for (const plan of plans) this.#visit(plan, null);
  }

  /** From 1; null: it stands in one place. */
  numberOf(plan: Plan): number | null {
    return this.#numbers.get(this.#keyOf(plan)) ?? null;
  }

  #visit(plan: Plan, above: Plan | null): void {
    const key = this.#keyOf(plan);
    if (isStep(plan, above)) {
      if (this.#seen.has(key)) {
        if (!this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size + 1);
        return;
      }
      this.#seen.add(key);
    }
    for (const input of inputsOf(plan)) this.#visit(input, plan);
  }

  #keyOf(plan: Plan): Plan | string {
    return isShareable(plan) ? this.#fingerprints.of(plan) : plan;
  }
}

/** A table is one anyway, and filters and projections are computed with the step above them where that takes them in. */
const isStep = ({ kind }: Plan, above: Plan | null): boolean =>
  kind !== 'scan' &&
  !((kind === 'filter' || kind === 'project') && /^(filter|project|aggregate)$/.test(above?.kind ?? ''));
