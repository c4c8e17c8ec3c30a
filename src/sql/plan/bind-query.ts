import { nearestName } from '../../core/nearest-name.ts';
import type { Expression } from '../ast/expression.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { Alias, OrderItem, Query, QueryBody, Select, TableReference } from '../ast/query.ts';
import { castTo } from '../bind/cast-to.ts';
import { bindExpression } from '../bind/expression.ts';
import { asTruth, bindBinary } from '../bind/operators.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { shortText, withNullable } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { bindAggregation, holdsAggregate } from './bind-aggregation.ts';
import { bindOver, plainRows } from './bind-over.ts';
import { bindWindowTable } from './bind-window-table.ts';
import { columnAt } from './column-at.ts';
import { filtered } from './filter-rank.ts';
import type { Catalog, Plan, PlanColumn, SortKey } from './plan.ts';
import { sortKey } from './sort-key.ts';

/** A table reference with the names its columns go by. */
interface Relation {
  readonly plan: Plan;
  readonly scope: readonly ScopeColumn[];
}

/** Names that WITH gives to queries, inner ones first. */
interface Names {
  readonly catalog: Catalog;
  readonly common: ReadonlyMap<string, Plan>;
}

/** A query as a plan with every name and type settled. Throws SQL_ errors with the place of what cannot be. */
export const bindQuery = (query: Query, catalog: Catalog): Plan => planQuery(query, { catalog, common: new Map() });

const planQuery = (query: Query, names: Names): Plan => {
  let inner = names;
  for (const table of query.with) {
    const plan = renamed(
      planQuery(table.query, inner),
      table.columns.map(({ name }) => name),
      table,
    );
    inner = { ...inner, common: new Map([...inner.common, [table.name.name, plan]]) };
  }
  const { order, offset, limit } = { order: query.orderBy, offset: count(query.offset), limit: count(query.limit) };
  if (order.length === 0 && offset === null && limit === null) return planBody(query.body, inner);
  const body =
    query.body.kind === 'select' ? planSelect(query.body, inner, order) : sorted(planBody(query.body, inner), order);
  return top(body.plan, body.keys, offset ?? 0, limit, body.width);
};

const count = (expression: Expression | null): number | null => {
  if (expression === null) return null;
  if (expression.kind === 'number') return Number(expression.text);
  throw sqlError('SQL_NOT_SUPPORTED', expression, {
    what: '?',
    reason: 'statements have no parameters; write the number',
  });
};

/** A plan whose rows are to be sorted, and how many of its columns are the query's: those behind are only sorted by. */
interface Sorted {
  readonly plan: Plan;
  readonly keys: readonly SortKey[];
  readonly width: number;
}

const top = (input: Plan, order: readonly SortKey[], offset: number, limit: number | null, width: number): Plan => {
  const plan: Plan = { kind: 'top', input, order, offset, limit, columns: input.columns };
  return width === input.columns.length ? plan : firstColumns(plan, width);
};

const firstColumns = (input: Plan, width: number): Plan => {
  const columns = input.columns.slice(0, width);
  const expressions = columns.map(({ type }, index): Bound => ({ kind: 'column', index, type }));
  return { kind: 'project', input, expressions, columns };
};

/** A number in ORDER BY is a column's place. */
const placeOf = (expression: Expression, width: number): number | null => {
  if (expression.kind !== 'number') return null;
  const place = Number(expression.text);
  if (Number.isInteger(place) && place >= 1 && place <= width) return place - 1;
  throw sqlError('SQL_INVALID', expression, {
    reason: `the query has ${width} columns, and this names number ${expression.text}`,
  });
};

const sorted = (plan: Plan, order: readonly OrderItem[]): Sorted => {
  const scope = new Scope(plan.columns.map(({ name, type }) => ({ qualifier: [], name, type })));
  const keys = order.map((item) => {
    const place = placeOf(item.expression, plan.columns.length);
    if (place !== null) return sortKey(place, item);
    const bound = bindExpression(item.expression, scope);
    if (bound.kind === 'column') return sortKey(bound.index, item);
    throw sqlError('SQL_NOT_SUPPORTED', item, {
      what: 'an expression here',
      reason: 'behind a set operation only columns are sorted by',
    });
  });
  return { plan, keys, width: plan.columns.length };
};

const planBody = (body: QueryBody, names: Names): Plan => {
  switch (body.kind) {
    case 'query':
      return planQuery(body, names);
    case 'select':
      return planSelect(body, names, []).plan;
    case 'explicit-table':
      return planTable(
        body.path.map(({ name }) => name),
        body,
        names,
      );
    case 'values':
      return planValues(body.rows, body);
    case 'set-operation': {
      const [left, right] = [planBody(body.left, names), planBody(body.right, names)];
      const [a, b] = unified([left, right], body);
      const columns = a!.columns.map(({ name, type }, index) => ({
        name,
        type: withNullable(type, type.nullable || b!.columns[index]!.type.nullable),
      }));
      if (body.operator !== 'UNION') {
        return {
          kind: body.operator === 'INTERSECT' ? 'intersect' : 'except',
          all: body.all,
          left: a!,
          right: b!,
          columns,
        };
      }
      const union: Plan = { kind: 'union', inputs: [a!, b!], columns };
      return body.all ? union : distinct(union);
    }
  }
};

const distinct = (input: Plan): Plan => {
  const groups = input.columns.map((_, index) => index);
  return { kind: 'aggregate', input, groups, sets: [groups], calls: [], columns: input.columns };
};

/** Several inputs with columns of one type each. */
const unified = (plans: readonly Plan[], span: Span): readonly Plan[] => {
  const [first] = plans;
  if (plans.some((plan) => plan.columns.length !== first!.columns.length)) {
    const widths = plans.map((plan) => plan.columns.length).join(' and ');
    throw sqlError('SQL_INVALID', span, { reason: `both sides need as many columns, and these have ${widths}` });
  }
  const types = first!.columns.map((_, index) => {
    const found = plans.map((plan) => plan.columns[index]!.type);
    const type = unifiedType(found);
    if (type !== null) return type;
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `column ${index + 1} of both sides`,
      found: found.map(shortText).join(' and '),
      expected: 'one type',
    });
  });
  return plans.map((input) => {
    const expressions = input.columns.map(
      ({ type }, index) => castTo({ kind: 'column', index, type }, withNullable(types[index]!, type.nullable))!,
    );
    if (expressions.every((expression) => expression.kind === 'column')) return input;
    const columns = input.columns.map(({ name }, index) => ({ name, type: expressions[index]!.type }));
    return { kind: 'project', input, expressions, columns };
  });
};

const planValues = (rows: readonly Expression[], span: Span): Plan => {
  const nothing = new Scope([]);
  const bound = rows.map((row) =>
    (row.kind === 'row' ? row.items : [row]).map((item) => bindExpression(item, nothing)),
  );
  const width = bound[0]!.length;
  if (bound.some((row) => row.length !== width))
    throw sqlError('SQL_INVALID', span, { reason: 'the rows of VALUES have as many columns each' });
  const types = bound[0]!.map((_, index) => {
    const found = bound.map((row) => row[index]!.type);
    const type = unifiedType(found);
    if (type !== null) return type;
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `column ${index + 1} of VALUES`,
      found: found.map(shortText).join(' and '),
      expected: 'one type',
    });
  });
  return {
    kind: 'values',
    rows: bound.map((row) => row.map((item, index) => castTo(item, types[index]!)!)),
    columns: types.map((type, index) => ({ name: `EXPR$${index}`, type })),
  };
};

const planTable = (path: readonly string[], span: Span, { catalog, common }: Names): Plan => {
  const known = path.length === 1 ? common.get(path[0]!) : undefined;
  if (known !== undefined) return known;
  const declared = catalog.plan?.(path) ?? null;
  if (declared !== null) return declared;
  const table = catalog.table(path);
  if (table !== null) return { kind: 'scan', table, columns: table.columns };
  const name = path.join('.');
  throw sqlError('SQL_UNKNOWN_NAME', span, {
    what: 'table',
    name,
    suggestion: nearestName(name, [...common.keys(), ...catalog.names]),
  });
};

const renamed = (plan: Plan, names: readonly string[], span: Span): Plan => {
  if (names.length === 0) return plan;
  if (names.length !== plan.columns.length) {
    throw sqlError('SQL_INVALID', span, {
      reason: `${names.length} names are given to ${plan.columns.length} columns`,
    });
  }
  return { ...plan, columns: plan.columns.map(({ type }, index) => ({ name: names[index]!, type })) };
};

const named = (plan: Plan, qualifier: readonly string[]): Relation => ({
  plan,
  scope: plan.columns.map(({ name, type }) => ({ qualifier, name, type })),
});

/** A table by its alias, or by its own name where it has none. */
const aliased = (plan: Plan, alias: Alias | null, path: readonly string[]): Relation => {
  if (alias === null) return named(plan, path);
  const columns = alias.columns.map(({ name }) => name);
  return named(renamed(plan, columns, alias), [alias.name.name]);
};

const planReference = (reference: TableReference, names: Names): Relation => {
  switch (reference.kind) {
    case 'table-name': {
      if (reference.asOf !== null) refuse(reference.asOf, 'FOR SYSTEM_TIME AS OF');
      if (reference.sample !== null) refuse(reference.sample, 'TABLESAMPLE');
      const path = reference.path.map(({ name }) => name);
      const plan = planTable(path, { start: reference.path[0]!.start, end: reference.path.at(-1)!.end }, names);
      return aliased(plan, reference.alias, path);
    }
    case 'derived-table': {
      if (reference.lateral) refuse(reference, 'LATERAL');
      return aliased(planQuery(reference.query, names), reference.alias, []);
    }
    case 'nested-join':
      return planReference(reference.of, names);
    case 'join':
      return planJoin(reference, names);
    case 'table-function': {
      const plan = bindWindowTable(reference.call, (table, span) =>
        'kind' in table
          ? planQuery(table, names)
          : planTable(
              table.map(({ name }) => name),
              span,
              names,
            ),
      );
      return aliased(plan, reference.alias, []);
    }
    case 'unnest':
      return refuse(reference, 'UNNEST');
  }
};

const refuse = (span: Span, what: string): never => {
  throw sqlError('SQL_NOT_SUPPORTED', span, { what, reason: 'it is read, and not planned yet' });
};

const planJoin = (join: Extract<TableReference, { kind: 'join' }>, names: Names): Relation => {
  const [left, right] = [planReference(join.left, names), planReference(join.right, names)];
  const type = join.type === 'COMMA' || join.type === 'CROSS' ? 'INNER' : join.type;
  const emptied = (relation: Relation, nullable: boolean): readonly ScopeColumn[] =>
    nullable ? relation.scope.map((column) => ({ ...column, type: withNullable(column.type, true) })) : relation.scope;
  const inputs = [...left.scope, ...right.scope];
  const scope = [
    ...emptied(left, type === 'RIGHT' || type === 'FULL'),
    ...emptied(right, type === 'LEFT' || type === 'FULL'),
  ];
  const width = left.scope.length;
  let condition: Bound | null = null;
  let merged: readonly MergedColumn[] = [];
  if (join.condition?.kind === 'on') {
    condition = asTruth(bindExpression(join.condition.condition, new Scope(inputs)), join.condition, 'ON');
  } else if (join.condition?.kind === 'using' || join.natural) {
    merged = mergedColumns(join, left, right);
    condition = merged.reduce<Bound | null>((before, { name, sides: [a, b] }) => {
      const equal = bindBinary('=', columnAt(inputs, a), columnAt(inputs, b + width), name);
      return before === null ? equal : bindBinary('AND', before, equal, name);
    }, null);
  } else if (join.type !== 'COMMA' && join.type !== 'CROSS' && join.type !== 'INNER') {
    throw sqlError('SQL_INVALID', join, { reason: `a ${join.type} JOIN needs ON and a condition` });
  }
  const columns = scope.map(({ name, type: columnType }): PlanColumn => ({ name, type: columnType }));
  const plan: Plan = {
    kind: 'join',
    type,
    left: left.plan,
    right: right.plan,
    condition,
    keys: equalities(condition, width),
    columns,
  };
  return merged.length === 0 ? { plan, scope } : withMerged(plan, type, scope, merged, width);
};

/** A column that both sides of a join have, and that counts as one. */
interface MergedColumn {
  /** Its name, with the place to show when the two do not fit each other. */
  readonly name: Identifier;
  /** Its place in each side. */
  readonly sides: readonly [left: number, right: number];
}

const mergedColumns = (
  join: Extract<TableReference, { kind: 'join' }>,
  left: Relation,
  right: Relation,
): readonly MergedColumn[] => {
  if (join.condition?.kind === 'using') {
    return join.condition.columns.map((name) => ({ name, sides: [placeIn(left, name), placeIn(right, name)] }));
  }
  const shared = new Set(right.scope.filter(isShown).map(({ name }) => name));
  const names = new Set(left.scope.filter(isShown).flatMap(({ name }) => (shared.has(name) ? [name] : [])));
  return [...names].map((text) => {
    const name: Identifier = { kind: 'identifier', name: text, start: join.start, end: join.end };
    return { name, sides: [placeIn(left, name), placeIn(right, name)] };
  });
};

const isShown = ({ qualifiedOnly }: ScopeColumn): boolean => qualifiedOnly === undefined;

/** The side's one column of that name. SQL_UNKNOWN_NAME, SQL_AMBIGUOUS_NAME. */
const placeIn = ({ scope }: Relation, name: Identifier): number => {
  const { column } = new Scope(scope).resolve([name]);
  return (column as Extract<Bound, { kind: 'column' }>).index;
};

/** The columns that count as one come first, as in the standard; those of the sides stay to be named behind their tables. */
const withMerged = (
  join: Plan,
  type: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL',
  scope: readonly ScopeColumn[],
  merged: readonly MergedColumn[],
  width: number,
): Relation => {
  const first = merged.map(({ sides: [a, b] }): Bound => {
    const [left, right] = [columnAt(scope, a), columnAt(scope, b + width)];
    if (type !== 'FULL') return type === 'RIGHT' ? right : left;
    // An equality of the two was bound, so they have a type in common.
    const common = unifiedType([left.type, right.type]) ?? left.type;
    const args = [left, right].map((side) => castTo(side, common) ?? side);
    return { kind: 'coalesce', args, type: common };
  });
  const sides = new Set(merged.flatMap(({ sides: [a, b] }) => [a, b + width]));
  const named: readonly ScopeColumn[] = [
    ...merged.map(({ name }, index): ScopeColumn => ({ qualifier: [], name: name.name, type: first[index]!.type })),
    ...scope.map((column, index): ScopeColumn => (sides.has(index) ? { ...column, qualifiedOnly: true } : column)),
  ];
  const plan: Plan = {
    kind: 'project',
    input: join,
    expressions: [...first, ...scope.map((_, index) => columnAt(scope, index))],
    columns: named.map(({ name, type: columnType }) => ({ name, type: columnType })),
  };
  return { plan, scope: named };
};

/** Columns of both sides that a condition says are equal. */
const equalities = (condition: Bound | null, width: number): readonly (readonly [number, number])[] => {
  if (condition === null) return [];
  if (condition.kind === 'and') return [...equalities(condition.left, width), ...equalities(condition.right, width)];
  if (condition.kind !== 'call' || condition.routine.name !== '=') return [];
  const [a, b] = condition.args;
  if (a?.kind !== 'column' || b?.kind !== 'column') return [];
  const [low, high] = a.index < b.index ? [a.index, b.index] : [b.index, a.index];
  return low < width && high >= width ? [[low, high - width]] : [];
};

const planSelect = (select: Select, names: Names, order: readonly OrderItem[]): Sorted => {
  const nothing: Relation = { plan: { kind: 'values', rows: [[]], columns: [] }, scope: [] };
  const from = select.from === null ? nothing : planReference(select.from, names);
  let { plan } = from;
  const inputScope = new Scope(from.scope);
  if (select.where !== null) {
    const condition = asTruth(bindExpression(select.where, inputScope), select.where, 'WHERE');
    plan = filtered(plan, condition);
  }
  const items = expandStars(select, from.scope);
  const grouped =
    select.groupBy !== null || select.having !== null || items.some(({ expression }) => holdsAggregate(expression));
  const sortedBy = order.map(({ expression }) => expression);
  const rows = grouped ? bindAggregation(plan, inputScope, select, sortedBy) : plainRows(plan, inputScope);
  const { bind, ...over } = bindOver(rows, select.windows, [...items.map(({ expression }) => expression), ...sortedBy]);
  plan = over.plan;
  const outputs = items.map(({ expression, name, bound }) => ({ name, bound: bound ?? bind(expression) }));
  const keys: SortKey[] = [];
  for (const item of order) {
    const place = placeOf(item.expression, outputs.length) ?? outputPlace(item.expression, outputs);
    if (place !== null) keys.push(sortKey(place, item));
    else {
      if (select.distinct)
        throw sqlError('SQL_INVALID', item, { reason: 'with DISTINCT only columns of the query are sorted by' });
      keys.push(sortKey(items.length + keys.filter(({ column }) => column >= items.length).length, item));
      outputs.push({ name: '', bound: bind(item.expression) });
    }
  }
  const columns = outputs.map(({ name, bound }) => ({ name, type: bound.type }));
  plan = { kind: 'project', input: plan, expressions: outputs.map(({ bound }) => bound), columns };
  return { plan: select.distinct ? distinct(plan) : plan, keys, width: items.length };
};

/** ORDER BY may name a column of the query. */
const outputPlace = (expression: Expression, outputs: readonly { readonly name: string }[]): number | null => {
  if (expression.kind !== 'name' || expression.path.length !== 1) return null;
  const place = outputs.findIndex(({ name }) => name === expression.path[0]!.name);
  return place < 0 ? null : place;
};

interface Item {
  readonly name: string;
  readonly expression: Expression;
  /** What a star brought; null: it is still to be bound. */
  readonly bound: Bound | null;
}

const expandStars = (select: Select, scope: readonly ScopeColumn[]): readonly Item[] => {
  let unnamed = 0;
  return select.items.flatMap(({ expression, alias }): readonly Item[] => {
    if (expression.kind !== 'star') {
      const own =
        expression.kind === 'name'
          ? expression.path.at(-1)!.name
          : expression.kind === 'field'
            ? expression.field.name
            : null;
      const name = alias?.name ?? own ?? `EXPR$${unnamed}`;
      unnamed += 1;
      return [{ name, expression, bound: null }];
    }
    const qualifier = expression.path.map(({ name }) => name);
    const columns = scope.flatMap((column, index) => {
      const fits =
        (qualifier.length === 0 && column.qualifiedOnly === undefined) ||
        (qualifier.length > 0 && qualifier.every((part, at) => column.qualifier.at(at - qualifier.length) === part));
      return fits
        ? [{ name: column.name, expression, bound: { kind: 'column', index, type: column.type } as const }]
        : [];
    });
    if (columns.length === 0) {
      const suggestion = nearestName(
        qualifier.join('.'),
        scope.map((column) => column.qualifier.at(-1) ?? ''),
      );
      throw sqlError('SQL_UNKNOWN_NAME', expression, { what: 'table', name: qualifier.join('.') || '*', suggestion });
    }
    unnamed += columns.length;
    return columns;
  });
};
