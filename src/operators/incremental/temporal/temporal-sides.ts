import type { Evaluator } from '../../../sql/evaluate/bound.ts';
import { compile } from '../../../sql/evaluate/compile.ts';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import type { SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';

export type TemporalPlan = Extract<Plan, { kind: 'temporal-join' }>;

/** How rows of the two sides of a join as of a time are found, and when a pair is one. */
export interface TemporalSides {
  readonly leftKey: (row: SqlRow) => RowKey;
  readonly rightKey: (row: SqlRow) => RowKey;
  readonly wholeLeft: (row: SqlRow) => RowKey;
  readonly wholeRight: (row: SqlRow) => RowKey;
  /** NULL, and so no, where a column that has to be equal is NULL. */
  readonly condition: Evaluator;
  /** What stands for the right side where it has nothing; null: the row on the left is left out. */
  readonly absent: readonly SqlValue[] | null;
}

export const temporalSides = (plan: TemporalPlan): TemporalSides => {
  const keyOf = (side: 'left' | 'right', columns: readonly number[]) => {
    const all = plan[side].columns;
    return rowKey(
      columns,
      columns.map((column) => all[column]!.type),
    );
  };
  return {
    leftKey: keyOf(
      'left',
      plan.keys.map(([own]) => own),
    ),
    rightKey: keyOf(
      'right',
      plan.keys.map(([, own]) => own),
    ),
    wholeLeft: keyOf('left', [...plan.left.columns.keys()]),
    wholeRight: keyOf('right', [...plan.right.columns.keys()]),
    condition: compile(plan.condition),
    absent: plan.type === 'LEFT' ? new Array<SqlValue>(plan.right.columns.length).fill(null) : null,
  };
};
