import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';

/** What is known of the rows of a group, as far as its aggregates need it: one place per number or collection. */
// biome-ignore lint/suspicious/noExplicitAny: each accumulator states what its own places hold.
export type Slots = any[];

/** One aggregate function over the rows of a group; it has `width` places of the group's slots, from `at` on. */
export interface Accumulator {
  readonly width: number;
  start(slots: Slots, at: number): void;
  /** Takes in a value that came (weight above 0) or went; never NULL. */
  add(slots: Slots, at: number, value: Exclude<SqlValue, null>, weight: number): void;
  result(slots: Slots, at: number): SqlValue;
}
