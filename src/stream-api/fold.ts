import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import type { SqlFunction } from '../sql/functions/define.ts';
import { type AnyRow, guarded, parametersOf, RowPassage } from './row-function.ts';
import type { RowSchema } from './row-schema.ts';

/** How a group's rows become one: from where it starts, with each that comes, and with each that goes. */
export interface FoldSteps {
  readonly start: (() => AnyRow) | null;
  readonly add: (aggregate: AnyRow, row: AnyRow) => AnyRow;
  /** Null: rows never go. */
  readonly subtract: ((aggregate: AnyRow, row: AnyRow) => AnyRow) | null;
}

/**
 * An aggregate of SQL over all columns of a row, computed by a program's own code. `start` null: the first row is where it starts, as
 * `reduce` has it. `made`: equal in programs whose steps do the same.
 */
export const foldFunction = (
  name: string,
  { from, to, steps }: { readonly from: RowSchema; readonly to: RowSchema; readonly steps: FoldSteps },
  made: string,
): SqlFunction => {
  const [rows, results] = [new RowPassage(from), new RowPassage(to)];
  const step = (state: SqlValue, args: readonly SqlValue[], weight: number): SqlValue => {
    const row = rows.give(args);
    if (state === null) return results.take(steps.start === null ? row : steps.add(steps.start(), row), name);
    const before = results.give(state as readonly SqlValue[]);
    const after = weight > 0 ? steps.add(before, row) : steps.subtract!(before, row);
    return results.take(after, name);
  };
  return {
    name: name.toUpperCase(),
    category: 'own',
    usage: name,
    description: '',
    bind: () => {
      throw new TypeError(`${name} is an aggregate`);
    },
    fold: {
      type: results.type,
      parameters: parametersOf(rows),
      takesBack: steps.subtract !== null,
      made,
      add: (state, args, weight) => guarded(name, () => step(state, args, weight)),
    },
  };
};
