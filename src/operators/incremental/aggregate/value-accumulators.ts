import { compareValues } from '../../../sql/evaluate/comparison.ts';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { isSameValue } from '../same-row.ts';
import { SortedBag } from '../sorted-bag.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Accumulator } from './accumulator.ts';

/** MIN (-1) or MAX (1). Where rows only come, the extreme is all there is to keep. */
export const extremeAccumulator = (sign: 1 | -1, appendOnly: boolean): Accumulator =>
  appendOnly
    ? {
        width: 1,
        start: (slots, at) => {
          slots[at] = null;
        },
        add: (slots, at, value) => {
          const best = slots[at] as SqlValue;
          if (best === null || compareValues(value, best) * sign > 0) slots[at] = value;
        },
        result: (slots, at) => slots[at] as SqlValue,
      }
    : {
        width: 1,
        start: (slots, at) => {
          slots[at] = new SortedBag<SqlValue>(compareValues);
        },
        add: (slots, at, value, weight) => (slots[at] as SortedBag<SqlValue>).add(value, weight),
        result: (slots, at) => {
          const bag = slots[at] as SortedBag<SqlValue>;
          if (bag.isEmpty) return null;
          return sign < 0 ? bag.first() : bag.last();
        },
      };

/** FIRST_VALUE and LAST_VALUE: of values in the order in which they came. */
export const arrivalAccumulator = (result: (values: readonly SqlValue[]) => SqlValue): Accumulator => ({
  width: 1,
  start: (slots, at) => {
    slots[at] = new Arrivals();
  },
  add: (slots, at, value, weight) => (slots[at] as Arrivals).add(value, weight),
  result: (slots, at) => {
    const { values } = slots[at] as Arrivals;
    return values.length === 0 ? null : result(values);
  },
});

export class Arrivals {
  readonly values: SqlValue[] = [];
  /** Values that went before they came, which happens within a tick. */
  readonly #missing: SqlValue[] = [];

  add(value: SqlValue, weight: number): void {
    const [from, to] = weight > 0 ? [this.#missing, this.values] : [this.values, this.#missing];
    for (let times = Math.abs(weight); times > 0; times -= 1) {
      // Of equal ones the latest goes, so that what comes and goes leaves no trace.
      const place = from.findLastIndex((other) => isSameValue(other, value));
      if (place < 0) to.push(value);
      else from.splice(place, 1);
    }
  }

  save(to: StateWriter): void {
    to.value(this.values);
    to.value(this.#missing);
  }

  load(from: StateReader): void {
    this.values.push(...from.row());
    this.#missing.push(...from.row());
  }
}
