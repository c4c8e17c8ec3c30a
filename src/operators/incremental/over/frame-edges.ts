import { compareValues } from '../../../sql/evaluate/comparison.ts';
import { type SqlValue, type Whole, whole } from '../../../sql/evaluate/sql-value.ts';
import type { Frame, SortKey } from '../../../sql/plan/plan.ts';
import type { SqlRow } from '../delta.ts';

/** The rows of a partition in order; `peersFrom` and `peersTo` say where the rows that the order leaves equal to one begin and end. */
export interface OrderedRows {
  readonly rows: readonly SqlRow[];
  readonly peersFrom: readonly number[];
  readonly peersTo: readonly number[];
}

/** Where a frame begins and ends for each row, `end` excluded. Neither ever goes back from one row to the next. */
export interface FrameEdges {
  readonly begin: (at: number) => number;
  readonly end: (at: number) => number;
}

export const frameEdges = ({ unit, from, to }: Frame, order: readonly SortKey[], ordered: OrderedRows): FrameEdges => {
  const { rows, peersFrom, peersTo } = ordered;
  const { length } = rows;
  const clamped = (place: number): number => Math.min(Math.max(place, 0), length);
  if (unit === 'ROWS') return { begin: (at) => clamped(at + from), end: (at) => clamped(at + to + 1) };
  const [sorted] = order;
  const distant = (edge: number, isEnd: boolean): ((at: number) => number) => {
    if (edge === Number.NEGATIVE_INFINITY) return () => 0;
    if (edge === Number.POSITIVE_INFINITY) return () => length;
    if (edge === 0 || sorted === undefined) return (at) => (isEnd ? peersTo : peersFrom)[at]!;
    const isWithin = distance(sorted, edge, isEnd);
    let place = 0;
    return (at) => {
      // NULL is at no distance from anything but NULL.
      if (rows[at]![sorted.column] === null) return (isEnd ? peersTo : peersFrom)[at]!;
      while (place < length && isWithin(rows[place]!, rows[at]!)) place += 1;
      return place;
    };
  };
  return { begin: distant(from, false), end: distant(to, true) };
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
