import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { MysqlOrigin, Op, RowsChange } from '../core/change.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';

/** One row's change, decoded: for formats that are written value by value. */
export interface RowChange {
  readonly op: Op;
  readonly table: Table;
  readonly origin: MysqlOrigin;
  /** null: the change has no such image. */
  readonly before: Row | null;
  readonly after: Row | null;
}

export const rowChange = ({ op, table, rows, origin }: RowsChange, index: number): RowChange => {
  assert(origin.kind === 'mysql', 'these formats describe changes of MySQL and MariaDB');
  return { op, table, origin, before: rows.before(index), after: rows.after(index) };
};

/** Whether an update gave one of these columns another value. */
export const changes = ({ before, after }: RowChange, columns: readonly number[]): boolean =>
  before !== null &&
  after !== null &&
  columns.some((column) => {
    const [from, to] = [before[column], after[column]];
    if (from instanceof Uint8Array && to instanceof Uint8Array) return Buffer.compare(from, to) !== 0;
    return to !== undefined && from !== to;
  });
