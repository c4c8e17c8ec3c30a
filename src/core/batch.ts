import type { Change } from './change.ts';

/** One ordered log: a server's binlog, a table's snapshot, a topic partition, a replication link. A pipeline has many. */
export type Lane = string;

/** A place in a lane. Opaque to everyone but the source that made it: GTID sets are only partly ordered, never compare as text. */
export type Position = string & { readonly __position: unique symbol };

/** One or more whole source transactions (or one part of a huge one), and the place of each lane just after them. */
export interface Batch {
  /** In commit order; empty for a heartbeat, which only moves positions. */
  readonly changes: readonly Change[];
  readonly positions: ReadonlyMap<Lane, Position>;
  /** Fixed width (epoch, log index, offset): compares as text and grows with every batch of a lane. */
  readonly version: string;
  readonly part?: Part;
}

/**
 * A piece of a transaction larger than memory. `positions` of a part that is not the last are those from before the
 * transaction. Index 0 discards whatever an earlier attempt left open.
 */
export interface Part {
  readonly transaction: string;
  readonly index: number;
  readonly last: boolean;
}
