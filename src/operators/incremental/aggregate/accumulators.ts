import assert from 'node:assert';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Fold, OwnAggregate, OwnState } from '../../../sql/functions/define.ts';
import type { AggregateCall, PlanColumn } from '../../../sql/plan/plan.ts';
import type { SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import type { Accumulator, Slots } from './accumulator.ts';
import { arrayOfValues, jsonArrayOfTexts, jsonObjectOfTexts } from './collections.ts';
import { listTexts } from './list-texts.ts';
import { multisetAccumulator } from './multiset.ts';
import { averageAccumulator, countAccumulator, deviationAccumulator, sumAccumulator } from './number-accumulators.ts';
import { singleValue } from './single-value.ts';
import { arrivalAccumulator, extremeAccumulator } from './value-accumulators.ts';

/** An aggregate of a query: takes whole rows, and knows its filter, its DISTINCT and its arguments. */
export interface BoundAccumulator {
  readonly width: number;
  start(slots: Slots, at: number): void;
  add(slots: Slots, at: number, row: SqlRow, weight: number): void;
  result(slots: Slots, at: number): SqlValue;
}

export const bindAccumulator = (
  call: AggregateCall,
  input: readonly PlanColumn[],
  appendOnly: boolean,
): BoundAccumulator => {
  if (call.name === 'SINGLE_VALUE') return singleValue(call.args);
  if (call.fold !== undefined) return folded(call.args, call.fold, appendOnly);
  const plain =
    (call.own === undefined ? ofRows[call.name]?.(call.args) : ofUser(call.args, call.own)) ??
    ofArguments(call, accumulatorOf(call, input, appendOnly));
  // The extreme of distinct values is that of all.
  const told = call.distinct && call.name !== 'MIN' && call.name !== 'MAX' ? distinct(call, input, plain) : plain;
  const { filter } = call;
  if (filter === null) return told;
  return {
    ...told,
    add: (slots, at, row, weight) => {
      if (row[filter] === true) told.add(slots, at, row, weight);
    },
  };
};

/** Aggregates that see NULL too. */
const ofRows: Readonly<Record<string, (args: readonly number[]) => BoundAccumulator>> = {
  LISTAGG: listTexts,
  ARRAY_AGG: arrayOfValues,
  JSON_ARRAYAGG: jsonArrayOfTexts,
  JSON_OBJECTAGG: jsonObjectOfTexts,
};

const accumulatorOf = (
  { name, args, type }: AggregateCall,
  input: readonly PlanColumn[],
  appendOnly: boolean,
): Accumulator => {
  const argument = args.length === 0 ? null : input[args[0]!]!.type;
  switch (name) {
    case 'COUNT':
      return countAccumulator;
    case 'SUM':
      return sumAccumulator(type);
    case 'AVG':
      return averageAccumulator(argument!, type);
    case 'MIN':
      return extremeAccumulator(-1, appendOnly);
    case 'MAX':
      return extremeAccumulator(1, appendOnly);
    case 'COLLECT':
      return multisetAccumulator;
    case 'FIRST_VALUE':
      return arrivalAccumulator((values) => values[0]!);
    case 'LAST_VALUE':
      return arrivalAccumulator((values) => values.at(-1)!);
    case 'STDDEV':
    case 'STDDEV_POP':
    case 'STDDEV_SAMP':
    case 'VARIANCE':
    case 'VAR_POP':
    case 'VAR_SAMP':
      return deviationAccumulator(name, argument!, type);
  }
  return assert.fail(`no accumulator for ${name}`);
};

/** An aggregate of the program's own code. What it has come to is one value. */
const folded = (args: readonly number[], { add, takesBack }: Fold, appendOnly: boolean): BoundAccumulator => {
  assert(appendOnly || takesBack, 'what takes no row back is computed over rows that only come');
  return {
    width: 1,
    start: (slots, at) => {
      slots[at] = null;
    },
    add: (slots, at, row, weight) => {
      const values = args.map((arg) => row[arg]!);
      for (let times = weight; times > 0; times -= 1) slots[at] = add(slots[at], values, 1);
      for (let times = weight; times < 0; times += 1) slots[at] = add(slots[at], values, -1);
    },
    result: (slots, at) => slots[at],
  };
};

/** An aggregate of a user's code, which sees NULL too. */
const ofUser = (args: readonly number[], { open }: OwnAggregate): BoundAccumulator => ({
  width: 1,
  start: (slots, at) => {
    slots[at] = open();
  },
  add: (slots, at, row, weight) => {
    const values = args.map((arg) => row[arg]!);
    (slots[at] as OwnState).add(values, weight);
  },
  result: (slots, at) => (slots[at] as OwnState).result(),
});

/** Rows in which an argument is NULL do not count. */
const ofArguments = ({ args }: AggregateCall, of: Accumulator): BoundAccumulator => {
  const { width, start, result } = of;
  const [first, ...others] = args;
  if (first === undefined) {
    return { width, start, result, add: (slots, at, _, weight) => of.add(slots, at, true, weight) };
  }
  const add: BoundAccumulator['add'] = (slots, at, row, weight) => {
    const value = row[first]!;
    if (value !== null) of.add(slots, at, value, weight);
  };
  if (others.length === 0) return { width, start, result, add };
  return {
    width,
    start,
    result,
    add: (slots, at, row, weight) => {
      if (others.every((other) => row[other] !== null)) add(slots, at, row, weight);
    },
  };
};

/** Counts the values of a group, and tells `of` only of the first of each coming and its last going. */
const distinct = ({ args }: AggregateCall, input: readonly PlanColumn[], of: BoundAccumulator): BoundAccumulator => {
  const key = rowKey(
    args,
    args.map((arg) => input[arg]!.type),
  );
  return {
    width: of.width + 1,
    start: (slots, at) => {
      slots[at] = new Map<RowKey, number>();
      of.start(slots, at + 1);
    },
    add: (slots, at, row, weight) => {
      const counts = slots[at] as Map<RowKey, number>;
      const value = key(row);
      const before = counts.get(value) ?? 0;
      const after = before + weight;
      if (after === 0) counts.delete(value);
      else counts.set(value, after);
      if (before > 0 !== after > 0) of.add(slots, at + 1, row, after > 0 ? 1 : -1);
    },
    result: (slots, at) => of.result(slots, at + 1),
  };
};
