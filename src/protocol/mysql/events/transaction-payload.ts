/**
 * TRANSACTION_PAYLOAD (40), MySQL: the events of a transaction behind its GTID event, compressed together.
 *
 *   { field lenenc | length lenenc | value lenenc }* 00 | payload to the end
 *   1: payload size, 2: compression (0 zstd, 255 none), 3: size when inflated
 *
 * The events inside have no checksums, and log_pos 0. MySQL libs/mysql/binlog/event/control_events.h
 * (Transaction_payload_event), codecs/binary.cpp.
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface TransactionPayload {
  readonly compression: 'zstd' | 'none';
  readonly inflatedBytes: number;
  /** A view of the event's bytes. */
  readonly payload: Buffer;
}

export const decodeTransactionPayload = (frame: EventFrame): TransactionPayload => {
  const r = bodyReader(frame);
  let payloadBytes: number | null = null;
  let inflatedBytes: number | null = null;
  let algorithm: number | null = null;
  for (let field = r.lenenc(); field !== 0; field = r.lenenc()) {
    const next = r.lenenc() + r.offset;
    if (field === 1) payloadBytes = r.lenenc();
    else if (field === 2) algorithm = r.lenenc();
    else if (field === 3) inflatedBytes = r.lenenc();
    else r.skip(next - r.offset);
    if (r.offset !== next) throw r.malformed(`field ${field} has another length than it says`);
  }
  if (algorithm !== 0 && algorithm !== 255) throw r.malformed(`compression ${algorithm}`);
  if (payloadBytes !== null && payloadBytes !== r.left) {
    throw r.malformed(`a payload of ${payloadBytes} bytes in ${r.left}`);
  }
  const payload = r.view(r.left);
  // The inflated size may be left out when nothing is compressed.
  if (algorithm === 255) return { compression: 'none', inflatedBytes: inflatedBytes ?? payload.length, payload };
  if (inflatedBytes === null) throw r.malformed('it does not say its inflated size');
  return { compression: 'zstd', inflatedBytes, payload };
};
