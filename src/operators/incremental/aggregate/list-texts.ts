import type { BoundAccumulator } from './accumulators.ts';
import { Arrivals } from './value-accumulators.ts';

/** LISTAGG: texts in the order in which they came, with what the second argument says between them. */
export const listTexts = ([text, delimiter]: readonly number[]): BoundAccumulator => ({
  width: 2,
  start: (slots, at) => {
    slots[at] = new Arrivals();
    slots[at + 1] = ',';
  },
  add: (slots, at, row, weight) => {
    const value = row[text!]!;
    if (value === null) return;
    (slots[at] as Arrivals).add(value, weight);
    if (delimiter !== undefined) slots[at + 1] = row[delimiter];
  },
  result: (slots, at) => {
    const { values } = slots[at] as Arrivals;
    return values.length === 0 ? null : values.join(slots[at + 1] as string);
  },
});
