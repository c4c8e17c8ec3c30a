import type { Changes, SqlRow } from './delta.ts';

/** Tells what makes one list of rows of another. Both are in order, so what differs shows on one way through them. */
export const tellDifference = (
  told: readonly SqlRow[],
  now: readonly SqlRow[],
  order: (a: SqlRow, b: SqlRow) => number,
  out: Changes,
): void => {
  let [i, j] = [0, 0];
  while (i < told.length || j < now.length) {
    const place = i === told.length ? 1 : j === now.length ? -1 : order(told[i]!, now[j]!);
    if (place < 0) out.add(told[i]!, -1);
    if (place > 0) out.add(now[j]!, 1);
    if (place <= 0) i += 1;
    if (place >= 0) j += 1;
  }
};
