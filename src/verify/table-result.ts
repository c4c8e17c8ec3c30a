import type { Key } from '../core/reader.ts';
import type { Method } from './compared-table.ts';

export interface TableCounts {
  /** Rows of the source that were compared. */
  readonly rows: number;
  readonly chunks: number;
  /** Rows that a sample left out, as far as they were read. */
  readonly skippedRows: number;
  readonly mismatched: number;
  readonly missing: number;
  readonly extra: number;
  readonly unsettled: number;
}

export const noCounts: TableCounts = {
  rows: 0,
  chunks: 0,
  skippedRows: 0,
  mismatched: 0,
  missing: 0,
  extra: 0,
  unsettled: 0,
};

/** A row that differs. `key` is the sink's; of a table without a key, the whole row. */
export interface Difference {
  readonly key: Key;
  readonly verdict: 'mismatched' | 'missing' | 'extra' | 'unsettled';
  /** How often: more than once only for rows without a key. */
  readonly count: number;
}

/**
 * - `equal`, `different`
 * - `unsettled`: nothing different was found, but some rows changed whenever they were looked at
 * - `absent`: the sink has no such table; `left-over`: the sink has it and the source has not
 * - `snapshotting`: its snapshot is not finished, or still to begin, so its rows need not be there yet
 * - `gone`: it was dropped at the source while it was compared
 */
export type TableStatus = 'equal' | 'different' | 'unsettled' | 'absent' | 'left-over' | 'snapshotting' | 'gone';

export interface TableResult {
  /** `database.table` at the source, or in the sink where it is left over. */
  readonly table: string;
  /** In the sink. */
  readonly target: string;
  readonly status: TableStatus;
  readonly method: Method | null;
  readonly counts: TableCounts;
  /** Columns that the sink lacks. */
  readonly lacking: readonly string[];
  readonly keyColumns: readonly string[];
  /** The first of them; the counts have all. */
  readonly differences: readonly Difference[];
  /** Rows that were repaired, and then compared again. */
  readonly repaired: number;
  readonly elapsedMs: number;
}
