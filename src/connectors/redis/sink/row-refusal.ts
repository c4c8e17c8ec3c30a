import { MillraceError } from '../../../core/errors.ts';
import type { Table } from '../../../core/table.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import type { KeyTemplate } from '../key-template.ts';

export interface RowLimits {
  /** host:port, for errors. */
  readonly sink: string;
  /** Redis takes no longer argument (`proto-max-bulk-len`). */
  readonly maxValueBytes: number;
  /** What a key holds can get another one in one step; in a cluster that is on another node. */
  readonly renames: boolean;
}

/** Rows that a server would not take, and why. */
export class RowRefusal {
  readonly limits: RowLimits;

  constructor(limits: RowLimits) {
    this.limits = limits;
  }

  /** SINK_ROW_REFUSED. `table` as `database.table`. */
  of(table: string, reason: string): MillraceError {
    return new MillraceError('SINK_ROW_REFUSED', { sink: this.limits.sink, table, reason });
  }

  /** Whether the row was refused as it was, because a column of its key was NULL. */
  isUnkept({ columns }: KeyTemplate, { nulls, states }: HashFields): boolean {
    return nulls > 0 && columns.some((column) => states[column] === fieldOf.null);
  }

  /** Of a row whose key cannot be made. */
  ofKey(table: Table, label: string, keys: KeyTemplate, { states }: HashFields): MillraceError {
    const column = keys.columns.find((each) => states[each] !== fieldOf.value)!;
    const { name } = table.columns[column]!;
    return states[column] === fieldOf.null
      ? this.of(label, `column ${name} is NULL, and its key is made of it`)
      : this.of(label, `the log does not hold column ${name}, of which its key is made; set binlog_row_image=FULL`);
  }

  /** Throws for a column that is longer than the server takes. */
  checkColumns(table: Table, label: string, { states, valueStarts, valueEnds }: HashFields): void {
    const { maxValueBytes } = this.limits;
    for (let column = 0; column < states.length; column += 1) {
      const size = states[column] === fieldOf.value ? valueEnds[column]! - valueStarts[column]! : 0;
      if (size <= maxValueBytes) continue;
      const { name } = table.columns[column]!;
      throw this.of(
        label,
        `column ${name} has ${size} bytes, and the server takes ${maxValueBytes} (proto-max-bulk-len)`,
      );
    }
  }
}
