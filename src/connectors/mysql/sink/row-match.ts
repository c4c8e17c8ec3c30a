import type { ColumnType } from '../../../core/table.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * A condition that holds for rows with exactly these values. NULL equals NULL here, and texts are compared by their bytes,
 * whatever their collation calls equal.
 */
export const matchCondition = (
  plan: TablePlan,
  columns: readonly number[],
  literal: (column: number) => string,
): string => {
  const parts = columns.map((column) =>
    compared(plan.columns[column]!, plan.table.columns[column]!.type, literal(column)),
  );
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
};

const compared = (name: string, { kind }: ColumnType, literal: string): string => {
  if (literal === 'NULL') return `${name} IS NULL`;
  switch (kind) {
    case 'text':
    case 'enum':
    case 'set':
      return `CAST(CONVERT(${name} USING utf8mb4) AS BINARY) = CAST(${literal} AS BINARY)`;
    case 'json':
      return `CAST(CONVERT(${name} USING utf8mb4) AS BINARY) = CAST(${literal} AS BINARY)`;
    case 'geometry':
    case 'vector':
      return `HEX(${name}) = HEX(${literal})`;
    default:
      return `${name} = ${literal}`;
  }
};
