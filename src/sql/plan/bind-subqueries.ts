import type { Expression } from '../ast/expression.ts';
import type { Query } from '../ast/query.ts';
import { bindBinary } from '../bind/operators.ts';
import { type Bound, call, constant, routine } from '../evaluate/bound.ts';
import type { Whole } from '../evaluate/sql-value.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { plain, withNullable } from '../types/sql-type.ts';
import { expressionText } from '../unparse/expression.ts';
import { queryText } from '../unparse/query.ts';
import type { BoundRows } from './bind-aggregation.ts';
import { columnAt } from './column-at.ts';
import { joinOn } from './join-on.ts';
import { OuterRows } from './outer-rows.ts';
import type { AggregateCall, Plan } from './plan.ts';
import { withColumns } from './with-columns.ts';

/** A query whose rows stay beside the values of outer columns that they were computed for: these are its last columns. */
export interface Correlated {
  readonly plan: Plan;
  /** How many columns are the query's own. */
  readonly width: number;
}

/** Plans a subquery; `outer` knows the rows around it. */
export type PlanSubquery = (query: Query, outer: OuterRows) => Correlated;

type Found = Extract<Expression, { kind: 'subquery' | 'exists' | 'in' }>;

/** A subquery whose outer columns are known. */
interface Subplan extends Correlated {
  readonly outer: OuterRows;
  readonly span: Span;
}

const planned = (expression: Found, rows: BoundRows, plan: PlanSubquery): Subplan => {
  const outer = new OuterRows(rows);
  for (;;) {
    const known = outer.columns.length;
    const correlated = plan(queryOf(expression)!, outer);
    if (outer.columns.length > known) continue;
    const wanted = expression.kind === 'exists' ? correlated.width : 1;
    if (correlated.width === wanted) return { ...correlated, outer, span: expression };
    throw sqlError('SQL_INVALID', expression, {
      reason: `this subquery gives one column, and not ${correlated.width}`,
    });
  }
};

const queryOf = (expression: Found): Query | null => {
  if (expression.kind === 'in') return 'kind' in expression.of ? expression.of : null;
  return expression.query;
};

const isSubquery = (expression: Expression): expression is Found =>
  (expression.kind === 'subquery' || expression.kind === 'exists' || expression.kind === 'in') &&
  queryOf(expression) !== null;

/**
 * The rows of `below` for which a part of WHERE holds that is EXISTS or IN with a subquery; null: it is something else. `rows` are
 * those that the subquery is computed for: some more, so that one subquery's rows do not hang on another's.
 */
export const semiJoined = (rows: BoundRows, below: Plan, condition: Expression, plan: PlanSubquery): Plan | null => {
  const isNot = condition.kind === 'unary' && condition.operator === 'NOT';
  const test = isNot ? condition.operand : condition;
  if (!isSubquery(test) || test.kind === 'subquery') return null;
  const subplan = planned(test, rows, plan);
  const negated = isNot !== (test.kind === 'in' && test.negated);
  const width = below.columns.length;
  const conditions = outerEquals(subplan, width + subplan.width);
  if (test.kind === 'in') {
    const [value, candidate] = [rows.bind(test.operand), columnAt(subplan.plan.columns, 0)];
    // With NULL on a side, NOT IN is neither true nor false where no value is equal.
    if (negated && (value.type.nullable || candidate.type.nullable)) return null;
    conditions.push(bindBinary('=', value, { kind: 'column', index: width, type: candidate.type }, test));
  }
  return joinOn(negated ? 'ANTI' : 'SEMI', below, subplan.plan, conditions);
};

/** Computes the subqueries in `expressions` beside each row of `below`; what `bind` then gives may name their results. */
export const withSubqueries = (
  rows: BoundRows,
  below: Plan,
  expressions: readonly Expression[],
  plan: PlanSubquery,
): BoundRows => {
  const found = new Map(subqueriesIn(expressions).map((expression) => [textOf(expression), expression]));
  if (found.size === 0) return { ...rows, plan: below };
  const texts = [...found.keys()];
  let widened = below;
  for (const expression of found.values())
    widened = withResult(widened, planned(expression, rows, plan), expression, rows);
  const results = widened.columns
    .slice(below.columns.length)
    .map(({ type }, index) => ({ qualifier: [], name: `#query${index}`, type }));
  const nameOf = (part: Expression): string | null => {
    const place = isSubquery(part) ? texts.indexOf(textOf(part)) : -1;
    return place < 0 ? null : `#query${place}`;
  };
  return {
    ...rows,
    plan: widened,
    bind: (expression, more = []) => rows.bind(withColumns(expression, nameOf), [...results, ...more]),
  };
};

const withResult = (below: Plan, subplan: Subplan, expression: Found, rows: BoundRows): Plan => {
  switch (expression.kind) {
    case 'subquery':
      return withValue(below, subplan);
    case 'exists':
      return withExistence(below, subplan);
    case 'in':
      return withMembership(below, subplan, rows.bind(expression.operand), expression.negated);
  }
};

export const holdsSubquery = (expression: Expression): boolean => subqueriesIn(expression).length > 0;

const textOf = (expression: Expression): string => expressionText(expression, queryText);

/** Subqueries that are not inside of others. */
const subqueriesIn = (node: unknown): readonly Found[] => {
  if (Array.isArray(node)) return node.flatMap(subqueriesIn);
  if (typeof node !== 'object' || node === null) return [];
  if (typeof (node as Expression).kind === 'string' && isSubquery(node as Expression)) return [node as Found];
  return Object.values(node).flatMap(subqueriesIn);
};

const counted = (args: readonly number[]): AggregateCall => ({
  name: 'COUNT',
  args,
  distinct: false,
  filter: null,
  type: plain('BIGINT', false),
});

/** The subquery's one value, NULL where it has no row. */
const withValue = (below: Plan, subplan: Subplan): Plan => {
  const type = withNullable(subplan.plan.columns[0]!.type, true);
  const one: AggregateCall = { name: 'SINGLE_VALUE', args: [0], distinct: false, filter: null, type };
  const { plan, results } = beside(below, subplan, [one]);
  return withColumn(plan, below.columns.length, results[0]!);
};

const withExistence = (below: Plan, subplan: Subplan): Plan => {
  const { plan, results } = beside(below, subplan, [counted([])]);
  return withColumn(plan, below.columns.length, isAny(results[0]!));
};

/** IN: true where a value is equal; else not known where a NULL is about; else false. */
const withMembership = (below: Plan, subplan: Subplan, value: Bound, negated: boolean): Plan => {
  const { width } = subplan;
  const all = beside(below, subplan, [counted([]), counted([0])]);
  const [rows, values] = all.results as readonly [Bound, Bound];
  // How often each value is there, for each of the outer columns' values.
  const outers = subplan.plan.columns.slice(width).map((_, index) => width + index);
  const matching = aggregated(subplan.plan, [0, ...outers], [counted([])]);
  const at = all.plan.columns.length;
  const candidate: Bound = { kind: 'column', index: at, type: matching.columns[0]!.type };
  const equal = bindBinary('=', value, candidate, subplan.span);
  const both = joinOn('LEFT', all.plan, matching, [...outerEquals(subplan, at + 1), equal]);
  const truth = plain('BOOLEAN');
  const isUnknown: Bound = {
    kind: 'or',
    left: { kind: 'is-null', operand: value, negated: false, type: plain('BOOLEAN', false) },
    right: call(
      routine('<', (a: Whole | null, b: Whole | null) => (a ?? 0) < (b ?? 0), { lenient: true }),
      [values, rows],
      plain('BOOLEAN', false),
    ),
    type: plain('BOOLEAN', false),
  };
  const isIn: Bound = {
    kind: 'case',
    branches: [
      { when: isAny(columnAt(both.columns, both.columns.length - 1)), result: constant(!negated, truth) },
      { when: call(not, [isAny(rows)], plain('BOOLEAN', false)), result: constant(negated, truth) },
      { when: isUnknown, result: constant(null, truth) },
    ],
    otherwise: constant(negated, truth),
    type: truth,
  };
  return withColumn(both, below.columns.length, isIn);
};

const not = routine('NOT', (value: boolean) => !value, { inline: (value) => `!${value}` });

/** Whether a count says that there is one. A left join gives NULL where there is none. */
const isAny = (count: Bound): Bound =>
  call(
    routine('IS ANY', (value: Whole | null) => value !== null && value > 0, { lenient: true }),
    [count],
    plain('BOOLEAN', false),
  );

/** Each row beside the aggregates of the subquery for its outer columns, NULLs where the subquery has no row. */
const beside = (
  below: Plan,
  subplan: Subplan,
  calls: readonly AggregateCall[],
): { readonly plan: Plan; readonly results: readonly Bound[] } => {
  const outers = subplan.plan.columns.slice(subplan.width).map((_, index) => subplan.width + index);
  const aggregates = aggregated(subplan.plan, outers, calls);
  const at = below.columns.length;
  const plan = joinOn('LEFT', below, aggregates, outerEquals(subplan, at));
  return { plan, results: calls.map((_, index) => columnAt(plan.columns, at + outers.length + index)) };
};

const aggregated = (input: Plan, groups: readonly number[], calls: readonly AggregateCall[]): Plan => ({
  kind: 'aggregate',
  input,
  groups,
  sets: [groups.map((_, index) => index)],
  calls,
  columns: [...groups.map((column) => input.columns[column]!), ...calls.map(({ name, type }) => ({ name, type }))],
});

/** The outer columns of a row are those that stand from place `at` on. */
const outerEquals = ({ outer, span }: Subplan, at: number): Bound[] =>
  outer.columns.map(({ bound }, index) =>
    bindBinary('IS NOT DISTINCT FROM', bound, { kind: 'column', index: at + index, type: bound.type }, span),
  );

/** The first `width` columns and one more. */
const withColumn = (input: Plan, width: number, more: Bound): Plan => {
  const own = input.columns.slice(0, width);
  return {
    kind: 'project',
    input,
    expressions: [...own.map((_, index) => columnAt(own, index)), more],
    columns: [...own, { name: 'query', type: more.type }],
  };
};
