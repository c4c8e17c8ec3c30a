import type { Batch } from '../core/batch.ts';
import type { Op, RowsChange } from '../core/change.ts';
import { jsonValue } from '../core/json-value.ts';
import type { Image } from '../core/row-images.ts';
import { qualifiedName } from '../core/table.ts';
import { tablePatterns } from '../core/table-pattern.ts';

export interface TailFilter {
  /** Patterns of `database.table`; empty: all. */
  readonly tables: readonly string[];
  /** Empty: all. */
  readonly ops: readonly Op[];
  /** How many rows a second are shown at most. */
  readonly rowsPerSecond: number;
}

/** A row as `millrace tail` prints it. Row values are in here, and nowhere else in the API. */
export interface TailRow {
  readonly table: string;
  readonly op: Op;
  readonly before: Readonly<Record<string, string | number | null>> | null;
  readonly after: Readonly<Record<string, string | number | null>> | null;
  /** The transaction in the source's words: a GTID, or file and offset. */
  readonly at: string | null;
}

export interface TailRows {
  readonly rows: readonly TailRow[];
  /** Rows that the filter let through and that were left out since the last call, because there were too many. */
  readonly skipped: number;
}

/**
 * Looks at batches as they pass and hands on what a filter lets through, at most so many rows a second: looking must not slow the
 * pipeline down, so the rest is counted instead of decoded.
 */
export const tailListener = (
  filter: TailFilter,
  nowMs: () => number,
  onRows: (rows: TailRows) => void,
): ((batch: Batch) => void) => {
  const tables = filter.tables.length === 0 ? null : tablePatterns(filter.tables, []);
  const ops = filter.ops.length === 0 ? null : new Set(filter.ops);
  let left = filter.rowsPerSecond;
  let second = Math.floor(nowMs() / 1000);
  let skipped = 0;
  return ({ changes }) => {
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) {
      second = now;
      left = filter.rowsPerSecond;
    }
    const rows: TailRow[] = [];
    for (const change of changes) {
      if (change.kind !== 'rows' || (ops !== null && !ops.has(change.op))) continue;
      if (tables !== null && !tables.matches(change.table.database, change.table.name)) continue;
      const shown = Math.min(left, change.rows.length);
      for (let index = 0; index < shown; index += 1) rows.push(tailRow(change, index));
      left -= shown;
      skipped += change.rows.length - shown;
    }
    if (rows.length === 0) return;
    onRows({ rows, skipped });
    skipped = 0;
  };
};

const tailRow = (change: RowsChange, index: number): TailRow => {
  const { origin } = change;
  return {
    table: qualifiedName(change.table),
    op: change.op,
    before: namedImage(change, index, 'before'),
    after: namedImage(change, index, 'after'),
    at: origin.kind === 'mysql' ? (origin.gtid ?? `${origin.file}:${origin.offset}`) : null,
  };
};

/** Columns that were not logged are left out. */
const namedImage = ({ table, rows }: RowsChange, index: number, image: Image): TailRow['before'] => {
  const row = image === 'before' ? rows.before(index) : rows.after(index);
  if (row === null) return null;
  return Object.fromEntries(
    row.flatMap((value, at) => (value === undefined ? [] : [[table.columns[at]!.name, jsonValue(value)]])),
  );
};
