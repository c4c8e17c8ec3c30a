/**
 * XID (16): the transaction committed.
 *
 *   xid u8
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface Xid {
  /** The server's own number for the transaction. */
  readonly xid: number | bigint;
}

export const decodeXid = (frame: EventFrame): Xid => ({ xid: bodyReader(frame).u64() });
