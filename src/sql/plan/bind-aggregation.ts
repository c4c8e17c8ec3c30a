import type { Call, Expression } from '../ast/expression.ts';
import type { GroupItem, Select } from '../ast/query.ts';
import { castTo } from '../bind/cast-to.ts';
import { bindExpression } from '../bind/expression.ts';
import { asTruth, bindBinary } from '../bind/operators.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import { type Bound, constant } from '../evaluate/bound.ts';
import type { SqlValue } from '../evaluate/sql-value.ts';
import { aggregateType, isAggregateName } from '../functions/aggregates.ts';
import {
  isJsonAggregate,
  type JsonAggregate,
  jsonAggregateArguments,
  jsonAggregateName,
} from '../functions/json-aggregates.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { plain, withNullable } from '../types/sql-type.ts';
import { expressionText } from '../unparse/expression.ts';
import { queryText } from '../unparse/query.ts';
import { changelogOf } from './changelog.ts';
import { columnAt } from './column-at.ts';
import { conjunction } from './conjuncts.ts';
import { expandedSets, type GroupingCall, groupingCalls } from './grouping-calls.ts';
import { joinOn } from './join-on.ts';
import type { AggregateCall, Plan, PlanColumn } from './plan.ts';
import { withColumns } from './with-columns.ts';

/** Rows, and what expressions over them mean. */
export interface BoundRows {
  readonly plan: Plan;
  /** Null: no column of a query around this one is named. */
  readonly outer: OuterValues | null;
  /** `more` names columns behind the plan's. SQL_INVALID for a column that rows in groups do not have. */
  bind(expression: Expression, more?: readonly ScopeColumn[]): Bound;
}

/** The values of outer columns that a subquery is computed for. */
export interface OuterValues {
  /** All of them, whether the subquery has rows for them or not. */
  readonly domain: Plan;
  /** Where they stand in the subquery's rows, in the domain's order. */
  readonly places: readonly number[];
}

const nameOf = (call: Call): string =>
  call.path
    .map(({ name }) => name)
    .join('.')
    .toUpperCase();

type Aggregate = Call | JsonAggregate;

const isAggregate = (expression: Expression): expression is Aggregate =>
  isJsonAggregate(expression) ||
  (expression.kind === 'call' &&
    expression.over === null &&
    (expression.definition === undefined
      ? isAggregateName(nameOf(expression))
      : (expression.definition.fold ?? expression.definition.aggregate) !== undefined));

export const holdsAggregate = (expression: Expression): boolean => findAggregates(expression).length > 0;

/** The aggregates in an expression, outermost first, not those of subqueries. */
const findAggregates = (node: unknown): readonly Aggregate[] => {
  if (Array.isArray(node)) return node.flatMap(findAggregates);
  if (typeof node !== 'object' || node === null) return [];
  const { kind } = node as { readonly kind?: unknown };
  if (kind === 'query') return [];
  if (typeof kind === 'string' && isAggregate(node as Expression)) return [node as Aggregate];
  return Object.values(node).flatMap(findAggregates);
};

const textOf = (expression: Expression): string => expressionText(expression, queryText);

/** GROUP BY and the aggregates of a SELECT. `bind` takes what may name groups and aggregates. */
export const bindAggregation = (
  { plan: input, outer }: BoundRows,
  scope: Scope,
  select: Select,
  sortedBy: readonly Expression[],
): BoundRows => {
  const groups: { readonly text: string; readonly bound: Bound }[] = [];
  const groupOf = (expression: Expression): number => {
    const text = textOf(expression);
    const known = groups.findIndex((group) => group.text === text);
    if (known >= 0) return known;
    if (holdsAggregate(expression))
      throw sqlError('SQL_INVALID', expression, { reason: 'rows are not grouped by an aggregate of them' });
    groups.push({ text, bound: bindExpression(expression, scope) });
    return groups.length - 1;
  };
  const written =
    select.groupBy === null ? [[]] : select.groupBy.items.map((item) => setsOf(item, groupOf)).reduce(crossed, [[]]);
  // A subquery has groups of its own for each of the outer values.
  const outerGroups = (outer?.places ?? []).map(
    (place) => groups.push({ text: `#outer${place}`, bound: columnAt(input.columns, place) }) - 1,
  );
  const sets = written.map((set) => [...set, ...outerGroups]);

  const calls: { readonly text: string; readonly call: Aggregate }[] = [];
  const sources = [
    ...select.items.map(({ expression }) => expression),
    ...(select.having === null ? [] : [select.having]),
    ...sortedBy,
  ];
  const groupings = groupingCalls(sources, textOf, (expression) => {
    const text = textOf(expression);
    const place = groups.findIndex((group) => group.text === text);
    return place < 0 ? null : place;
  });
  for (const call of findAggregates(sources)) {
    const text = textOf(call);
    if (!calls.some((known) => known.text === text)) calls.push({ text, call });
  }

  // What is grouped by and computed over becomes columns of a projection below.
  const below: Bound[] = groups.map(({ bound }) => bound);
  const placeOf = (bound: Bound): number => {
    below.push(bound);
    return below.length - 1;
  };
  // A group has a row at least, so its SUM of what is never NULL is not NULL either.
  const isGrouped = written.length === 1 && written[0]!.length > 0;
  const aggregates = calls.map(({ call }): AggregateCall => bindAggregate(call, scope, placeOf, { isGrouped, input }));
  const projected: Plan = {
    kind: 'project',
    input,
    expressions: below,
    columns: below.map(({ type }, index) => ({ name: groups[index]?.text ?? `arg${index - groups.length}`, type })),
  };
  // In several grouping sets, what a set does not group by is NULL.
  const columns = [
    ...groups.map(({ text, bound }, index) => ({
      name: text,
      type: withNullable(bound.type, bound.type.nullable || !sets.every((set) => set.includes(index))),
    })),
    ...aggregates.map((call, index) => ({
      name: calls[index]!.text,
      type: call.type,
    })),
  ];
  const aggregate: Plan =
    groupings.length === 0
      ? { kind: 'aggregate', input: projected, groups: [...groups.keys()], sets, calls: aggregates, columns }
      : aggregateOfSets(projected, { sets, groupings, calls: aggregates, columns });

  const above = aggregate.columns.map(({ type }, index): ScopeColumn => ({ qualifier: [], name: `#${index}`, type }));
  const bind: BoundRows['bind'] = (expression, more = []) => {
    const replaced = withColumns(expression, (part) => {
      const text = textOf(part);
      const group = groups.findIndex((known) => known.text === text);
      if (group >= 0) return `#${group}`;
      const call = calls.findIndex((known) => known.text === text);
      if (call >= 0) return `#${groups.length + call}`;
      const grouping = groupings.findIndex((known) => known.text === text);
      if (grouping >= 0) return `#${columns.length + grouping}`;
      if (part.kind === 'name') {
        if (part.path.length === 1 && more.some(({ name }) => name === part.path[0]!.name)) return null;
        // It must be a column at all, before it is one that is not grouped by; `t.a` and `a` are the same one.
        const bound = bindExpression(part, scope);
        const same = groups.findIndex((known) => JSON.stringify(known.bound) === JSON.stringify(bound));
        if (same >= 0) return `#${same}`;
        throw sqlError('SQL_INVALID', part, {
          reason: `${text} is not grouped by: add it to GROUP BY, or put it into an aggregate`,
        });
      }
      return null;
    });
    return bindExpression(replaced, new Scope([...above, ...more]));
  };
  if (outer === null) return { plan: aggregate, bind, outer };
  // Without GROUP BY there is a row for outer values without rows too.
  const isGlobal = written.length === 1 && written[0]!.length === 0;
  const plan = isGlobal ? withoutRows(aggregate, outer, aggregates) : aggregate;
  return { plan, bind, outer: { ...outer, places: outerGroups } };
};

/** Each grouping set by itself, so that what the grouping functions say of it stands behind the aggregates. */
const aggregateOfSets = (
  projected: Plan,
  {
    sets,
    groupings,
    calls,
    columns,
  }: {
    readonly sets: readonly (readonly number[])[];
    readonly groupings: readonly GroupingCall[];
    readonly calls: readonly AggregateCall[];
    readonly columns: readonly PlanColumn[];
  },
): Plan => {
  const width = columns.length - calls.length;
  const input = expandedSets(projected, width, sets, groupings);
  const said = [...input.columns.keys()].slice(projected.columns.length);
  const groups = [...Array(width).keys(), ...said];
  const ofSets: Plan = {
    kind: 'aggregate',
    input,
    groups,
    sets: [[...groups.keys()]],
    calls,
    columns: [...columns.slice(0, width), ...said.map((place) => input.columns[place]!), ...columns.slice(width)],
  };
  // The number of the set tells groups apart, and is no column of the query.
  const kept = [
    ...Array(width).keys(),
    ...calls.map((_, at) => width + said.length + at),
    ...groupings.map((_, at) => width + 1 + at),
  ];
  return {
    kind: 'project',
    input: ofSets,
    expressions: kept.map((place) => columnAt(ofSets.columns, place)),
    columns: kept.map((place) => ofSets.columns[place]!),
  };
};

/** What is made here always fits: no error has to be shown. */
const nowhere: Span = { start: 0, end: 0 };

/** Aggregates that are not NULL without rows. */
const ofNothing: Readonly<Record<string, SqlValue>> = {
  COUNT: 0,
  COLLECT: [],
  JSON_ARRAYAGG: '[]',
  JSON_OBJECTAGG: '{}',
};

/** Each of the outer values with its aggregates; those that have no rows with aggregates of nothing. */
const withoutRows = (aggregate: Plan, { domain }: OuterValues, calls: readonly AggregateCall[]): Plan => {
  const width = domain.columns.length;
  const same = domain.columns.map((column, index) =>
    bindBinary(
      'IS NOT DISTINCT FROM',
      columnAt(domain.columns, index),
      { kind: 'column', index: index + width, type: column.type },
      nowhere,
    ),
  );
  const input = joinOn('LEFT', domain, aggregate, same);
  const results = calls.map(({ name, type }, index): Bound => {
    const result = columnAt(input.columns, 2 * width + index);
    const nothing = ofNothing[name];
    return nothing === undefined ? result : { kind: 'coalesce', args: [result, constant(nothing, type)], type };
  });
  return {
    kind: 'project',
    input,
    expressions: [...domain.columns.map((_, index) => columnAt(input.columns, index)), ...results],
    columns: aggregate.columns,
  };
};

const bindAggregate = (
  call: Aggregate,
  scope: Scope,
  placeOf: (bound: Bound) => number,
  { isGrouped, input }: { readonly isGrouped: boolean; readonly input: Plan },
): AggregateCall => {
  if (isJsonAggregate(call)) {
    const name = jsonAggregateName(call);
    const args = jsonAggregateArguments(call, (part) => {
      if (holdsAggregate(part)) throw ofAggregate(part);
      return bindExpression(part, scope);
    });
    return { name, args: args.map(placeOf), distinct: false, filter: null, type: aggregateType(name, args, call) };
  }
  const name = nameOf(call);
  if (call.nulls !== null && name !== 'ARRAY_AGG')
    throw sqlError('SQL_INVALID', call, { reason: `${name} takes no ${call.nulls} NULLS` });
  if (call.withinGroup !== null || call.orderBy.length > 0) {
    throw sqlError('SQL_NOT_SUPPORTED', call, {
      what: `${name} with an order`,
      reason: 'it is read, and not planned yet',
    });
  }
  const args = call.arguments.flatMap((argument): readonly Bound[] => {
    if (argument.kind === 'star') return [];
    if (
      argument.kind === 'named' ||
      argument.kind === 'default' ||
      argument.kind === 'table' ||
      argument.kind === 'descriptor'
    ) {
      throw sqlError('SQL_INVALID', argument, { reason: `${name} takes values` });
    }
    if (holdsAggregate(argument)) throw ofAggregate(argument);
    return [bindExpression(argument, scope)];
  });
  const fold = call.definition?.fold;
  if (fold !== undefined) {
    const given = args.map((arg, place) => castTo(arg, fold.parameters[place]!) ?? arg);
    return { name, args: given.map(placeOf), distinct: false, filter: null, type: fold.type, fold };
  }
  const own = call.definition?.aggregate;
  if (own !== undefined && !own.takesBack && changelogOf(input).kinds.some((kind) => kind !== 'I'))
    throw sqlError('SQL_NOT_SUPPORTED', call, {
      what: `${name} over rows that change`,
      reason: 'it has no retract, so it could not take back a row that changes or goes: give it one',
    });
  const site = { name, span: call, argumentSpans: call.arguments };
  const converted = own === undefined ? args : own.convert(args, site);
  const type = own === undefined ? aggregateType(name, args, call) : own.type;
  const written = call.filter === null ? null : asTruth(bindExpression(call.filter, scope), call.filter, 'FILTER');
  const filter = call.nulls === 'IGNORE' ? withoutNull(args[0]!, written) : written;
  const places = converted.map(placeOf);
  const counted = { distinct: call.quantifier === 'DISTINCT', filter: filter === null ? null : placeOf(filter) };
  if (own !== undefined) return { name, args: places, ...counted, type, own };
  return {
    name,
    args: places,
    ...counted,
    type: isGrouped && filter === null && args.every((arg) => !arg.type.nullable) ? withNullable(type, false) : type,
  };
};

const ofAggregate = (span: Span): Error =>
  sqlError('SQL_INVALID', span, { reason: 'an aggregate of an aggregate needs a query inside' });

/** IGNORE NULLS: rows without the value do not count. */
const withoutNull = (value: Bound, filter: Bound | null): Bound => {
  const isThere: Bound = { kind: 'is-null', operand: value, negated: true, type: plain('BOOLEAN', false) };
  return filter === null ? isThere : conjunction(filter, isThere);
};

type Sets = readonly (readonly number[])[];

/** Every set of one beside every set of the other: GROUP BY a, ROLLUP(b). */
const crossed = (a: Sets, b: Sets): Sets => a.flatMap((left) => b.map((right) => [...new Set([...left, ...right])]));

const setsOf = (item: GroupItem, groupOf: (expression: Expression) => number): Sets => {
  switch (item.kind) {
    case 'group-expression':
      return [[groupOf(item.expression)]];
    case 'group-set':
      return [item.expressions.map(groupOf)];
    case 'grouping-sets':
      return item.items.flatMap((inner) => setsOf(inner, groupOf));
    case 'rollup': {
      const parts = item.items.map((inner) => setsOf(inner, groupOf)[0]!);
      return Array.from({ length: parts.length + 1 }, (_, index) => parts.slice(0, parts.length - index).flat());
    }
    case 'cube': {
      const parts = item.items.map((inner) => setsOf(inner, groupOf)[0]!);
      return Array.from({ length: 2 ** parts.length }, (_, mask) =>
        parts.filter((__, index) => !((mask >> index) & 1)).flat(),
      );
    }
  }
};
