import { compareValues } from '../../../sql/evaluate/comparison.ts';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { SortedBag } from '../sorted-bag.ts';
import type { Accumulator } from './accumulator.ts';

type Element = Exclude<SqlValue, null>;

/** COLLECT: the values with how often each is there, in their own order, so that it does not matter in which they came. */
export const multisetAccumulator: Accumulator = {
  width: 1,
  start: (slots, at) => {
    slots[at] = new SortedBag<Element>(inOrder);
  },
  add: (slots, at, value, weight) => (slots[at] as SortedBag<Element>).add(value, weight),
  result: (slots, at) => {
    const elements: [Element, number][] = [];
    (slots[at] as SortedBag<Element>).walk((element, times) => {
      // Within a tick a value may go before it comes.
      if (times > 0) elements.push([element, times]);
      return true;
    });
    return elements;
  },
};

/** NaN is behind every number, and -0 is 0. */
const inOrder = (a: Element, b: Element): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return compareValues(a, b);
};
