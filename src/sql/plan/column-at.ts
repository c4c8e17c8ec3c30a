import type { Bound } from '../evaluate/bound.ts';
import type { SqlType } from '../types/sql-type.ts';

export const columnAt = (columns: readonly { readonly type: SqlType }[], index: number): Bound => ({
  kind: 'column',
  index,
  type: columns[index]!.type,
});
