import type { Plan } from '../../../sql/plan/plan.ts';

/**
 * What an entry begins with. Behind it may stand what only its step can read.
 *
 * | form    | what is there                                                                      |
 * |---------|------------------------------------------------------------------------------------|
 * | row     | a row, how often it is there                                                       |
 * | group   | a group's row in the result, whether it was told, how many rows the group has      |
 * | counted | a row, an array: how often it is on the left, on the right, and in the result      |
 * | bag     | an array of rows, an array: how often each is there                                |
 * | ordered | a count of rows, then each row and how often it is there (SortedBag)               |
 * | rows    | an array of rows                                                                   |
 */
export type EntryStart = 'row' | 'group' | 'counted' | 'bag' | 'ordered' | 'rows';

/** What the entries of a state hold, for whoever reads them without running their step. */
export interface EntryShape {
  /** What the state is in its step: `groups`, `left`. */
  readonly name: string;
  readonly form: EntryStart;
  /** Its rows have the columns of this plan. */
  readonly rows: Plan;
  /** Places of the columns that all rows under one key have in common. */
  readonly key: readonly number[];
}
