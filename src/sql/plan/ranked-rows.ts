import type { Bound } from '../evaluate/bound.ts';
import type { Plan, RankMethod } from './plan.ts';

type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** From which place to which a condition lets rows through. */
interface Places {
  readonly from: number;
  readonly to: number;
}

/**
 * A condition on the place of rows in their partition (`n <= 3`, where n is ROW_NUMBER() OVER ...) becomes a step that keeps these
 * places only, as Flink's Top-N is written. `rest` is what it does not say.
 */
export const rankedRows = (
  over: Extract<Plan, { kind: 'over' }>,
  conditions: readonly Bound[],
): { readonly plan: Plan; readonly rest: readonly Bound[] } => {
  const { input, partition, order, columns, calls } = over;
  const [only, ...others] = calls;
  if (others.length > 0 || !isRank(only!.name)) return { plan: over, rest: conditions };
  const limits = conditions.map((condition) => placesOf(condition, columns.length - 1));
  const known = limits.filter((limit) => limit !== null);
  const from = Math.max(1, ...known.map((limit) => limit.from));
  const to = Math.min(...known.map((limit) => limit.to));
  if (!Number.isFinite(to)) return { plan: over, rest: conditions };
  return {
    plan: { kind: 'rank', input, partition, order, method: only!.name as RankMethod, from, to, columns },
    rest: conditions.filter((_, index) => limits[index] === null),
  };
};

const isRank = (name: string): boolean => name === 'ROW_NUMBER' || name === 'RANK' || name === 'DENSE_RANK';

const mirrored: Readonly<Record<Comparison, Comparison>> = { '<': '>', '<=': '>=', '=': '=', '>=': '<=', '>': '<' };

/** What a condition says of the column `place`; null: something else. */
const placesOf = (condition: Bound, place: number): Places | null => {
  if (condition.kind !== 'call' || !Object.hasOwn(mirrored, condition.routine.name)) return null;
  const [left, right] = condition.args as readonly [Bound, Bound];
  const [column, constant] = left.kind === 'constant' ? [right, left] : [left, right];
  if (column.kind !== 'column' || column.index !== place || constant.kind !== 'constant') return null;
  const number = constant.value;
  if (typeof number !== 'number' || !Number.isInteger(number)) return null;
  const operator = condition.routine.name as Comparison;
  switch (column === left ? operator : mirrored[operator]) {
    case '<':
      return { from: 1, to: number - 1 };
    case '<=':
      return { from: 1, to: number };
    case '=':
      return { from: number, to: number };
    case '>=':
      return { from: number, to: Number.POSITIVE_INFINITY };
    case '>':
      return { from: number + 1, to: Number.POSITIVE_INFINITY };
  }
};
