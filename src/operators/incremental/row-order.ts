import { compareValues } from '../../sql/evaluate/comparison.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { SortKey } from '../../sql/plan/plan.ts';
import type { SqlRow } from './delta.ts';

/** The order that `keys` say. */
export const keyOrder =
  (keys: readonly SortKey[]): ((a: SqlRow, b: SqlRow) => number) =>
  (a, b) => {
    for (let i = 0; i < keys.length; i += 1) {
      const { column, descending, nullsFirst } = keys[i]!;
      const [x, y] = [a[column]!, b[column]!];
      if (x === null || y === null) {
        if (x === y) continue;
        return (x === null) === nullsFirst ? -1 : 1;
      }
      const order = compareValues(x, y);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };

/**
 * The order that `keys` say; rows that they leave equal are ordered by all of their columns. So which of them a LIMIT takes does
 * not hang on when they came, and a result made anew is the same.
 */
export const rowOrder = (keys: readonly SortKey[]): ((a: SqlRow, b: SqlRow) => number) => {
  const byKeys = keyOrder(keys);
  return (a, b) => {
    const byKey = byKeys(a, b);
    if (byKey !== 0) return byKey;
    for (let i = 0; i < a.length; i += 1) {
      const order = compareNullsFirst(a[i]!, b[i]!);
      if (order !== 0) return order;
    }
    return 0;
  };
};

const compareNullsFirst = (a: SqlValue, b: SqlValue): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return compareValues(a, b);
};
