/**
 * XA_PREPARE (38): ends an event group whose rows become visible only when a later group commits the same XA transaction, unless
 * it was prepared and committed in one phase.
 *
 *   one_phase u1 | format_id i4 | gtrid_length u4 | bqual_length u4 | gtrid | bqual
 *
 * MySQL libs/mysql/binlog/event/control_events.h (XA_prepare_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface XaPrepare {
  /** Committed at once: no second group follows. */
  readonly onePhase: boolean;
  readonly xa: XaId;
}

/** An XA transaction's name, as `XA START gtrid, bqual, formatId` gave it. */
export interface XaId {
  readonly formatId: number;
  readonly gtrid: Uint8Array;
  readonly bqual: Uint8Array;
}

export const decodeXaPrepare = (frame: EventFrame): XaPrepare => {
  const r = bodyReader(frame);
  const onePhase = r.u8() !== 0;
  const formatId = r.i32();
  const gtridLength = r.u32();
  const bqualLength = r.u32();
  const gtrid = Uint8Array.from(r.view(gtridLength));
  return { onePhase, xa: { formatId, gtrid, bqual: Uint8Array.from(r.view(bqualLength)) } };
};

/** As the server writes it in `XA COMMIT X'6774',X'6271',7`: what the commit of a prepared transaction is found by. */
export const xaIdText = (xa: XaId): string => `X'${hex(xa.gtrid)}',X'${hex(xa.bqual)}',${xa.formatId}`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
