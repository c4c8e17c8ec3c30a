import { MillraceError } from '../../../core/errors.ts';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { isSameValue } from '../same-row.ts';
import type { BoundAccumulator } from './accumulators.ts';

/** The value of the one row that a subquery may have. SQL_FUNCTION_FAILED at the end of a tick after which it has more. */
export const singleValue = ([column]: readonly number[]): BoundAccumulator => ({
  width: 2,
  start: (slots, at) => {
    slots[at] = [];
    slots[at + 1] = 0;
  },
  add: (slots, at, row, weight) => {
    const rows = slots[at] as [value: SqlValue, weight: number][];
    const value = row[column!]!;
    slots[at + 1] += weight;
    const known = rows.findIndex(([other]) => isSameValue(other, value));
    if (known < 0) rows.push([value, weight]);
    else {
      rows[known]![1] += weight;
      if (rows[known]![1] === 0) rows.splice(known, 1);
    }
  },
  result: (slots, at) => {
    if (slots[at + 1] > 1) {
      throw new MillraceError('SQL_FUNCTION_FAILED', {
        name: 'a subquery that is a value',
        reason: `it has ${slots[at + 1]} rows`,
      });
    }
    return slots[at].length === 0 ? null : slots[at][0][0];
  },
});
