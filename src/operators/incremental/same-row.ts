import { compareValues } from '../../sql/evaluate/comparison.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { SqlRow } from './delta.ts';

/** Whether two values of one type are the same; NULL is the same as NULL. */
export const isSameValue = (a: SqlValue, b: SqlValue): boolean => {
  if (Object.is(a, b)) return true;
  // By each item, as NaN is the same as NaN alone, and compares with no number.
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isSameValue(item, b[index]!));
  return typeof a === 'object' && a !== null && typeof b === 'object' && b !== null && compareValues(a, b) === 0;
};

export const isSameRow = (a: SqlRow, b: SqlRow): boolean => {
  if (a === b) return true;
  for (let i = 0; i < a.length; i += 1) if (!isSameValue(a[i]!, b[i]!)) return false;
  return true;
};
