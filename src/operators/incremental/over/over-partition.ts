import type { SqlRow } from '../delta.ts';
import { firstPlace } from './frame-edges.ts';
import type { Tail } from './window-function.ts';

/** Rows that have the columns of a partition in common, in order, each with what was told of it. */
export interface OverPartition {
  rows: SqlRow[];
  told: SqlRow[];
  /** What each function goes on from. */
  readonly tails: (Tail | null)[];
}

/** Changes of one partition in a tick: rows and how often each comes or goes. */
export interface PartitionChanges {
  readonly rows: SqlRow[];
  readonly weights: number[];
}

/** How a partition changed: its rows are other ones from `from` up to the last `same` of them. */
interface Merged {
  readonly rows: SqlRow[];
  readonly from: number;
  readonly same: number;
}

/**
 * The rows with the changes put in; null: nothing changes. What comes behind all of them is put into `rows` itself, so that rows that come in
 * order cost nothing but their own place.
 */
export const mergedRows = (
  rows: SqlRow[],
  changes: PartitionChanges,
  order: (a: SqlRow, b: SqlRow) => number,
): Merged | null => {
  const sorted = summed(changes, order);
  const [first] = sorted;
  if (first === undefined) return null;
  const last = sorted.at(-1)!.row;
  const from = firstPlace(rows.length, (at) => order(rows[at]!, first.row) >= 0);
  if (from === rows.length) {
    for (const { row, weight } of sorted) for (let left = weight; left > 0; left -= 1) rows.push(row);
    return { rows, from, same: 0 };
  }
  const behind = firstPlace(rows.length, (at) => order(rows[at]!, last) > 0);
  const merged = rows.slice(0, from);
  let at = from;
  for (const { row, weight } of sorted) {
    while (at < behind && order(rows[at]!, row) < 0) merged.push(rows[at++]!);
    // Of equal rows those that were there stay first; what goes is one of them.
    let left = weight;
    while (left < 0 && at < behind && order(rows[at]!, row) === 0) {
      at += 1;
      left += 1;
    }
    while (left > 0) {
      merged.push(row);
      left -= 1;
    }
  }
  while (at < behind) merged.push(rows[at++]!);
  const same = rows.length - behind;
  for (; at < rows.length; at += 1) merged.push(rows[at]!);
  return { rows: merged, from, same };
};

/** Each row once with how often it comes or goes, in order; what comes as often as it goes is left out. */
const summed = (
  { rows, weights }: PartitionChanges,
  order: (a: SqlRow, b: SqlRow) => number,
): readonly { readonly row: SqlRow; readonly weight: number }[] => {
  if (rows.length === 1) return [{ row: rows[0]!, weight: weights[0]! }];
  const places = [...rows.keys()].sort((a, b) => order(rows[a]!, rows[b]!));
  const sums: { readonly row: SqlRow; weight: number }[] = [];
  for (const place of places) {
    const last = sums.at(-1);
    if (last !== undefined && order(last.row, rows[place]!) === 0) last.weight += weights[place]!;
    else sums.push({ row: rows[place]!, weight: weights[place]! });
  }
  return sums.filter(({ weight }) => weight !== 0);
};
