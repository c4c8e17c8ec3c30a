import type { RowReader } from '../../protocol/mysql/values/binlog-row-images.ts';
import type { RowCounter } from './foreign-rows.ts';

/** What a table id of a binlog file stands for. */
export interface MappedTable {
  readonly size: number;
  /** null: not captured. */
  readonly reader: RowReader | null;
  /** A sink's table of positions, whose rows mark the sink's transactions. */
  readonly marksOwn: boolean;
  /** Of a table that the other side owns: how many rows an event has. Left out or null: it is none. */
  readonly foreign?: RowCounter | null;
}

export const uncaptured: MappedTable = { size: 0, reader: null, marksOwn: false };

/** Whether a table is where SQL sinks keep their positions, in whatever database. */
export const mapsPositions = (name: string): boolean => name === 'millrace_position';
