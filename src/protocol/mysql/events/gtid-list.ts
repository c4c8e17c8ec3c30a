/**
 * GTID_LIST (163), MariaDB: the last transaction of every domain and server before this place. Servers also make one up at the
 * start of a dump by GTID (flag ARTIFICIAL).
 *
 *   count u4, high 4 bits flags | { domain u4 | server u4 | sequence u8 }*
 *
 * MariaDB sql/log_event.h (Gtid_list_log_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';
import type { MariadbGtidName } from '../gtid/mariadb-gtid-position.ts';

export interface GtidList {
  readonly flags: number;
  /** Per domain, the server that wrote last stands last: MariadbGtidPosition.fromList makes the position of it. */
  readonly gtids: readonly MariadbGtidName[];
}

export const decodeGtidList = (frame: EventFrame): GtidList => {
  const r = bodyReader(frame);
  const head = r.u32();
  const count = r.count(head & 0x0fffffff, 16);
  const gtids = Array.from({ length: count }, () => ({ domain: r.u32(), server: r.u32(), sequence: r.u64() }));
  return { flags: head >>> 28, gtids };
};
