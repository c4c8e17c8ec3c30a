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
import { plain, shortText, withNullable } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { type BoundRows, bindAggregation, holdsAggregate } from './bind-aggregation.ts';
import { withGroupWindow } from './bind-group-window.ts';
import { besideCall, lateralJoin, lateralType, planLateral, unnested } from './bind-lateral.ts';
import { bindOver, plainRows } from './bind-over.ts';
import { type Correlated, holdsSubquery, type PlanSubquery, semiJoined, withSubqueries } from './bind-subqueries.ts';
import { bindWindowTable, isWindowTable } from './bind-window-table.ts';
import { columnAt } from './column-at.ts';
import { conjunction, conjunctsOf, writtenConjuncts } from './conjuncts.ts';
import { distinctRows } from './distinct-rows.ts';
import { filtered } from './filtered.ts';
import { joinOn } from './join-on.ts';
import type { OuterRows } from './outer-rows.ts';
import type { Catalog, Plan, PlanColumn, SortKey } from './plan.ts';
import { sortKey } from './sort-key.ts';
import { temporalJoin } from './temporal-join.ts';

/** A table reference with the names its columns go by. */
interface Relation {
  readonly plan: Plan;
  readonly scope: readonly ScopeColumn[];
}

/** Names that WITH gives to queries, inner ones first. */
interface Names {
  readonly catalog: Catalog;
  readonly common: ReadonlyMap<string, Plan>;
  /** The rows of the query around this one; null: it may name none of their columns. */
  readonly outer: OuterRows | null;
}

/** A query as a plan with every name and type settled. Throws SQL_ errors with the place of what cannot be. */
export const bindQuery = (query: Query, catalog: Catalog): Plan =>
  planQuery(query, { catalog, common: new Map(), outer: null });

const planQuery = (query: Query, names: Names): Plan => planCorrelated(query, { ...names, outer: null }).plan;

/** Only a SELECT takes columns of the query around it, and not what it selects from. */
const planCorrelated = (query: Query, names: Names): Correlated => {
  let inner = names;
  for (const table of query.with) {
    const plan = renamed(
      planQuery(table.query, inner),
      table.columns.map(({ name }) => name),
      table,
    );
    inner = { ...inner, common: new Map([...inner.common, [table.name.name, plan]]) };
  }
  const { orderBy, body } = query;
  const [offset, limit] = [count(query.offset), count(query.limit)];
  if (orderBy.length === 0 && offset === null && limit === null && body.kind === 'query')
    return planCorrelated(body, inner);
  const rows = body.kind === 'select' ? planSelect(body, inner, orderBy) : sorted(planBody(body, inner), orderBy);
  if (orderBy.length === 0 && offset === null && limit === null) return rows;
  return { plan: top(rows, offset ?? 0, limit), width: rows.width };
};

const count = (expression: Expression | null): number | null => {
  if (expression === null) return null;
  if (expression.kind === 'number') return Number(expression.text);
  throw sqlError('SQL_NOT_SUPPORTED', expression, {
    what: '?',
    reason: 'statements have no parameters; write the number',
  });
};

/** A plan whose rows are to be sorted, and how many of its columns are the query's: behind them are those that it is only sorted by. */
interface Sorted {
  readonly plan: Plan;
  readonly keys: readonly SortKey[];
  readonly width: number;
  /** Columns of the query around, the last ones. */
  readonly outer: readonly number[];
}

const top = ({ plan: input, keys: order, width, outer }: Sorted, offset: number, limit: number | null): Plan => {
  const { columns } = input;
  const kept = [...columns.slice(0, width).keys(), ...outer];
  if (outer.length === 0 || (limit === null && offset === 0)) {
    const plan: Plan = { kind: 'top', input, order, offset, limit, columns };
    return kept.length === columns.length ? plan : onlyColumns(plan, kept);
  }
  // Of the rows for each of the outer values.
  const places = { from: offset + 1, to: limit === null ? Number.POSITIVE_INFINITY : offset + limit };
  const place = { name: 'place', type: plain('BIGINT', false) };
  const by = { partition: outer, order, method: 'ROW_NUMBER' as const };
  return onlyColumns({ kind: 'rank', input, ...by, ...places, columns: [...columns, place] }, kept);
};

const onlyColumns = (input: Plan, kept: readonly number[]): Plan => ({
  kind: 'project',
  input,
  expressions: kept.map((index) => columnAt(input.columns, index)),
  columns: kept.map((index) => input.columns[index]!),
});

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
  return { plan, keys, width: plan.columns.length, outer: [] };
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
      const alone = { ...names, outer: null };
      const [left, right] = [planBody(body.left, alone), planBody(body.right, alone)];
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
      return body.all ? union : distinctRows(union);
    }
  }
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
  if (reference.kind === 'table-name' && reference.asOf !== null) {
    throw sqlError('SQL_INVALID', reference.asOf, {
      reason: 'FOR SYSTEM_TIME AS OF stands behind the right side of a join',
    });
  }
  switch (reference.kind) {
    case 'table-name': {
      if (reference.sample !== null) refuse(reference.sample, 'TABLESAMPLE');
      const path = reference.path.map(({ name }) => name);
      const plan = planTable(path, { start: reference.path[0]!.start, end: reference.path.at(-1)!.end }, names);
      return aliased(plan, reference.alias, path);
    }
    case 'derived-table': {
      return aliased(planQuery(reference.query, names), reference.alias, []);
    }
    case 'nested-join':
      return planReference(reference.of, names);
    case 'join':
      return planJoin(reference, names);
    case 'table-function': {
      if (!isWindowTable(reference.call)) return besideCall(nothing, 'INNER', reference);
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
      return unnested(nothing, 'INNER', reference);
  }
};

const refuse = (span: Span, what: string): never => {
  throw sqlError('SQL_NOT_SUPPORTED', span, { what, reason: 'it is read, and not planned yet' });
};

const planJoin = (join: Extract<TableReference, { kind: 'join' }>, names: Names): Relation => {
  const lateral = planLateralJoin(join, names);
  if (lateral !== null) return lateral;
  const asOf = join.right.kind === 'table-name' ? join.right.asOf : null;
  const [left, right] = [planReference(join.left, names), planReference(withoutTime(join.right), names)];
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
  const conditions = condition === null ? [] : conjunctsOf(condition);
  const joined =
    asOf === null
      ? joinOn(type, left.plan, right.plan, conditions)
      : temporalJoin(type, left.plan, right.plan, conditions, {
          bound: bindExpression(asOf, new Scope(left.scope)),
          written: asOf,
        });
  const columns = scope.map(({ name, type: columnType }): PlanColumn => ({ name, type: columnType }));
  const plan: Plan = { ...joined, columns };
  return merged.length === 0 ? { plan, scope } : withMerged(plan, type, scope, merged, width);
};

/** A join whose right side names columns of its left one; null: it does not. */
const planLateralJoin = (join: Extract<TableReference, { kind: 'join' }>, names: Names): Relation | null => {
  const { right } = join;
  const isQuery = right.kind === 'derived-table' && right.lateral;
  const isCall = right.kind === 'table-function' && !isWindowTable(right.call);
  if (!isQuery && !isCall && right.kind !== 'unnest') return null;
  const left = planReference(join.left, names);
  const type = lateralType(join.type === 'COMMA' || join.type === 'CROSS' ? 'INNER' : join.type, right);
  if (join.natural || join.condition?.kind === 'using')
    throw sqlError('SQL_NOT_SUPPORTED', join, {
      what: 'USING here',
      reason: 'write ON, with TRUE where nothing is asked',
    });
  const written = join.condition?.kind === 'on' ? join.condition.condition : null;
  const conditionsIn = (scope: readonly ScopeColumn[]): readonly Bound[] => {
    if (written === null) return [];
    const condition = asTruth(bindExpression(written, new Scope(scope)), join.condition!, 'ON');
    return condition.kind === 'constant' && condition.value === true ? [] : conjunctsOf(condition);
  };
  if (right.kind !== 'derived-table') {
    const relation = right.kind === 'unnest' ? unnested(left, type, right) : besideCall(left, type, right);
    const conditions = conditionsIn(relation.scope);
    if (conditions.length === 0) return relation;
    if (type === 'LEFT')
      throw sqlError('SQL_NOT_SUPPORTED', written!, {
        what: 'this ON',
        reason: 'a LEFT JOIN with UNNEST or LATERAL TABLE is ON TRUE',
      });
    return { ...relation, plan: filtered(relation.plan, conditions.reduce(conjunction)) };
  }
  const lateral = planLateral(left, right.query, (query, outer) => planCorrelated(query, { ...names, outer }));
  const own = lateral.plan.columns.slice(0, lateral.width);
  const { scope } = aliased({ kind: 'values', rows: [], columns: own }, right.alias, []);
  const both = [...left.scope, ...scope];
  const plan = lateralJoin(type, left.plan, lateral, conditionsIn(both));
  return { plan, scope: both.map((column, index) => ({ ...column, type: plan.columns[index]!.type })) };
};

const withoutTime = (reference: TableReference): TableReference =>
  reference.kind === 'table-name' ? { ...reference, asOf: null } : reference;

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

/** What a SELECT without FROM selects from: one row. */
const nothing: Relation = { plan: { kind: 'values', rows: [[]], columns: [] }, scope: [] };

const planSelect = (written: Select, names: Names, writtenOrder: readonly OrderItem[]): Sorted => {
  const from = written.from === null ? nothing : planReference(written.from, { ...names, outer: null });
  const subquery: PlanSubquery = (query, outer) => planCorrelated(query, { ...names, outer });
  const joined = besideOuter(from, names.outer);
  const kept = written.where === null ? joined : rowsWith(joined, written.where, 'WHERE', subquery);
  const { rows, scope, select, order } = withGroupWindow(kept, joined.scope, written, writtenOrder);
  const items = expandStars(select, from.scope);
  const grouped =
    select.groupBy !== null || select.having !== null || items.some(({ expression }) => holdsAggregate(expression));
  const sortedBy = order.map(({ expression }) => expression);
  let selected: BoundRows = grouped ? bindAggregation(rows, scope, select, sortedBy) : rows;
  if (select.having !== null) selected = rowsWith(selected, select.having, 'HAVING', subquery);
  const expressions = [...items.map(({ expression }) => expression), ...sortedBy];
  selected = bindOver(withSubqueries(selected, selected.plan, expressions, subquery), select.windows, expressions);
  const { bind } = selected;
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
  const outer = (selected.outer?.places ?? []).map((place) => {
    outputs.push({ name: selected.plan.columns[place]!.name, bound: columnAt(selected.plan.columns, place) });
    return outputs.length - 1;
  });
  const columns = outputs.map(({ name, bound }) => ({ name, type: bound.type }));
  const expressionsOf = outputs.map(({ bound }) => bound);
  const plan: Plan = { kind: 'project', input: selected.plan, expressions: expressionsOf, columns };
  return { plan: select.distinct ? distinctRows(plan) : plan, keys, width: items.length, outer };
};

/** What is selected from, beside each of the values of outer columns that a subquery names. */
const besideOuter = (
  { plan, scope: own }: Relation,
  outer: OuterRows | null,
): BoundRows & { readonly scope: Scope } => {
  const domain = outer?.domain() ?? null;
  if (outer === null || domain === null) {
    const scope = new Scope(own, outer);
    return { ...plainRows(plan, scope, null), scope };
  }
  const scope = new Scope([...own, ...outer.scope()], outer);
  const places = domain.columns.map((_, index) => own.length + index);
  return { ...plainRows(joinOn('INNER', plan, domain, []), scope, { domain, places }), scope };
};

/** The rows for which WHERE or HAVING holds: what asks no subquery first, then what asks whether one has rows, then the rest. */
const rowsWith = (rows: BoundRows, condition: Expression, clause: string, subquery: PlanSubquery): BoundRows => {
  const parts = writtenConjuncts(condition);
  const simple = parts.filter((part) => !holdsSubquery(part));
  let { plan } = rows;
  if (simple.length > 0) {
    const bound = simple.map((part) => asTruth(rows.bind(part), part, clause));
    plan = filtered(plan, bound.reduce(conjunction));
  }
  const around = { ...rows, plan };
  for (const part of parts.filter(holdsSubquery)) {
    const joined = semiJoined(around, plan, part, subquery);
    if (joined !== null) plan = joined;
    else {
      const wide = withSubqueries(around, plan, [part], subquery);
      const kept = filtered(wide.plan, asTruth(wide.bind(part), part, clause));
      plan = onlyColumns(kept, [...plan.columns.keys()]);
    }
  }
  return { ...rows, plan };
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

/** What stands for an expression has no name to show. */
const shownName = (name: string): string | null => (name.startsWith('#') ? null : name);

const expandStars = (select: Select, scope: readonly ScopeColumn[]): readonly Item[] => {
  let unnamed = 0;
  return select.items.flatMap(({ expression, alias }): readonly Item[] => {
    if (expression.kind !== 'star') {
      const own =
        expression.kind === 'name'
          ? shownName(expression.path.at(-1)!.name)
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
