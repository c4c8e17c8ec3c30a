/**
 * WRITE/UPDATE/DELETE_ROWS: v1 23/24/25 (MariaDB, MySQL 5.5), v2 30/31/32, PARTIAL_UPDATE_ROWS 39, MariaDB's compressed forms
 * 166-168 (v1) and 169-171 (v2).
 *
 *   table_id u6 | flags u2 | v2 only: extra_len u2 with its own 2 bytes, extra
 *   | columns lenenc | present ⌈columns/8⌉ | updates: present after ⌈columns/8⌉ | row images to the end
 *   extra:      00 length u1 (with its 2 header bytes), format u1, NDB data  |  01 partition u2, for updates also source partition u2
 *   compressed: from `row images` on, a record as in compressed-record.ts
 *   row image:  null bits ⌈present/8⌉ over the present columns | values of the present columns that are not null
 *
 * Bitmaps are LSB first; bits past the last column differ between servers. MySQL libs/mysql/binlog/event/rows_event.h.
 */

import type { ByteReader } from '../../../bytes/byte-reader.ts';
import { MillraceError } from '../../../core/errors.ts';
import { inflateRecord } from '../compressed-record.ts';
import { bodyReader, type EventFrame } from '../event-frame.ts';
import { eventType, eventTypeName } from '../event-type.ts';

/** The rows of one event, still undecoded. */
export interface RowsEvent {
  readonly tableId: number;
  readonly op: 'create' | 'update' | 'delete';
  /** PARTIAL_UPDATE_ROWS: after images start with value options, and JSON values may be diffs. */
  readonly partialJson: boolean;
  /** Bit 0: last rows event of its statement. The others are for replicas; an unknown one is no reason to stop. */
  readonly flags: number;
  readonly columnCount: number;
  /** Which columns the before images log; null for creates. Bits past the last column are arbitrary. */
  readonly presentBefore: Uint8Array | null;
  /** Which columns the after images log; null for deletes. */
  readonly presentAfter: Uint8Array | null;
  /** Holds the row images from `start` to `end`: the frame's own bytes, or inflated ones. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The table id of an event without rows that only ends a statement. */
export const endOfStatementTableId = 0xffffff;

interface Layout {
  readonly op: RowsEvent['op'];
  readonly version: 1 | 2;
  readonly compressed: boolean;
}

/** Whether events of this type hold rows (in a form that is supported). */
export const isRowsEvent = (type: number): boolean => layouts[type] !== undefined;

/** Decodes everything but the row images. Throws BINLOG_UNSUPPORTED_EVENT for the rows events of MySQL 5.1 betas. */
export const decodeRowsEvent = (frame: EventFrame): RowsEvent => {
  const layout = layouts[frame.type];
  if (layout === undefined) {
    throw new MillraceError('BINLOG_UNSUPPORTED_EVENT', {
      event: eventTypeName(frame.type),
      logPos: frame.logPos,
      reason: 'its row layout was never part of a released server',
    });
  }
  const r = bodyReader(frame);
  const tableId = r.u48();
  const flags = r.u16();
  if (layout.version === 2) {
    // Partition ids and NDB data say nothing about the rows themselves.
    const extraLength = r.u16();
    if (extraLength < 2) throw r.malformed(`extra data of ${extraLength} bytes does not hold its own length`);
    r.skip(extraLength - 2);
  }
  const columnCount = r.lenenc();
  const first = presentBits(r, columnCount);
  const second = layout.op === 'update' ? presentBits(r, columnCount) : null;
  const rows = layout.compressed ? inflateRecord(r) : null;
  return {
    tableId,
    op: layout.op,
    partialJson: frame.type === eventType.PARTIAL_UPDATE_ROWS,
    flags,
    columnCount,
    presentBefore: layout.op === 'create' ? null : first,
    presentAfter: layout.op === 'create' ? first : second,
    bytes: rows ?? r.bytes,
    start: rows === null ? r.offset : 0,
    end: rows === null ? r.end : rows.length,
  };
};

/** Nearly always all columns are present, and then all events of a table share one bitmap. */
const presentBits = (r: ByteReader, columnCount: number): Uint8Array => {
  const length = Math.ceil(columnCount / 8);
  const { bytes } = r;
  const at = r.advance(length);
  // Bits past the last column are ones on MySQL and zeros on MariaDB.
  const lastMask = 0xff >> (length * 8 - columnCount);
  const lastByte = at + length - 1;
  let all = length > 0 && length <= longestShared && (bytes[lastByte]! & lastMask) === lastMask;
  for (let i = at; all && i < lastByte; i += 1) all = bytes[i] === 0xff;
  if (!all) return bytes.subarray(at, at + length);
  allPresent[length] ??= new Uint8Array(length).fill(0xff);
  return allPresent[length];
};

/** Bitmaps of ones, by their length. */
const allPresent: (Uint8Array | undefined)[] = [];
/** Tables have at most 4096 columns. */
const longestShared = 512;

const layouts: readonly (Layout | undefined)[] = (() => {
  const list = new Array<Layout | undefined>(256).fill(undefined);
  const ops = ['create', 'update', 'delete'] as const;
  ops.forEach((op, i) => {
    list[eventType.WRITE_ROWS_V1 + i] = { op, version: 1, compressed: false };
    list[eventType.WRITE_ROWS + i] = { op, version: 2, compressed: false };
    list[eventType.WRITE_ROWS_COMPRESSED_V1 + i] = { op, version: 1, compressed: true };
    list[eventType.WRITE_ROWS_COMPRESSED + i] = { op, version: 2, compressed: true };
  });
  list[eventType.PARTIAL_UPDATE_ROWS] = { op: 'update', version: 2, compressed: false };
  return list;
})();
