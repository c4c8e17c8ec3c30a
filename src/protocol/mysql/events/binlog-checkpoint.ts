/**
 * BINLOG_CHECKPOINT (161), MariaDB: the oldest file its crash recovery still needs. Says nothing about data.
 *
 *   length u4 | file name
 *
 * MariaDB sql/log_event.h (Binlog_checkpoint_log_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface BinlogCheckpoint {
  readonly file: string;
}

export const decodeBinlogCheckpoint = (frame: EventFrame): BinlogCheckpoint => {
  const r = bodyReader(frame);
  return { file: r.utf8(r.u32()) };
};
