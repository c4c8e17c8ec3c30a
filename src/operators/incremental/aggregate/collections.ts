import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { BoundAccumulator } from './accumulators.ts';
import { Arrivals } from './value-accumulators.ts';

/** ARRAY_AGG: values in the order in which they came, NULL among them; NULL where no row is. */
export const arrayOfValues = ([column]: readonly number[]): BoundAccumulator =>
  collected(
    (row) => row[column!]!,
    (values) => (values.length === 0 ? null : [...values]),
  );

/** JSON_ARRAYAGG over values that are JSON already; what is NULL is left out. */
export const jsonArrayOfTexts = ([column]: readonly number[]): BoundAccumulator =>
  collected(
    (row) => row[column!]!,
    (texts) => `[${texts.filter((text) => text !== null).join(',')}]`,
  );

/** JSON_OBJECTAGG over keys and values that are JSON already; an entry without a value is left out, and of equal keys the last stands. */
export const jsonObjectOfTexts = ([key, value]: readonly number[]): BoundAccumulator =>
  collected(
    (row) => [row[key!]!, row[value!]!],
    (entries) => {
      const members = new Map(entries as readonly (readonly [SqlValue, SqlValue])[]);
      const texts = [...members].flatMap(([name, text]) => (text === null ? [] : [`${name}:${text}`]));
      return `{${texts.join(',')}}`;
    },
  );

const collected = (
  of: (row: readonly SqlValue[]) => SqlValue,
  result: (values: readonly SqlValue[]) => SqlValue,
): BoundAccumulator => ({
  width: 1,
  start: (slots, at) => {
    slots[at] = new Arrivals();
  },
  add: (slots, at, row, weight) => (slots[at] as Arrivals).add(of(row), weight),
  result: (slots, at) => result((slots[at] as Arrivals).values),
});
