import { deserialize, serialize } from 'node:v8';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { OwnState, SqlFunction } from '../../sql/functions/define.ts';
import { sqlError } from '../../sql/sql-error.ts';
import type { UserAggregate } from './define-aggregate.ts';
import { type FunctionOrigin, FunctionSignature, type Typed, typed } from './function-signature.ts';

/** A user's aggregate as SQL calls it. */
export const aggregateFunction = (
  name: string,
  definition: UserAggregate,
  { span, made }: FunctionOrigin,
): SqlFunction => {
  const signature = new FunctionSignature(name, definition.arguments, span);
  const result = typed(definition.returns, span);
  const steps = definition as unknown as Steps;
  return {
    name: name.toUpperCase(),
    category: 'own',
    usage: signature.usage,
    description: '',
    bind: (_, site) => {
      throw sqlError('SQL_INVALID', site.span, {
        reason: `${name} is an aggregate of many rows: it stands in the columns of a query or in HAVING`,
      });
    },
    aggregate: {
      type: result.type,
      made,
      takesBack: typeof steps.retract === 'function',
      convert: (args, site) => signature.converted(args, site),
      open: () => new AccumulatorState(signature, steps, result),
    },
  };
};

/** The definition, whatever its types. */
interface Steps {
  createAccumulator(): object;
  accumulate(accumulator: object, ...values: readonly unknown[]): unknown;
  retract?(accumulator: object, ...values: readonly unknown[]): unknown;
  getValue(accumulator: object): unknown;
}

/** What a user's aggregate keeps of the rows of one group, in a form of its own. */
class AccumulatorState implements OwnState {
  readonly #signature: FunctionSignature;
  readonly #steps: Steps;
  readonly #result: Typed;
  #accumulator: object;

  constructor(signature: FunctionSignature, steps: Steps, result: Typed) {
    this.#signature = signature;
    this.#steps = steps;
    this.#result = result;
    this.#accumulator = signature.ran(() => steps.createAccumulator());
    if (!isPlain(this.#accumulator))
      throw signature.failure(
        'its accumulator is no object of plain data, and a checkpoint could not keep it: give an array, Map, Set or {...}',
      );
  }

  add(values: readonly SqlValue[], weight: number): void {
    const given = this.#signature.given(values);
    const accumulator = this.#accumulator;
    for (let times = Math.abs(weight); times > 0; times -= 1) {
      const answer = this.#signature.ran(() =>
        weight > 0 ? this.#steps.accumulate(accumulator, ...given) : this.#steps.retract!(accumulator, ...given),
      );
      if (answer instanceof Promise) throw this.#signature.failure('it gave a promise, and nothing is waited for');
    }
  }

  result(): SqlValue {
    return this.#signature.taken(
      this.#signature.ran(() => this.#steps.getValue(this.#accumulator)),
      this.#result,
    );
  }

  save(to: { value(value: SqlValue): void }): void {
    to.value(new Uint8Array(this.#signature.ran(() => serialize(this.#accumulator))));
  }

  load(from: { value(): SqlValue }): void {
    this.#accumulator = deserialize(from.value() as Uint8Array) as object;
  }
}

/** Whether it comes back from a checkpoint as what it is: an object of a class of the user's would come back without its methods. */
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  [Object.prototype, null, Array.prototype, Map.prototype, Set.prototype].includes(
    Object.getPrototypeOf(value) as null,
  );
