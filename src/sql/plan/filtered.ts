import type { Bound } from '../evaluate/bound.ts';
import { columnsOf, isContextual, substitute } from '../evaluate/bound-tree.ts';
import { columnAt } from './column-at.ts';
import { conjunction, conjunctsOf } from './conjuncts.ts';
import { joinOn } from './join-on.ts';
import type { Plan } from './plan.ts';
import { rankedRows } from './ranked-rows.ts';

/**
 * A plan's rows for which a condition holds. Its parts go as far down as they mean the same there: what a row of one side of a join
 * decides is asked before the join, and what compares both sides becomes what they are joined on.
 */
export const filtered = (input: Plan, condition: Bound): Plan => {
  const all = conjunctsOf(condition).flatMap((part) => [part, ...impliedEqualities(part)]);
  // What asks for the time or for chance is asked once for each row of the result.
  const [movable, fixed] = [all.filter((part) => !isContextual(part)), all.filter(isContextual)];
  const below = movable.length === 0 ? input : pushed(input, movable);
  return fixed.length === 0 ? below : filterOf(below, fixed);
};

const filterOf = (input: Plan, conditions: readonly Bound[]): Plan =>
  conditions.length === 0
    ? input
    : { kind: 'filter', input, condition: conditions.reduce(conjunction), columns: input.columns };

const pushed = (input: Plan, conditions: readonly Bound[]): Plan => {
  switch (input.kind) {
    case 'filter': {
      const own = conjunctsOf(input.condition);
      const movable = own.filter((part) => !isContextual(part));
      return filterOf(pushed(input.input, [...movable, ...conditions]), own.filter(isContextual));
    }
    case 'project': {
      const { expressions } = input;
      const isPlain = (part: Bound): boolean =>
        columnsOf(part).every((column) => expressions[column]!.kind === 'column');
      const [plain, others] = [conditions.filter(isPlain), conditions.filter((part) => !isPlain(part))];
      if (plain.length === 0) return filterOf(input, others);
      const moved = plain.map((part) => substitute(part, (column) => expressions[column]!));
      return filterOf({ ...input, input: pushed(input.input, moved) }, others);
    }
    case 'over': {
      const { plan, rest } = rankedRows(input, conditions);
      return filterOf(plan, rest);
    }
    case 'join':
      return pushedIntoJoin(input, conditions);
    case 'unnest': {
      const width = input.input.columns.length;
      const isOfRow = (part: Bound): boolean => columnsOf(part).every((column) => column < width);
      const [own, others] = [conditions.filter(isOfRow), conditions.filter((part) => !isOfRow(part))];
      return filterOf(own.length === 0 ? input : { ...input, input: pushed(input.input, own) }, others);
    }
    default:
      return filterOf(input, conditions);
  }
};

const pushedIntoJoin = (join: Extract<Plan, { kind: 'join' }>, conditions: readonly Bound[]): Plan => {
  const { type, left, right } = join;
  const width = left.columns.length;
  const [lefts, rights, both]: [Bound[], Bound[], Bound[]] = [[], [], []];
  for (const condition of conditions) {
    const columns = columnsOf(condition);
    if (type !== 'RIGHT' && type !== 'FULL' && columns.every((column) => column < width)) lefts.push(condition);
    else if (type === 'INNER' && columns.every((column) => column >= width))
      rights.push(substitute(condition, (column) => columnAt(right.columns, column - width)));
    else both.push(condition);
  }
  const leftPlan = lefts.length === 0 ? left : pushed(left, lefts);
  const rightPlan = rights.length === 0 ? right : pushed(right, rights);
  if (type !== 'INNER') return filterOf({ ...join, left: leftPlan }, both);
  const own = join.condition === null ? [] : conjunctsOf(join.condition);
  return joinOn('INNER', leftPlan, rightPlan, [...own, ...both]);
};

/** What every branch of an OR says is equal holds beside the OR: `(a = b AND c) OR (a = b AND d)`. */
const impliedEqualities = (condition: Bound): readonly Bound[] => {
  if (condition.kind !== 'or') return [];
  const branches = branchesOf(condition).map((branch) =>
    conjunctsOf(branch).filter((part) => columnPair(part) !== null),
  );
  return branches[0]!.filter((part) =>
    branches.every((branch) => branch.some((other) => columnPair(other) === columnPair(part))),
  );
};

const branchesOf = (condition: Bound): readonly Bound[] =>
  condition.kind === 'or' ? [...branchesOf(condition.left), ...branchesOf(condition.right)] : [condition];

/** The two columns that a condition says are equal, as a text; null: it says something else. */
const columnPair = (condition: Bound): string | null => {
  if (condition.kind !== 'call' || condition.routine.name !== '=') return null;
  const [a, b] = condition.args;
  if (a?.kind !== 'column' || b?.kind !== 'column') return null;
  return a.index < b.index ? `${a.index} ${b.index}` : `${b.index} ${a.index}`;
};
