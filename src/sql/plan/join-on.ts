import type { Bound } from '../evaluate/bound.ts';
import { columnsOf, substitute } from '../evaluate/bound-tree.ts';
import { withNullable } from '../types/sql-type.ts';
import { columnAt } from './column-at.ts';
import { conjunction } from './conjuncts.ts';
import type { JoinKey, Plan, PlanColumn } from './plan.ts';

type JoinType = Extract<Plan, { kind: 'join' }>['type'];

/** Two values, each computed from one side of a join, that have to be equal. */
interface Equality {
  readonly left: Bound;
  /** Names the right side's columns by their places in it. */
  readonly right: Bound;
  readonly nullsMatch: boolean;
}

/**
 * A join on everything in `conditions`, which name the left side's columns first. What has to be equal on both sides is looked up:
 * where it is computed from a side's columns, it becomes a column of that side.
 */
export const joinOn = (type: JoinType, left: Plan, right: Plan, conditions: readonly Bound[]): Plan => {
  const width = left.columns.length;
  const found = conditions.map((condition) => equalityOf(condition, left, right));
  const computed = (side: 'left' | 'right'): readonly Bound[] =>
    found.flatMap((equality) => (equality === null || equality[side].kind === 'column' ? [] : [equality[side]]));
  const [leftMore, rightMore] = [computed('left'), computed('right')];
  const [leftPlan, rightPlan] = [withComputed(left, leftMore), withComputed(right, rightMore)];
  const leftWidth = leftPlan.columns.length;
  const all = [...leftPlan.columns, ...rightPlan.columns];
  const keys: JoinKey[] = [];
  const placed = conditions.map((condition, index): Bound => {
    const equality = found[index]!;
    if (equality === null || condition.kind !== 'call')
      return substitute(condition, (column) => columnAt(all, column < width ? column : column - width + leftWidth));
    const { left: a, right: b, nullsMatch } = equality;
    const key: JoinKey = [
      a.kind === 'column' ? a.index : width + leftMore.indexOf(a),
      b.kind === 'column' ? b.index : right.columns.length + rightMore.indexOf(b),
      nullsMatch,
    ];
    keys.push(key);
    return { ...condition, args: [columnAt(all, key[0]), columnAt(all, leftWidth + key[1])] };
  });
  const join: Plan = {
    kind: 'join',
    type,
    left: leftPlan,
    right: rightPlan,
    condition: placed.length === 0 ? null : placed.reduce(conjunction),
    keys,
    columns: joinedColumns(type, leftPlan.columns, rightPlan.columns),
  };
  if (leftMore.length + rightMore.length === 0) return join;
  const kept = [...left.columns.keys()];
  if (type !== 'SEMI' && type !== 'ANTI') for (const index of right.columns.keys()) kept.push(leftWidth + index);
  return {
    kind: 'project',
    input: join,
    expressions: kept.map((index) => columnAt(join.columns, index)),
    columns: kept.map((index) => join.columns[index]!),
  };
};

const equalityOf = (condition: Bound, left: Plan, right: Plan): Equality | null => {
  if (condition.kind !== 'call') return null;
  const { name } = condition.routine;
  if (name !== '=' && name !== 'IS NOT DISTINCT FROM') return null;
  const width = left.columns.length;
  const isOf = (part: Bound, side: 'left' | 'right'): boolean => {
    const columns = columnsOf(part);
    return columns.length > 0 && columns.every((column) => column < width === (side === 'left'));
  };
  const [a, b] = condition.args as readonly [Bound, Bound];
  const turned = isOf(a, 'right') && isOf(b, 'left');
  if (!turned && !(isOf(a, 'left') && isOf(b, 'right'))) return null;
  const [own, other] = turned ? [b, a] : [a, b];
  return {
    left: own,
    right: substitute(other, (column) => columnAt(right.columns, column - width)),
    nullsMatch: name !== '=',
  };
};

const withComputed = (input: Plan, more: readonly Bound[]): Plan => {
  if (more.length === 0) return input;
  const own = input.columns.map((_, index) => columnAt(input.columns, index));
  return {
    kind: 'project',
    input,
    expressions: [...own, ...more],
    columns: [...input.columns, ...more.map(({ type }, index) => ({ name: `key${index}`, type }))],
  };
};

const joinedColumns = (
  type: JoinType,
  left: readonly PlanColumn[],
  right: readonly PlanColumn[],
): readonly PlanColumn[] => {
  const optional = (columns: readonly PlanColumn[]): readonly PlanColumn[] =>
    columns.map(({ name, type: own }) => ({ name, type: withNullable(own, true) }));
  if (type === 'SEMI' || type === 'ANTI') return left;
  return [
    ...(type === 'RIGHT' || type === 'FULL' ? optional(left) : left),
    ...(type === 'LEFT' || type === 'FULL' ? optional(right) : right),
  ];
};
