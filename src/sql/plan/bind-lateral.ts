import type { Identifier } from '../ast/identifier.ts';
import type { Alias, Query, TableReference } from '../ast/query.ts';
import { bindExpression, bindTableCall } from '../bind/expression.ts';
import { bindBinary } from '../bind/operators.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { plain, type SqlType, shortText, withNullable } from '../types/sql-type.ts';
import { plainRows } from './bind-over.ts';
import type { PlanSubquery } from './bind-subqueries.ts';
import { columnAt } from './column-at.ts';
import { joinOn } from './join-on.ts';
import { OuterRows } from './outer-rows.ts';
import type { Plan, PlanColumn } from './plan.ts';

/** What a join's right side is computed from: each row of its left side. */
interface LeftSide {
  readonly plan: Plan;
  readonly scope: readonly ScopeColumn[];
}

type LateralType = 'INNER' | 'LEFT';

/** INNER or LEFT: the right side is computed for rows of the left one, so there is none that has no left one. */
export const lateralType = (type: string, span: Span): LateralType => {
  if (type === 'INNER' || type === 'LEFT') return type;
  throw sqlError('SQL_NOT_SUPPORTED', span, {
    what: `${type} JOIN here`,
    reason: 'the right side is computed from rows of the left one: INNER, LEFT or CROSS',
  });
};

/** `a, UNNEST(a.items) AS t (x)`: each row beside each of the items of its array, or the entries of its map. */
export const unnested = (
  left: LeftSide,
  type: LateralType,
  reference: Extract<TableReference, { kind: 'unnest' }>,
): LeftSide => {
  const [operand, ...others] = reference.operands;
  if (others.length > 0) {
    throw sqlError('SQL_NOT_SUPPORTED', others[0]!, {
      what: 'UNNEST of several arrays',
      reason: 'join one after the other',
    });
  }
  const bound = bindExpression(operand!, new Scope(left.scope));
  return besideItems(left, type, bound, reference, reference.ordinality);
};

/** `a, LATERAL TABLE(f(a.x)) AS t (b)`: each row beside each of those that a user's function makes of it. */
export const besideCall = (
  left: LeftSide,
  type: LateralType,
  reference: Extract<TableReference, { kind: 'table-function' }>,
): LeftSide => besideItems(left, type, bindTableCall(reference.call, new Scope(left.scope)), reference, false);

const besideItems = (
  left: LeftSide,
  type: LateralType,
  operand: Bound,
  reference: Span & { readonly alias: Alias | null },
  hasPlaces: boolean,
): LeftSide => {
  const items = itemColumns(operand.type, reference);
  const ordinality: PlanColumn = { name: 'ORDINALITY', type: plain('INT', false) };
  const own = hasPlaces ? [...items, ordinality] : items;
  const named = renamedColumns(own, reference.alias);
  const columns = named.map(({ name, type: of }) => ({ name, type: withNullable(of, of.nullable || type === 'LEFT') }));
  const qualifier = reference.alias === null ? [] : [reference.alias.name.name];
  return {
    plan: {
      kind: 'unnest',
      type,
      input: left.plan,
      operand,
      ordinality: hasPlaces,
      columns: [...left.plan.columns, ...columns],
    },
    scope: [...left.scope, ...columns.map(({ name, type: of }): ScopeColumn => ({ qualifier, name, type: of }))],
  };
};

/** The fields of rows are columns of their own. */
const itemColumns = (type: SqlType, span: Span): readonly PlanColumn[] => {
  if (type.kind === 'MAP')
    return [
      { name: 'KEY', type: type.key },
      { name: 'VALUE', type: type.value },
    ];
  if (type.kind === 'ARRAY' || type.kind === 'MULTISET') {
    const { element } = type;
    if (element.kind !== 'ROW') return [{ name: 'EXPR$0', type: element }];
    return element.fields.map((field) => ({
      name: field.name,
      type: withNullable(field.type, field.type.nullable || element.nullable),
    }));
  }
  const expected = 'an ARRAY, a MAP or a MULTISET';
  throw sqlError('SQL_TYPE_MISMATCH', span, { what: 'UNNEST', found: shortText(type), expected });
};

const renamedColumns = (columns: readonly PlanColumn[], alias: Alias | null): readonly PlanColumn[] => {
  const names: readonly Identifier[] = alias?.columns ?? [];
  if (names.length === 0) return columns;
  if (names.length === columns.length) return columns.map(({ type }, index) => ({ name: names[index]!.name, type }));
  throw sqlError('SQL_INVALID', alias!, {
    reason: `${names.length} names are given to ${columns.length} columns`,
  });
};

/** A query in FROM that names columns of what stands before it, for all of their distinct values at once. */
export interface LateralQuery {
  /** The query's own columns, then the values that it was computed for. */
  readonly plan: Plan;
  readonly width: number;
  readonly outer: OuterRows;
  readonly span: Span;
}

export const planLateral = (left: LeftSide, query: Query, plan: PlanSubquery): LateralQuery => {
  const outer = new OuterRows(plainRows(left.plan, new Scope(left.scope), null));
  for (;;) {
    const known = outer.columns.length;
    const correlated = plan(query, outer);
    if (outer.columns.length === known) return { ...correlated, outer, span: query };
  }
};

/** Each row of the left side beside those that the query has for it. `conditions` name both sides' columns. */
export const lateralJoin = (
  type: LateralType,
  left: Plan,
  { plan: right, width, outer, span }: LateralQuery,
  conditions: Parameters<typeof joinOn>[3],
): Plan => {
  const at = left.columns.length + width;
  const sameValues = outer.columns.map(({ bound }, index) =>
    bindBinary('IS NOT DISTINCT FROM', bound, { kind: 'column', index: at + index, type: bound.type }, span),
  );
  const joined = joinOn(type, left, right, [...conditions, ...sameValues]);
  return {
    kind: 'project',
    input: joined,
    expressions: joined.columns.slice(0, at).map((_, index) => columnAt(joined.columns, index)),
    columns: joined.columns.slice(0, at),
  };
};
