import type { Part, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { BinlogPlace } from './binlog-place.ts';

/** What may leave: whole transactions, or one part of a huge one. */
export interface StreamBatch {
  readonly changes: readonly Change[];
  /** Just after the last whole transaction. `gtids` goes on changing when more is read. */
  readonly place: BinlogPlace;
  readonly position: Position;
  readonly version: string;
  readonly part: Part | null;
  /** The table definitions changed: what the schema lane holds from here on. */
  readonly schema: Position | null;
}
