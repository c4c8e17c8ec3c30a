import type { FunctionType, FunctionValue } from './define-function.ts';

/** Values for parameters of these types. */
type Values<Arguments extends readonly FunctionType[]> = {
  readonly [Place in keyof Arguments]: FunctionValue<Arguments[Place]> | null;
};

/**
 * A function of many rows, computed by the user's own code, in Flink's words. What it keeps of a group's rows is an object of plain data
 * (numbers, texts, bigints, bytes, arrays, plain objects, Map, Set, Date), since checkpoints keep it. It must come to the same whatever the order
 * in which rows come, as far as the query does not say one, and wait for nothing.
 */
export interface UserAggregate<
  Arguments extends readonly FunctionType[] = readonly FunctionType[],
  Returns extends FunctionType = FunctionType,
  Accumulator extends object = object,
> {
  readonly arguments: Arguments;
  readonly returns: Returns;
  /** What is kept of no row at all. */
  createAccumulator(): Accumulator;
  /** Takes in a row that came. Any argument may be NULL. */
  accumulate(accumulator: Accumulator, ...values: Values<Arguments>): void;
  /** Takes back a row that went; needed where rows change or go. */
  retract?(accumulator: Accumulator, ...values: Values<Arguments>): void;
  /** Flink's, which computes groups in parts; never called here, where a group is computed in one place. */
  merge?(accumulator: Accumulator, others: Iterable<Accumulator>): void;
  getValue(accumulator: Accumulator): FunctionValue<Returns> | null;
}

/**
 * Checks an aggregate's types as it is written:
 *
 *     export const weighted = defineAggregate({
 *       arguments: ['DOUBLE', 'INT'],
 *       returns: 'DOUBLE',
 *       createAccumulator: () => ({ sum: 0, weight: 0 }),
 *       accumulate(kept, value, weight) {
 *         kept.sum += (value ?? 0) * (weight ?? 0);
 *         kept.weight += weight ?? 0;
 *       },
 *       retract(kept, value, weight) {
 *         kept.sum -= (value ?? 0) * (weight ?? 0);
 *         kept.weight -= weight ?? 0;
 *       },
 *       getValue: (kept) => (kept.weight === 0 ? null : kept.sum / kept.weight),
 *     });
 *
 * and in SQL: `SELECT customer, weighted(price, qty) FROM lines GROUP BY customer`.
 */
export const defineAggregate = <
  const Arguments extends readonly FunctionType[],
  Returns extends FunctionType,
  Accumulator extends object,
>(
  definition: UserAggregate<Arguments, Returns, Accumulator>,
): UserAggregate<Arguments, Returns, Accumulator> => definition;
