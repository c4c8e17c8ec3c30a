import type { Batch } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Table } from '../core/table.ts';
import type { Operator } from './operator.ts';

/** Which tables to keep, asked by name. */
export interface TableFilter {
  matches(database: string, table: string): boolean;
}

/** Drops every change of tables that `filter` does not match. A rename is kept when either name matches. */
export const filterTables = (filter: TableFilter): Operator => {
  const verdicts = new Map<string, boolean>();
  const keeps = (table: Table): boolean => {
    let verdict = verdicts.get(table.id);
    if (verdict === undefined) {
      verdict = filter.matches(table.database, table.name);
      verdicts.set(table.id, verdict);
    }
    return verdict;
  };
  const keepsChange = (change: Change): boolean =>
    change.kind === 'schema'
      ? [change.before, change.after].some((table) => table !== null && keeps(table))
      : keeps(change.table);

  return (batch: Batch): Batch =>
    batch.changes.every(keepsChange) ? batch : { ...batch, changes: batch.changes.filter(keepsChange) };
};
