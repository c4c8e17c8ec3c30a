import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { OverCall, PlanColumn, SortKey } from '../../../sql/plan/plan.ts';
import type { Slots } from '../aggregate/accumulator.ts';
import { type BoundAccumulator, bindAccumulator } from '../aggregate/accumulators.ts';
import type { SqlRow } from '../delta.ts';
import { frameEdges, type OrderedRows, peersFrom, peersTo } from './frame-edges.ts';

/** What a function keeps of a partition from tick to tick, to go on from; it can be made anew from the rows. */
export interface Tail {
  /** What has been taken in of the first `count` rows. */
  readonly slots: Slots;
  count: number;
}

/** Rows of a partition whose results are to be computed. */
export interface Stretch {
  readonly ordered: OrderedRows;
  readonly from: number;
  readonly to: number;
  /** The rows as they were before the tick: the same up to `from`. */
  readonly before: readonly SqlRow[];
  /** The function's result for the row before `from`; null: there is none. */
  readonly last: SqlValue;
  readonly tail: Tail | null;
}

/** A function over the rows around a row. */
export interface WindowFunction {
  /** How many rows behind a changed row may have another result by it; infinite: all. The same of rows before it. */
  readonly reachesBehind: number;
  readonly reachesBefore: number;
  /** Rows that the order leaves equal share a result, or see each other. */
  readonly seesPeers: boolean;
  /** Puts the results of a stretch into `put`, in order, and gives what to go on from; null: nothing. */
  readonly compute: (stretch: Stretch, put: (value: SqlValue) => void) => Tail | null;
}

const INFINITE = Number.POSITIVE_INFINITY;

export const windowFunction = (
  call: OverCall,
  order: readonly SortKey[],
  input: readonly PlanColumn[],
): WindowFunction => {
  switch (call.name) {
    case 'ROW_NUMBER':
      return backwards(({ from, to }, put) => {
        for (let at = from; at < to; at += 1) put(at + 1);
      });
    case 'RANK':
      return { ...backwards(rank), seesPeers: true };
    case 'DENSE_RANK':
      return { ...backwards(denseRank), seesPeers: true };
    case 'PERCENT_RANK':
      return whole(({ ordered, from, to }, put) => {
        const { length } = ordered.rows;
        ranks(ordered, from, to, (at) => put(length === 1 ? 0 : at / (length - 1)));
      });
    case 'CUME_DIST':
      return whole(({ ordered, from, to }, put) => {
        let behind = from;
        for (let at = from; at < to; at += 1) {
          if (at >= behind) behind = peersTo(ordered, at);
          put(behind / ordered.rows.length);
        }
      });
    case 'NTILE':
      return whole(({ ordered, from, to }, put) => {
        for (let at = from; at < to; at += 1) put(partOf(at, ordered.rows.length, call.count));
      });
    case 'LAG':
      return neighbours(call, -call.count);
    case 'LEAD':
      return neighbours(call, call.count);
    case 'FIRST_VALUE':
    case 'LAST_VALUE':
      return { ...reachOf(call), compute: endValues(call, order) };
    default: {
      const onlyGrows = call.frame.from === Number.NEGATIVE_INFINITY;
      const accumulator = bindAccumulator(call, input, onlyGrows);
      const compute =
        onlyGrows && call.frame.to <= 0 ? running(call, order, accumulator) : framed(call, order, accumulator);
      return { ...reachOf(call), compute };
    }
  }
};

type Compute = (stretch: Stretch, put: (value: SqlValue) => void) => void;

const computing =
  (compute: Compute): WindowFunction['compute'] =>
  (stretch, put) => {
    compute(stretch, put);
    return null;
  };

/** Sees what comes before a row alone. */
const backwards = (compute: Compute): WindowFunction => ({
  reachesBehind: INFINITE,
  reachesBefore: 0,
  seesPeers: false,
  compute: computing(compute),
});

/** Sees how many rows there are. */
const whole = (compute: Compute): WindowFunction => ({
  reachesBehind: INFINITE,
  reachesBefore: INFINITE,
  seesPeers: true,
  compute: computing(compute),
});

/** Rows that see a changed one. Distances of RANGE are in units of a column, so nothing is known of how many rows they are. */
const reachOf = ({ frame: { unit, from, to } }: OverCall): Omit<WindowFunction, 'compute'> => {
  if (unit === 'ROWS') return { reachesBehind: Math.max(-from, 0), reachesBefore: Math.max(to, 0), seesPeers: false };
  return { reachesBehind: INFINITE, reachesBefore: to > 0 ? INFINITE : 0, seesPeers: true };
};

/** Calls with the place of the first of each row's peers. */
const ranks = (ordered: OrderedRows, from: number, to: number, put: (at: number) => void): void => {
  let first = from < to ? peersFrom(ordered, from) : 0;
  for (let at = from; at < to; at += 1) {
    if (at > from && !ordered.isPeer(ordered.rows[at - 1]!, ordered.rows[at]!)) first = at;
    put(first);
  }
};

const rank: Compute = ({ ordered, from, to }, put) => ranks(ordered, from, to, (first) => put(first + 1));

/** A stretch begins with the first of its peers. */
const denseRank: Compute = ({ ordered, from, to, last }, put) => {
  let dense = last === null ? 0 : (last as number);
  for (let at = from; at < to; at += 1) {
    if (at === from || !ordered.isPeer(ordered.rows[at - 1]!, ordered.rows[at]!)) dense += 1;
    put(dense);
  }
};

/** The first parts are one row longer where rows are left over. */
const partOf = (at: number, rows: number, parts: number): number => {
  const [size, longer] = [Math.floor(rows / parts), rows % parts];
  const inLonger = longer * (size + 1);
  return at < inLonger ? Math.floor(at / (size + 1)) + 1 : longer + Math.floor((at - inLonger) / size) + 1;
};

const neighbours = ({ args: [value, otherwise] }: OverCall, distance: number): WindowFunction => ({
  reachesBehind: Math.max(-distance, 0),
  reachesBefore: Math.max(distance, 0),
  seesPeers: false,
  compute: computing(({ ordered: { rows }, from, to }, put) => {
    for (let at = from; at < to; at += 1) {
      const other = rows[at + distance];
      if (other !== undefined) put(other[value!]!);
      else put(otherwise === undefined ? null : rows[at]![otherwise]!);
    }
  }),
});

/** The first and the last value of a frame that is not NULL. */
const endValues = (
  { name, args: [column], filter, frame }: OverCall,
  order: readonly SortKey[],
): WindowFunction['compute'] =>
  computing(({ ordered, from, to }, put) => {
    const { rows } = ordered;
    const { begin, end } = frameEdges(frame, order, ordered);
    const valueAt = (at: number): SqlValue =>
      filter === null || rows[at]![filter] === true ? rows[at]![column!]! : null;
    const found = (first: number, behind: number): SqlValue => {
      if (name === 'FIRST_VALUE') {
        for (let place = first; place < behind; place += 1) if (valueAt(place) !== null) return valueAt(place);
      } else {
        for (let place = behind - 1; place >= first; place -= 1) if (valueAt(place) !== null) return valueAt(place);
      }
      return null;
    };
    for (let at = from; at < to; at += 1) put(found(begin(at), end(at)));
  });

/** An aggregate of a frame that moves: takes in what enters it, and back what leaves it. */
const framed = (call: OverCall, order: readonly SortKey[], accumulator: BoundAccumulator): WindowFunction['compute'] =>
  computing(({ ordered, from, to }, put) => {
    const { rows } = ordered;
    if (from === to) return;
    const { begin, end } = frameEdges(call.frame, order, ordered);
    const slots: Slots = [];
    accumulator.start(slots, 0);
    let first = begin(from);
    let behind = first;
    for (let at = from; at < to; at += 1) {
      for (const last = end(at); behind < last; behind += 1) accumulator.add(slots, 0, rows[behind]!, 1);
      for (const start = begin(at); first < start; first += 1) accumulator.add(slots, 0, rows[first]!, -1);
      put(accumulator.result(slots, 0));
    }
  });

/** These cannot take back what they have taken in, where they only keep the extreme of it. */
const cannotTakeBack: ReadonlySet<string> = new Set(['MIN', 'MAX']);

/** An aggregate of everything up to the row: goes on from where it was, where rows have come behind the others. */
const running = (
  call: OverCall,
  order: readonly SortKey[],
  accumulator: BoundAccumulator,
): WindowFunction['compute'] => {
  const takesBack = !cannotTakeBack.has(call.name);
  const started = (): Tail => {
    const slots: Slots = [];
    accumulator.start(slots, 0);
    return { slots, count: 0 };
  };
  return ({ ordered, from, to, before, tail: known }, put) => {
    const { rows } = ordered;
    const { end } = frameEdges(call.frame, order, ordered);
    let tail = known ?? started();
    // Rows before `from` are as they were, and so is what was taken in of them.
    const kept = Math.min(tail.count, from);
    if (tail.count - kept > (takesBack ? kept : 0)) tail = started();
    else for (; tail.count > kept; tail.count -= 1) accumulator.add(tail.slots, 0, before[tail.count - 1]!, -1);
    for (let at = from; at < to; at += 1) {
      for (const last = end(at); tail.count < last; tail.count += 1)
        accumulator.add(tail.slots, 0, rows[tail.count]!, 1);
      put(accumulator.result(tail.slots, 0));
    }
    return tail;
  };
};
