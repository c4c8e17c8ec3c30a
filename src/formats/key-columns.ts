import type { Table } from '../core/table.ts';

/** Positions of the columns that name a row: the primary key, else the first unique key that has no NULL; empty: nothing does. */
export const keyColumnsOf = ({ columns, primaryKey, uniqueKeys }: Table): readonly number[] => {
  if (primaryKey.length > 0) return primaryKey;
  return uniqueKeys.find((key) => key.every((column) => !columns[column]!.nullable)) ?? [];
};
