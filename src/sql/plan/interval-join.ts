import type { Bound } from '../evaluate/bound.ts';
import { changelogOf } from './changelog.ts';
import { conjunctsOf } from './conjuncts.ts';
import type { Plan } from './plan.ts';
import { timeAttributeOf } from './time-attribute.ts';

type JoinPlan = Extract<Plan, { kind: 'join' }>;

/** How far the times of joined rows are apart at most: the left one lies from `from` to `to` microseconds behind the right one. */
export interface JoinInterval {
  /** The columns with the times, by their places in each side. */
  readonly left: number;
  readonly right: number;
  readonly from: number;
  readonly to: number;
}

/** A column, and what is added to it. */
interface MovedTime {
  readonly column: number;
  readonly micros: number;
}

/**
 * What the condition says of the event times of both sides, where it bounds them on both ends and rows only come: then a row that the watermark has
 * left behind by that much is joined with none any more. Null: it says no such thing.
 */
export const intervalOf = (join: JoinPlan): JoinInterval | null => {
  if (join.condition === null) return null;
  const width = join.left.columns.length;
  let [left, right] = [-1, -1];
  let [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const part of conjunctsOf(join.condition)) {
    const bound = boundOf(part, width);
    if (bound === null || !isRowtime(join, bound.left, bound.right)) continue;
    if (left >= 0 && (left !== bound.left || right !== bound.right)) continue;
    [left, right] = [bound.left, bound.right];
    if (bound.isLower) from = Math.max(from, bound.micros);
    if (bound.isUpper) to = Math.min(to, bound.micros);
  }
  if (!Number.isFinite(from) || !Number.isFinite(to)) return null;
  const onlyAdds = [join.left, join.right].every((side) => changelogOf(side).kinds.every((kind) => kind === 'I'));
  return onlyAdds ? { left, right, from, to } : null;
};

const isRowtime = (join: JoinPlan, left: number, right: number): boolean =>
  timeAttributeOf(join.left, left) === 'rowtime' && timeAttributeOf(join.right, right) === 'rowtime';

interface TimeBound {
  readonly left: number;
  readonly right: number;
  /** How far the left time lies behind the right one, at least or at most. */
  readonly micros: number;
  readonly isLower: boolean;
  readonly isUpper: boolean;
}

/** `l >= r + c` and its like. */
const boundOf = (condition: Bound, width: number): TimeBound | null => {
  if (condition.kind !== 'call') return null;
  const operator = condition.routine.name;
  if (!['=', '<', '<=', '>', '>='].includes(operator)) return null;
  const [a, b] = condition.args.map(movedTime);
  if (!a || !b || a.column < width === b.column < width) return null;
  const [own, other] = a.column < width ? [a, b] : [b, a];
  const isMore = operator.startsWith('>') === (own === a);
  return {
    left: own.column,
    right: other.column - width,
    micros: other.micros - own.micros,
    isLower: operator === '=' || isMore,
    isUpper: operator === '=' || !isMore,
  };
};

const movedTime = (bound: Bound): MovedTime | null => {
  if (bound.kind === 'column') return { column: bound.index, micros: 0 };
  if (bound.kind !== 'call' || (bound.routine.name !== '+' && bound.routine.name !== '-')) return null;
  const [time, length] = bound.args;
  if (time?.kind !== 'column' || length?.kind !== 'constant' || length.type.kind !== 'MILLIS') return null;
  const micros = (length.value as number) * 1000;
  return { column: time.index, micros: bound.routine.name === '+' ? micros : -micros };
};
