/**
 * INCIDENT (26): the server could not log something, so what follows does not continue what came before.
 *
 *   number u2 (1 LOST_EVENTS) | message_length u1 | message
 *
 * MySQL libs/mysql/binlog/event/control_events.h (Incident_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface Incident {
  readonly number: number;
  readonly message: string;
}

export const decodeIncident = (frame: EventFrame): Incident => {
  const r = bodyReader(frame);
  const number = r.u16();
  return { number, message: r.left === 0 ? '' : r.utf8(r.u8()) };
};
