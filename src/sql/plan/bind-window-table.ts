import type { Argument, Call, Expression } from '../ast/expression.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { Query } from '../ast/query.ts';
import { castTo } from '../bind/cast-to.ts';
import { bindExpression } from '../bind/expression.ts';
import { Scope } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import { functionNamed } from '../functions/function-table.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { isTimestamp, localTimestamp, shortText, timestamp } from '../types/sql-type.ts';
import { columnAt } from './column-at.ts';
import type { Plan, PlanColumn, WindowKind } from './plan.ts';
import { comesAtItsTime, timeAttributeOf } from './time-attribute.ts';

/** The arguments of each window function behind its table and time, in their order; the last ones in brackets may be left out. */
const windowFunctions: Readonly<Record<WindowKind, readonly string[]>> = {
  TUMBLE: ['SIZE', '[OFFSET]'],
  HOP: ['SLIDE', 'SIZE', '[OFFSET]'],
  CUMULATE: ['STEP', 'SIZE', '[OFFSET]'],
  SESSION: ['GAP'],
};

const nameOf = (call: Call): string =>
  call.path
    .map(({ name }) => name)
    .join('.')
    .toUpperCase();

/** Whether TABLE(...) is given a window function, or a name that none has; otherwise a function of the user's. */
export const isWindowTable = (call: Call): boolean =>
  call.definition === undefined && functionNamed(nameOf(call)) === null;

const isWindowKind = (name: string): name is WindowKind => Object.hasOwn(windowFunctions, name);

/** Makes a plan of the table that a window function is given. */
export type PlanTable = (table: readonly Identifier[] | Query, span: Span) => Plan;

/** `TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' MINUTES))`: the table's rows, each with the windows it stands in. */
export const bindWindowTable = (call: Call, planTable: PlanTable): Plan => {
  const kind = nameOf(call);
  if (!isWindowKind(kind)) {
    throw sqlError('SQL_NOT_SUPPORTED', call, {
      what: `TABLE(${kind}(...))`,
      reason: `the functions of TABLE(...) are ${Object.keys(windowFunctions).join(', ')}, and those that CREATE FUNCTION declares`,
    });
  }
  const wanted = windowFunctions[kind];
  const args = argumentsOf(call, ['DATA', 'TIMECOL', ...wanted.map((name) => name.replace(/[[\]]/g, ''))]);
  const missing = ['DATA', 'TIMECOL', ...wanted].find((name) => !name.startsWith('[') && !args.has(name));
  if (missing !== undefined) throw invalid(call, `${kind} needs ${missing}`);
  const { table, partitionBy } = tableOf(args.get('DATA')!);
  const input = planTable(table, args.get('DATA')!);
  const time = timeOf(args.get('TIMECOL')!, input);
  const partition = partitionBy.map((expression) => placeOf(expression, input));
  if (partition.length > 0 && kind !== 'SESSION') {
    throw invalid(call, `the windows of ${kind} are the same for all rows: PARTITION BY is for SESSION`);
  }
  const length = (name: string): number => lengthOf(args.get(name)!, name);
  const windows = {
    window: kind,
    partition,
    size: length(kind === 'SESSION' ? 'GAP' : 'SIZE'),
    slide: kind === 'HOP' ? length('SLIDE') : kind === 'CUMULATE' ? length('STEP') : 0,
    offset: args.has('OFFSET') ? lengthOf(args.get('OFFSET')!, 'OFFSET', true) : 0,
  };
  if (kind === 'CUMULATE' && windows.size % windows.slide !== 0)
    throw invalid(call, 'the SIZE of CUMULATE is a whole number of STEPs');
  return withWindows(input, time, windows);
};

const edges: readonly PlanColumn[] = ['window_start', 'window_end', 'window_time'].map((name) => ({
  name,
  type: timestamp(3, false),
}));

/** Each row with the windows it stands in. Windows of a time with a zone begin and end in the session's zone. */
export const withWindows = (
  input: Plan,
  time: number,
  windows: Omit<Extract<Plan, { kind: 'window' }>, 'kind' | 'input' | 'time' | 'columns' | 'closes' | 'zoned'>,
): Plan => {
  const own = input.columns.map((_, index) => columnAt(input.columns, index));
  const closes = closingOf(input, time);
  if (input.columns[time]!.type.kind === 'TIMESTAMP')
    return { kind: 'window', input, time, ...windows, closes, zoned: false, columns: [...input.columns, ...edges] };
  const local = castTo(own[time]!, timestamp(3))!;
  const below: Plan = {
    kind: 'project',
    input,
    expressions: [...own, local],
    columns: [...input.columns, { name: 'local_time', type: local.type }],
  };
  const columns = [...below.columns, ...edges];
  const window: Plan = { kind: 'window', input: below, time: own.length, ...windows, closes, zoned: true, columns };
  const [start, end, last] = edges.map((_, index) => columnAt(columns, own.length + 1 + index));
  const zoned = castTo(last!, localTimestamp(3, false))!;
  return {
    kind: 'project',
    input: window,
    expressions: [...own, start!, end!, zoned],
    columns: [...input.columns, edges[0]!, edges[1]!, { name: 'window_time', type: zoned.type }],
  };
};

const closingOf = (input: Plan, time: number): Extract<Plan, { kind: 'window' }>['closes'] => {
  if (timeAttributeOf(input, time) === 'rowtime') return 'watermark';
  return comesAtItsTime(input, time) ? 'clock' : null;
};

/** Arguments by their names; without names they come in the order of `names`. */
const argumentsOf = (call: Call, names: readonly string[]): ReadonlyMap<string, Argument> => {
  const found = new Map<string, Argument>();
  for (const [index, argument] of call.arguments.entries()) {
    const name = argument.kind === 'named' ? argument.name.name.toUpperCase() : names[index];
    if (name === undefined || !names.includes(name)) {
      throw invalid(argument, `it takes ${names.join(', ')}${name === undefined ? '' : `, and no ${name}`}`);
    }
    if (found.has(name)) throw invalid(argument, `${name} is given twice`);
    found.set(name, argument.kind === 'named' ? argument.value : argument);
  }
  return found;
};

const tableOf = (
  argument: Argument,
): { readonly table: readonly Identifier[] | Query; readonly partitionBy: readonly Expression[] } => {
  if (argument.kind === 'subquery') return { table: argument.query, partitionBy: [] };
  if (argument.kind !== 'table') throw invalid(argument, 'a window function takes TABLE t, or a query, first');
  if (argument.orderBy.length > 0) throw invalid(argument.orderBy[0]!, 'rows of windows have no order');
  return argument;
};

const timeOf = (argument: Argument, input: Plan): number => {
  const [column, ...others] = argument.kind === 'descriptor' ? argument.columns : [];
  if (column === undefined || others.length > 0) throw invalid(argument, 'the time is one column: DESCRIPTOR(ts)');
  const place = placeIn(input, [column]);
  const { type } = input.columns[place]!;
  if (isTimestamp(type)) return place;
  throw sqlError('SQL_TYPE_MISMATCH', argument, {
    what: 'DESCRIPTOR',
    found: shortText(type),
    expected: 'a TIMESTAMP or a TIMESTAMP_LTZ',
  });
};

const placeIn = (input: Plan, path: readonly Identifier[]): number => {
  const scope = new Scope(input.columns.map(({ name, type }) => ({ qualifier: [], name, type })));
  return (scope.resolve(path).column as Extract<Bound, { kind: 'column' }>).index;
};

const placeOf = (expression: Expression, input: Plan): number => {
  if (expression.kind !== 'name') throw invalid(expression, 'sessions are apart by columns');
  return placeIn(input, expression.path);
};

/** A length in microseconds. SQL_TYPE_MISMATCH for what is no interval of days or less, SQL_INVALID for nothing. */
export const lengthOf = (argument: Argument, name: string, mayBeNegative = false): number => {
  const bound = bindExpression(argument as Expression, new Scope([]));
  if (bound.kind !== 'constant' || bound.type.kind !== 'MILLIS') {
    throw sqlError('SQL_TYPE_MISMATCH', argument, {
      what: name,
      found: shortText(bound.type),
      expected: "an interval of days or less, as INTERVAL '10' MINUTE",
    });
  }
  const millis = bound.value as number;
  if (millis <= 0 && !mayBeNegative) throw invalid(argument, `${name} is longer than nothing`);
  return millis * 1000;
};

const invalid = (span: Span, reason: string): Error => sqlError('SQL_INVALID', span, { reason });
