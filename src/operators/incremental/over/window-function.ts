import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { OverCall, PlanColumn, SortKey } from '../../../sql/plan/plan.ts';
import type { Slots } from '../aggregate/accumulator.ts';
import { bindAccumulator } from '../aggregate/accumulators.ts';
import { frameEdges, type OrderedRows } from './frame-edges.ts';

/** What a function says of each row of a partition, in their order. */
export type WindowFunction = (ordered: OrderedRows) => readonly SqlValue[];

export const windowFunction = (
  call: OverCall,
  order: readonly SortKey[],
  input: readonly PlanColumn[],
): WindowFunction => {
  switch (call.name) {
    case 'ROW_NUMBER':
      return ({ rows }) => rows.map((_, at) => at + 1);
    case 'RANK':
      return ({ peersFrom }) => peersFrom.map((from) => from + 1);
    case 'DENSE_RANK':
      return ({ peersFrom }) => {
        let rank = 0;
        return peersFrom.map((from, at) => {
          if (from === at) rank += 1;
          return rank;
        });
      };
    case 'PERCENT_RANK':
      return ({ rows, peersFrom }) => peersFrom.map((from) => (rows.length === 1 ? 0 : from / (rows.length - 1)));
    case 'CUME_DIST':
      return ({ rows, peersTo }) => peersTo.map((to) => to / rows.length);
    case 'NTILE':
      return ({ rows }) => rows.map((_, at) => partOf(at, rows.length, call.count));
    case 'LAG':
      return neighbours(call, -call.count);
    case 'LEAD':
      return neighbours(call, call.count);
    case 'FIRST_VALUE':
    case 'LAST_VALUE':
      return endValues(call, order);
    default:
      return framed(call, order, input);
  }
};

/** The first parts are one row longer where rows are left over. */
const partOf = (at: number, rows: number, parts: number): number => {
  const [size, longer] = [Math.floor(rows / parts), rows % parts];
  const inLonger = longer * (size + 1);
  return at < inLonger ? Math.floor(at / (size + 1)) + 1 : longer + Math.floor((at - inLonger) / size) + 1;
};

const neighbours =
  ({ args: [value, otherwise] }: OverCall, distance: number): WindowFunction =>
  ({ rows }) =>
    rows.map((row, at) => {
      const other = rows[at + distance];
      if (other !== undefined) return other[value!]!;
      return otherwise === undefined ? null : row[otherwise]!;
    });

/** The first and the last value of a frame that is not NULL. */
const endValues =
  ({ name, args: [column], filter, frame }: OverCall, order: readonly SortKey[]): WindowFunction =>
  (ordered) => {
    const { rows } = ordered;
    const { begin, end } = frameEdges(frame, order, ordered);
    const valueAt = (at: number): SqlValue =>
      filter === null || rows[at]![filter] === true ? rows[at]![column!]! : null;
    return rows.map((_, at) => {
      const [from, to] = [begin(at), end(at)];
      if (name === 'FIRST_VALUE') {
        for (let place = from; place < to; place += 1) if (valueAt(place) !== null) return valueAt(place);
      } else {
        for (let place = to - 1; place >= from; place -= 1) if (valueAt(place) !== null) return valueAt(place);
      }
      return null;
    });
  };

/** An aggregate of a frame that moves: takes in what enters it, and back what leaves it. */
const framed = (call: OverCall, order: readonly SortKey[], input: readonly PlanColumn[]): WindowFunction => {
  const onlyGrows = call.frame.from === Number.NEGATIVE_INFINITY;
  const accumulator = bindAccumulator(call, input, onlyGrows);
  return (ordered) => {
    const { rows } = ordered;
    const { begin, end } = frameEdges(call.frame, order, ordered);
    const slots: Slots = [];
    accumulator.start(slots, 0);
    let [from, to] = [0, 0];
    return rows.map((_, at) => {
      for (const last = end(at); to < last; to += 1) accumulator.add(slots, 0, rows[to]!, 1);
      for (const first = begin(at); from < first; from += 1) accumulator.add(slots, 0, rows[from]!, -1);
      return accumulator.result(slots, 0);
    });
  };
};
