/**
 * GTID (162), MariaDB: the first event of every event group.
 *
 *   sequence u8 | domain u4 | flags u1
 *   | [GROUP_COMMIT_ID: commit_id u8] | [PREPARED_XA or COMPLETED_XA: format_id u4, gtrid_length u1, bqual_length u1, gtrid, bqual]
 *   | [extra flags u1: 01 → engines u1, 02 an ALTER begins, 04 or 08 (it ends, it failed) → start_alter_sequence u8, 10 → thread_id u4] | zeros up to 19 bytes
 *
 * The GTID is domain - server_id of the header - sequence. MariaDB sql/log_event.h (Gtid_log_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';
import type { Gno } from '../gtid/gno.ts';
import type { XaId } from './xa-prepare.ts';

export interface MariadbGtid {
  readonly domain: number;
  readonly server: number;
  readonly sequence: Gno;
  /** See `mariadbGtidFlag`. */
  readonly flags: number;
  /** Of the group that prepares or completes an XA transaction. */
  readonly xa: XaId | null;
  /** The server's thread that ran it; null where the server is too old to log it. */
  readonly thread: number | null;
  /**
   * A group of `binlog_alter_two_phase`, which logs an ALTER TABLE when it begins and again when it ends, both times in full. Rows
   * between the two still have the old definition.
   */
  readonly alter: 'start' | 'commit' | 'rollback' | null;
}

/** Bits of `MariadbGtid.flags`. */
export const mariadbGtidFlag = {
  /** The group is one event, without XID or COMMIT at its end. */
  STANDALONE: 0x01,
  GROUP_COMMIT_ID: 0x02,
  TRANSACTIONAL: 0x04,
  ALLOW_PARALLEL: 0x08,
  WAITED: 0x10,
  DDL: 0x20,
  PREPARED_XA: 0x40,
  COMPLETED_XA: 0x80,
} as const;

export const decodeMariadbGtid = (frame: EventFrame): MariadbGtid => {
  const r = bodyReader(frame);
  const sequence = r.u64();
  const domain = r.u32();
  const flags = r.u8();
  if (flags & mariadbGtidFlag.GROUP_COMMIT_ID) r.skip(8);
  let xa: XaId | null = null;
  if (flags & (mariadbGtidFlag.PREPARED_XA | mariadbGtidFlag.COMPLETED_XA)) {
    const formatId = r.i32();
    const gtridLength = r.u8();
    const bqualLength = r.u8();
    const gtrid = Uint8Array.from(r.view(gtridLength));
    xa = { formatId, gtrid, bqual: Uint8Array.from(r.view(bqualLength)) };
  }
  let thread: number | null = null;
  let alter: MariadbGtid['alter'] = null;
  if (r.left > 0) {
    // Before 10.8 the zeros of the padding stand here: no extra flags.
    const extra = r.u8();
    if (extra & extraFlag.MULTI_ENGINE) r.skip(1);
    if (extra & (extraFlag.COMMIT_ALTER | extraFlag.ROLLBACK_ALTER)) r.skip(8);
    if (extra & extraFlag.START_ALTER) alter = 'start';
    else if (extra & extraFlag.COMMIT_ALTER) alter = 'commit';
    else if (extra & extraFlag.ROLLBACK_ALTER) alter = 'rollback';
    if (extra & extraFlag.THREAD_ID) thread = r.u32();
  }
  return { domain, server: frame.serverId, sequence, flags, xa, thread, alter };
};

const extraFlag = {
  MULTI_ENGINE: 0x01,
  START_ALTER: 0x02,
  COMMIT_ALTER: 0x04,
  ROLLBACK_ALTER: 0x08,
  THREAD_ID: 0x10,
} as const;
