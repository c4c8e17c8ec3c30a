import type { Call, Expression } from '../ast/expression.ts';
import { type Bound, constant } from '../evaluate/bound.ts';
import { sqlError } from '../sql-error.ts';
import { plain, withNullable } from '../types/sql-type.ts';
import { columnAt } from './column-at.ts';
import type { Plan, PlanColumn } from './plan.ts';

const names: ReadonlySet<string> = new Set(['GROUPING', 'GROUPING_ID', 'GROUP_ID']);

/** A function that says by which of the grouping sets a row of the result was made. */
export interface GroupingCall {
  /** How the statement writes it, without spaces and comments. */
  readonly text: string;
  /** Places of its arguments among the groups, the last one the lowest bit; null: it counts sets that are written twice. */
  readonly bits: readonly number[] | null;
}

const isGroupingCall = (expression: Expression): expression is Call =>
  expression.kind === 'call' &&
  expression.definition === undefined &&
  expression.path.length === 1 &&
  names.has(expression.path[0]!.name.toUpperCase());

/** The grouping functions in expressions, each once; not those of subqueries. `placeOf`: null for what is not grouped by. */
export const groupingCalls = (
  expressions: readonly Expression[],
  textOf: (expression: Expression) => string,
  placeOf: (expression: Expression) => number | null,
): readonly GroupingCall[] => {
  const found = new Map<string, GroupingCall>();
  for (const call of findCalls(expressions)) {
    const text = textOf(call);
    if (!found.has(text)) found.set(text, { text, bits: bitsOf(call, placeOf) });
  }
  return [...found.values()];
};

const findCalls = (node: unknown): readonly Call[] => {
  if (Array.isArray(node)) return node.flatMap(findCalls);
  if (typeof node !== 'object' || node === null) return [];
  if ((node as { readonly kind?: unknown }).kind === 'query') return [];
  if (isGroupingCall(node as Expression)) return [node as Call];
  return Object.values(node).flatMap(findCalls);
};

const bitsOf = (call: Call, placeOf: (expression: Expression) => number | null): readonly number[] | null => {
  const name = call.path[0]!.name.toUpperCase();
  const least = name === 'GROUP_ID' ? 0 : 1;
  if (call.arguments.length < least || (least === 0 && call.arguments.length > 0))
    throw sqlError('SQL_INVALID', call, {
      reason: least === 0 ? `${name} takes nothing` : `${name} takes columns that are grouped by`,
    });
  if (least === 0) return null;
  return call.arguments.map((argument) => {
    const place = placeOf(argument as Expression);
    if (place !== null) return place;
    throw sqlError('SQL_INVALID', argument, { reason: `${name} takes what GROUP BY says, and this is not among it` });
  });
};

/**
 * The rows of `input`, whose first columns are the groups, once for each of the sets: with NULL for groups that are not in it, and behind them
 * the set's number and what the grouping functions say of it.
 */
export const expandedSets = (
  input: Plan,
  width: number,
  sets: readonly (readonly number[])[],
  calls: readonly GroupingCall[],
): Plan => {
  const number = plain('BIGINT', false);
  const columns: readonly PlanColumn[] = [
    ...input.columns.map(({ name, type }, index) => ({
      name,
      type: withNullable(type, type.nullable || (index < width && !sets.every((set) => set.includes(index)))),
    })),
    { name: '$e', type: number },
    ...calls.map(({ text }) => ({ name: text, type: number })),
  ];
  const inputs = sets.map((set, at): Plan => {
    const own = input.columns.map(
      (_, index): Bound =>
        index >= width || set.includes(index) ? columnAt(input.columns, index) : constant(null, columns[index]!.type),
    );
    const said = calls.map(({ bits }) => (bits === null ? timesBefore(sets, at) : maskOf(bits, set)));
    return {
      kind: 'project',
      input,
      expressions: [...own, ...[at, ...said].map((value) => constant(value, number))],
      columns,
    };
  });
  return { kind: 'union', inputs, columns };
};

const maskOf = (bits: readonly number[], set: readonly number[]): number =>
  bits.reduce((value, group) => value * 2 + (set.includes(group) ? 0 : 1), 0);

/** How often the same set stands before. */
const timesBefore = (sets: readonly (readonly number[])[], at: number): number => {
  const sorted = (set: readonly number[]): string => set.toSorted((a, b) => a - b).join();
  return sets.slice(0, at).filter((set) => sorted(set) === sorted(sets[at]!)).length;
};
