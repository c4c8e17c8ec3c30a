/**
 * TRANSACTION_PAYLOAD (40), MySQL: the events of a transaction behind its GTID event, compressed together.
 *
 *   { field lenenc | length lenenc | value lenenc }* 00 | payload to the end
 *   1: payload size, 2: compression (0 zstd, 255 none), 3: size when inflated
 *
 * The events inside have no checksums, and log_pos 0. MySQL libs/mysql/binlog/event/control_events.h
 * (Transaction_payload_event), codecs/binary.cpp.
 */

import type { ByteReader } from '../../../bytes/byte-reader.ts';
import { bodyReader, type EventFrame } from '../event-frame.ts';

/** What a payload's header says. */
export interface PayloadHead {
  readonly compression: 'zstd' | 'none';
  readonly inflatedBytes: number;
  readonly payloadBytes: number;
}

export interface TransactionPayload extends PayloadHead {
  /** A view of the event's bytes. */
  readonly payload: Buffer;
}

export const decodeTransactionPayload = (frame: EventFrame): TransactionPayload => {
  const r = bodyReader(frame);
  const head = readPayloadHead(r, r.end);
  return { ...head, payload: r.view(r.left) };
};

/** Reads the header and leaves `r` at the payload, which goes on to `bodyEnd`, be it beyond the bytes of `r`. */
export const readPayloadHead = (r: ByteReader, bodyEnd: number): PayloadHead => {
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
  const left = bodyEnd - r.offset;
  if (payloadBytes !== null && payloadBytes !== left)
    throw r.malformed(`a payload of ${payloadBytes} bytes in ${left}`);
  // The inflated size may be left out when nothing is compressed.
  if (algorithm === 255) return { compression: 'none', inflatedBytes: inflatedBytes ?? left, payloadBytes: left };
  if (inflatedBytes === null) throw r.malformed('it does not say its inflated size');
  return { compression: 'zstd', inflatedBytes, payloadBytes: left };
};
