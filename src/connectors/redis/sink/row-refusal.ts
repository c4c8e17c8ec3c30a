import { MillraceError } from '../../../core/errors.ts';
import type { Table } from '../../../core/table.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';

export interface RowLimits {
  /** host:port, for errors. */
  readonly sink: string;
  /** Redis takes no longer argument (`proto-max-bulk-len`). */
  readonly maxValueBytes: number;
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
