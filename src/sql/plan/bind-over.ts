import type { Call, Expression } from '../ast/expression.ts';
import type { FrameBound, NamedWindow, OrderItem, WindowFrame, WindowSpecification } from '../ast/query.ts';
import { bindExpression } from '../bind/expression.ts';
import { asTruth } from '../bind/operators.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import { isWindowFunction, numberOf, takesFrame, windowCall } from '../functions/window-functions.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { isApproximate, isExact, isTimestamp, type SqlType, shortText } from '../types/sql-type.ts';
import { expressionText } from '../unparse/expression.ts';
import { queryText } from '../unparse/query.ts';
import type { BoundRows, OuterValues } from './bind-aggregation.ts';
import type { Frame, OverCall, Plan, SortKey } from './plan.ts';
import { sortKey } from './sort-key.ts';
import { withColumns } from './with-columns.ts';

/** A window with what it refines put in. */
interface Window {
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
}

type OverPlan = Extract<Plan, { kind: 'over' }>;

const textOf = (expression: Expression): string => expressionText(expression, queryText);

/** The calls with OVER in these expressions, each once by its text, innermost first; not those of subqueries. */
const callsIn = (node: unknown, found = new Map<string, Call>()): ReadonlyMap<string, Call> => {
  if (Array.isArray(node)) for (const part of node) callsIn(part, found);
  else if (typeof node === 'object' && node !== null && (node as { kind?: unknown }).kind !== 'query') {
    for (const part of Object.values(node)) callsIn(part, found);
    if ((node as { kind?: unknown }).kind === 'call' && (node as Call).over !== null)
      found.set(textOf(node as Call), node as Call);
  }
  return found;
};

/** Computes what stands with OVER in `expressions`, beside each of the rows; what `bind` then gives may name its results. */
export const bindOver = (
  rows: BoundRows,
  windows: readonly NamedWindow[],
  expressions: readonly Expression[],
): BoundRows => {
  const calls = [...callsIn(expressions)];
  if (calls.length === 0) return rows;
  const below: Bound[] = rows.plan.columns.map(({ type }, index) => ({ kind: 'column', index, type }));
  const placeOf = (bound: Bound): number => (bound.kind === 'column' ? bound.index : below.push(bound) - 1);
  const places = new Map<string, number>();
  const placeOfText = (expression: Expression): number => {
    const text = textOf(expression);
    const place = places.get(text) ?? placeOf(rows.bind(expression));
    places.set(text, place);
    return place;
  };
  // Calls over windows with one partition and one order are one step.
  const steps = new Map<
    string,
    Omit<OverPlan, 'input' | 'columns'> & { readonly calls: OverCall[]; texts: string[] }
  >();
  for (const [text, call] of calls) {
    const window = windowOf(call, windows);
    const partition = [...new Set([...(rows.outer?.places ?? []), ...window.partitionBy.map(placeOfText)])];
    const order = window.orderBy.map((item) => sortKey(placeOfText(item.expression), item));
    const key = JSON.stringify([partition, order]);
    const step = steps.get(key) ?? { kind: 'over', partition, order, calls: [], texts: [] };
    steps.set(key, step);
    step.calls.push(overCall(call, window, order, rows, placeOf, below));
    step.texts.push(text);
  }
  const names = new Map<string, string>();
  const widened = below.length > rows.plan.columns.length;
  const projected = below.map(({ type }, index) => ({ name: rows.plan.columns[index]?.name ?? `over${index}`, type }));
  let plan: Plan = widened ? { kind: 'project', input: rows.plan, expressions: below, columns: projected } : rows.plan;
  const more: ScopeColumn[] = below
    .slice(rows.plan.columns.length)
    .map(({ type }) => ({ qualifier: [], name: '', type }));
  for (const { texts, ...step } of steps.values()) {
    const columns = step.calls.map(({ type }, index) => ({ name: texts[index]!, type }));
    plan = { ...step, input: plan, columns: [...plan.columns, ...columns] };
    for (const { name, type } of columns) {
      names.set(name, `#over${names.size}`);
      more.push({ qualifier: [], name: names.get(name)!, type });
    }
  }
  const nameOf = (part: Expression): string | null =>
    part.kind === 'call' && part.over !== null ? (names.get(textOf(part)) ?? null) : null;
  return { ...rows, plan, bind: (expression) => rows.bind(withColumns(expression, nameOf), more) };
};

/** The rows of a SELECT without groups. */
export const plainRows = (plan: Plan, scope: Scope, outer: OuterValues | null): BoundRows => ({
  plan,
  outer,
  bind: (expression, more = []) => bindExpression(expression, scope.with(more)),
});

const windowOf = ({ over }: Call, windows: readonly NamedWindow[]): Window => {
  const resolve = (of: Call['over'], seen: number): Window => {
    if (of === null) return { partitionBy: [], orderBy: [], frame: null };
    const specification: WindowSpecification | null = of.kind === 'window' ? of : null;
    const parentName = specification === null ? (of as Exclude<typeof of, WindowSpecification>) : specification.parent;
    if (parentName === null) return specification!;
    // A window refines those before it.
    const place = windows.slice(0, seen).findIndex(({ name }) => name.name === parentName.name);
    if (place < 0) {
      throw sqlError('SQL_UNKNOWN_NAME', parentName, { what: 'window', name: parentName.name, suggestion: null });
    }
    const parent = resolve(windows[place]!.window, place);
    if (specification === null) return parent;
    return {
      partitionBy: specification.partitionBy.length > 0 ? specification.partitionBy : parent.partitionBy,
      orderBy: specification.orderBy.length > 0 ? specification.orderBy : parent.orderBy,
      frame: specification.frame ?? parent.frame,
    };
  };
  return resolve(over, windows.length);
};

const overCall = (
  call: Call,
  window: Window,
  order: readonly SortKey[],
  rows: BoundRows,
  placeOf: (bound: Bound) => number,
  below: readonly Bound[],
): OverCall => {
  const name = call.path
    .map((part) => part.name)
    .join('.')
    .toUpperCase();
  if (call.definition?.aggregate !== undefined) {
    throw sqlError('SQL_NOT_SUPPORTED', call, {
      what: `${name} with OVER`,
      reason: 'aggregates of your own work on groups; write it with GROUP BY',
    });
  }
  if (!isWindowFunction(name)) {
    throw sqlError('SQL_INVALID', call, { reason: `${name} works on one row: it takes no OVER` });
  }
  if (call.withinGroup !== null || call.orderBy.length > 0 || call.nulls !== null) {
    throw sqlError('SQL_NOT_SUPPORTED', call, {
      what: `${name} with an order or with NULLS of its own`,
      reason: 'it is read, and not planned yet',
    });
  }
  const args = call.arguments.flatMap((argument): readonly Bound[] => {
    if (argument.kind === 'star') return [];
    if (['named', 'default', 'table', 'descriptor'].includes(argument.kind))
      throw sqlError('SQL_INVALID', argument, { reason: `${name} takes values` });
    return [rows.bind(argument as Expression)];
  });
  const { type, args: values, count } = windowCall(name, args, call);
  if (!takesFrame(name) && order.length === 0) {
    throw sqlError('SQL_INVALID', call, {
      reason: `${name} says where a row stands in an order: add ORDER BY to OVER`,
    });
  }
  const isPlain = takesFrame(name) || (call.filter === null && call.quantifier === null && window.frame === null);
  if (!isPlain) throw sqlError('SQL_INVALID', call, { reason: `${name} takes no DISTINCT, FILTER or frame` });
  const filter = call.filter === null ? null : asTruth(rows.bind(call.filter), call.filter, 'FILTER');
  const places = values.map(placeOf);
  const frame = frameOf(
    window.frame,
    order,
    order.map(({ column }) => below[column]!.type),
  );
  // What leaves such a frame is the text that came first, and a list cannot tell equal ones apart.
  if (name === 'LISTAGG' && frame.from !== Number.NEGATIVE_INFINITY) {
    throw sqlError('SQL_NOT_SUPPORTED', call, { what: 'this frame', reason: 'LISTAGG begins with the partition' });
  }
  return {
    name,
    args: places,
    distinct: call.quantifier === 'DISTINCT',
    filter: filter === null ? null : placeOf(filter),
    type: takesFrame(name) && name !== 'COUNT' ? { ...type, nullable: true } : type,
    frame,
    count,
  };
};

/** Without a frame: what comes before the row and what the order leaves equal to it; without an order, the whole partition. */
const frameOf = (frame: WindowFrame | null, order: readonly SortKey[], types: readonly SqlType[]): Frame => {
  if (frame === null) {
    return { unit: 'RANGE', from: Number.NEGATIVE_INFINITY, to: order.length === 0 ? Number.POSITIVE_INFINITY : 0 };
  }
  const { unit } = frame;
  const edge = (bound: FrameBound): number => {
    if (bound.kind === 'current-row') return 0;
    const sign = bound.side === 'PRECEDING' ? -1 : 1;
    if (bound.kind === 'unbounded') return sign * Number.POSITIVE_INFINITY;
    const length = bindExpression(bound.offset!, new Scope([]));
    if (unit === 'RANGE') return sign * rangeLength(length, order, types, bound);
    const rows = numberOf(length);
    if (rows !== null && rows >= 0) return sign * rows;
    throw sqlError('SQL_INVALID', bound, { reason: 'ROWS takes a number of rows, from 0 on' });
  };
  const [from, to] = [edge(frame.from), frame.to === null ? 0 : edge(frame.to)];
  if (from > to || from === Number.POSITIVE_INFINITY || to === Number.NEGATIVE_INFINITY) {
    throw sqlError('SQL_INVALID', frame, { reason: 'the frame ends before it begins' });
  }
  return { unit, from, to };
};

/** A length in the units in which the sorted column's values are kept. */
const rangeLength = (length: Bound, order: readonly SortKey[], types: readonly SqlType[], span: Span): number => {
  const [type] = types;
  if (order.length !== 1 || type === undefined) {
    throw sqlError('SQL_INVALID', span, { reason: 'RANGE with a length needs ORDER BY with one column' });
  }
  const value = length.kind === 'constant' && typeof length.value === 'number' ? length.value : Number.NaN;
  const unit = rangeUnit(type, length.type);
  if (unit === null || !(value >= 0)) {
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `RANGE over ${shortText(type)}`,
      found: shortText(length.type),
      expected: isTimestamp(type) || type.kind === 'DATE' ? 'an interval of days or less' : 'a number, from 0 on',
    });
  }
  return value * unit;
};

const rangeUnit = (sorted: SqlType, length: SqlType): number | null => {
  if (length.kind === 'MILLIS') {
    if (isTimestamp(sorted)) return 1000;
    if (sorted.kind === 'TIME') return 1;
    return sorted.kind === 'DATE' ? 1 / 86_400_000 : null;
  }
  const scaleOf = (type: SqlType): number => (type.kind === 'DECIMAL' ? type.scale : 0);
  if (isExact(sorted) && isExact(length)) return 10 ** (scaleOf(sorted) - scaleOf(length));
  return isApproximate(sorted) && (isExact(length) || isApproximate(length)) ? 10 ** -scaleOf(length) : null;
};
