import type { OrderItem } from '../ast/query.ts';
import type { SortKey } from './plan.ts';

/** NULL sorts as the least value, as in Flink. */
export const sortKey = (column: number, { direction, nulls }: OrderItem): SortKey => {
  const descending = direction === 'DESC';
  return { column, descending, nullsFirst: nulls === null ? !descending : nulls === 'FIRST' };
};
