/**
 * PREVIOUS_GTIDS (35): the transactions in all files before this one.
 *
 *   a GTID set in either binary form of gtid/mysql-gtid-set.ts
 */

import type { EventFrame } from '../event-frame.ts';
import { MysqlGtidSet } from '../gtid/mysql-gtid-set.ts';

export const decodePreviousGtids = (frame: EventFrame): MysqlGtidSet =>
  MysqlGtidSet.decode(frame.bytes, frame.body, frame.end);
