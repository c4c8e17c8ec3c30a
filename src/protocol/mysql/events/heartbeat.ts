/**
 * HEARTBEAT (27) and HEARTBEAT_V2 (41): sent when nothing else was for `@source_heartbeat_period`, and after skipped
 * transactions. In no file; says how far the server has read.
 *
 *   27:  file name to the end                       the position is the header's log_pos, modulo 2^32
 *   41:  { field u1 | length lenenc | value }* 00   1: file name, 2: position lenenc
 *
 * MySQL libs/mysql/binlog/event/control_events.h (Heartbeat_event, Heartbeat_event_v2).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface Heartbeat {
  readonly file: string;
  readonly position: number;
}

export const decodeHeartbeat = (frame: EventFrame): Heartbeat => {
  const r = bodyReader(frame);
  return { file: r.utf8(r.left), position: frame.logPos };
};

export const decodeHeartbeatV2 = (frame: EventFrame): Heartbeat => {
  const r = bodyReader(frame);
  let file = '';
  let position = frame.logPos;
  for (let field = r.u8(); field !== 0; field = r.u8()) {
    const length = r.lenenc();
    if (field === 1) file = r.utf8(length);
    else if (field === 2) position = r.lenenc();
    else r.skip(length);
  }
  return { file, position };
};

/** The body of a HEARTBEAT (27). */
export const encodeHeartbeat = (file: string): Buffer => Buffer.from(file);
