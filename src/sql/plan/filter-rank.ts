import type { Bound } from '../evaluate/bound.ts';
import type { Plan, RankMethod } from './plan.ts';

type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** From which place to which a condition lets rows through. */
interface Places {
  readonly from: number;
  readonly to: number;
}

/**
 * A plan's rows for which a condition holds. A condition on the place of rows in their partition (`rn <= 3`, where rn is
 * ROW_NUMBER() OVER ...) becomes a step that keeps these places only, as Flink's Top-N is written.
 */
export const filtered = (input: Plan, condition: Bound): Plan => {
  const conjuncts = conjunctsOf(condition);
  for (let place = 0; place < conjuncts.length; place += 1) {
    const over = rankUnder(input, conjuncts[place]!);
    if (over === null) continue;
    const limits = conjuncts.map((part) => (rankUnder(input, part) === null ? null : placesOf(part)));
    const from = Math.max(1, ...limits.flatMap((limit) => (limit === null ? [] : [limit.from])));
    const to = Math.min(...limits.flatMap((limit) => (limit === null ? [] : [limit.to])));
    if (!Number.isFinite(to)) break;
    const ranked = withRank(input, from, to);
    const rest = conjuncts.filter((_, index) => limits[index] === null);
    return rest.length === 0 ? ranked : filterOf(ranked, rest.reduce(conjunction));
  }
  return filterOf(input, condition);
};

const filterOf = (input: Plan, condition: Bound): Plan => ({
  kind: 'filter',
  input,
  condition,
  columns: input.columns,
});

const conjunctsOf = (condition: Bound): readonly Bound[] =>
  condition.kind === 'and' ? [...conjunctsOf(condition.left), ...conjunctsOf(condition.right)] : [condition];

const conjunction = (left: Bound, right: Bound): Bound => ({
  kind: 'and',
  left,
  right,
  type: { kind: 'BOOLEAN', nullable: left.type.nullable || right.type.nullable },
});

/** The step whose one call gives the column that the condition compares with a number; null: it does not. */
const rankUnder = (input: Plan, condition: Bound): Plan | null => {
  const compared = comparedColumn(condition);
  if (compared === null || placesOf(condition) === null) return null;
  let column = compared;
  let plan = input;
  while (plan.kind === 'project') {
    const expression: Bound = plan.expressions[column]!;
    if (expression.kind !== 'column') return null;
    column = expression.index;
    plan = plan.input;
  }
  const isPlace = plan.kind === 'over' && plan.calls.length === 1 && column === plan.columns.length - 1;
  return isPlace && plan.kind === 'over' && methods.has(plan.calls[0]!.name) ? plan : null;
};

const methods: ReadonlySet<string> = new Set<RankMethod>(['ROW_NUMBER', 'RANK', 'DENSE_RANK']);

const comparedColumn = (condition: Bound): number | null => {
  if (condition.kind !== 'call' || condition.args.length !== 2) return null;
  const column = condition.args.find(({ kind }) => kind === 'column');
  return column?.kind === 'column' ? column.index : null;
};

const mirrored: Readonly<Record<Comparison, Comparison>> = { '<': '>', '<=': '>=', '=': '=', '>=': '<=', '>': '<' };

const placesOf = (condition: Bound): Places | null => {
  if (condition.kind !== 'call' || !Object.hasOwn(mirrored, condition.routine.name)) return null;
  const [left, right] = condition.args as readonly [Bound, Bound];
  const number = left.kind === 'constant' ? left.value : right.kind === 'constant' ? right.value : null;
  if (typeof number !== 'number' || !Number.isInteger(number)) return null;
  const operator = condition.routine.name as Comparison;
  switch (left.kind === 'constant' ? mirrored[operator] : operator) {
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

const withRank = (plan: Plan, from: number, to: number): Plan => {
  if (plan.kind === 'project') return { ...plan, input: withRank(plan.input, from, to) };
  if (plan.kind !== 'over') return plan;
  const { input, partition, order, columns } = plan;
  return { kind: 'rank', input, partition, order, method: plan.calls[0]!.name as RankMethod, from, to, columns };
};
