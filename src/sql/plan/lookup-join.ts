import type { Expression } from '../ast/expression.ts';
import { sqlError } from '../sql-error.ts';
import type { CatalogTable, Plan } from './plan.ts';

/** A join as of the moment with a table that is asked for rows; null: its right side is followed as others are. SQL_INVALID at `written`. */
export const lookupJoin = (join: Extract<Plan, { kind: 'temporal-join' }>, written: Expression): Plan | null => {
  const { type, left, right, condition, keys, columns } = join;
  const table = lookedUpTable(right);
  if (table === null) return null;
  const by = keys.flatMap(([own, other, nullsMatch]): readonly (readonly [number, number])[] => {
    const column = nullsMatch ? null : columnOfTable(right, other);
    return column === null ? [] : [[own, column]];
  });
  if (by.length > 0) return { kind: 'lookup-join', type, left, right, condition, keys, table, by, columns };
  throw sqlError('SQL_INVALID', written, {
    reason: `rows of ${table.name} are asked for by values of its columns: ON needs one of them equal to something of the left side, of the same type; write CAST around the left side`,
  });
};

/** The table under filters and projections; null: it is none that is asked. */
const lookedUpTable = (plan: Plan): CatalogTable | null => {
  if (plan.kind === 'filter' || plan.kind === 'project') return lookedUpTable(plan.input);
  return plan.kind === 'scan' && plan.table.lookedUp === true ? plan.table : null;
};

/** The column of the table that a column of the plan is; null: it is computed. */
const columnOfTable = (plan: Plan, column: number): number | null => {
  if (plan.kind === 'filter') return columnOfTable(plan.input, column);
  if (plan.kind !== 'project') return column;
  const expression = plan.expressions[column]!;
  return expression.kind === 'column' ? columnOfTable(plan.input, expression.index) : null;
};
