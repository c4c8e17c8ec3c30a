import { compareValues } from '../../../sql/evaluate/comparison.ts';
import { type SqlValue, type Whole, whole } from '../../../sql/evaluate/sql-value.ts';
import type { Frame, SortKey } from '../../../sql/plan/plan.ts';
import type { SqlRow } from '../delta.ts';

/** The rows of a partition in order. */
export interface OrderedRows {
  readonly rows: readonly SqlRow[];
  /** Whether the order leaves two rows equal. */
  readonly isPeer: (a: SqlRow, b: SqlRow) => boolean;
}

/** Where the rows begin that the order leaves equal to the one at a place. */
export const peersFrom = ({ rows, isPeer }: OrderedRows, at: number): number => {
  let from = at;
  while (from > 0 && isPeer(rows[from - 1]!, rows[at]!)) from -= 1;
  return from;
};

/** Where they end, the first place behind them. */
export const peersTo = ({ rows, isPeer }: OrderedRows, at: number): number => {
  let to = at + 1;
  while (to < rows.length && isPeer(rows[to]!, rows[at]!)) to += 1;
  return to;
};

/**
 * Where a frame begins and ends for each row, `end` excluded. Neither ever goes back from one row to the next, and rows are asked for in
 * their order, from any one on.
 */
export interface FrameEdges {
  readonly begin: (at: number) => number;
  readonly end: (at: number) => number;
}

export const frameEdges = ({ unit, from, to }: Frame, order: readonly SortKey[], ordered: OrderedRows): FrameEdges => {
  const { rows } = ordered;
  const { length } = rows;
  const clamped = (place: number): number => Math.min(Math.max(place, 0), length);
  if (unit === 'ROWS') return { begin: (at) => clamped(at + from), end: (at) => clamped(at + to + 1) };
  const [sorted] = order;
  const distant = (edge: number, isEnd: boolean): ((at: number) => number) => {
    if (edge === Number.NEGATIVE_INFINITY) return () => 0;
    if (edge === Number.POSITIVE_INFINITY) return () => length;
    const peers = peerEdge(ordered, isEnd);
    if (edge === 0 || sorted === undefined) return peers;
    const isWithin = distance(sorted, edge, isEnd);
    let place: number | null = null;
    return (at) => {
      // NULL is at no distance from anything but NULL.
      if (rows[at]![sorted.column] === null) return peers(at);
      place ??= firstPlace(length, (other) => !isWithin(rows[other]!, rows[at]!));
      while (place < length && isWithin(rows[place]!, rows[at]!)) place += 1;
      return place;
    };
  };
  return { begin: distant(from, false), end: distant(to, true) };
};

/** The edge of a row's peers; rows of one group are asked for one after the other. */
const peerEdge = (ordered: OrderedRows, isEnd: boolean): ((at: number) => number) => {
  let [first, behind] = [0, 0];
  return (at) => {
    if (at < first || at >= behind) {
      first = peersFrom(ordered, at);
      behind = peersTo(ordered, at);
    }
    return isEnd ? behind : first;
  };
};

/** The first place for which it is so, of places behind which it stays so; `length` where there is none. */
export const firstPlace = (length: number, isSo: (at: number) => boolean): number => {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Whether a row comes before the edge that lies at a distance from another. */
const distance = (
  { column, descending, nullsFirst }: SortKey,
  edge: number,
  isEnd: boolean,
): ((row: SqlRow, of: SqlRow) => boolean) => {
  const sign = descending ? -1 : 1;
  return (row, of) => {
    const value = row[column]!;
    if (value === null) return nullsFirst;
    const order = compareValues(value, moved(of[column]! as Whole, sign * edge)) * sign;
    return isEnd ? order <= 0 : order < 0;
  };
};

const moved = (value: Whole, by: number): SqlValue => {
  if (typeof value === 'number') {
    const sum = value + by;
    if (!Number.isInteger(value) || !Number.isInteger(by) || Number.isSafeInteger(sum)) return sum;
  }
  return Number.isInteger(by) ? whole(BigInt(value) + BigInt(by)) : Number(value) + by;
};
