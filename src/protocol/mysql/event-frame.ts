/**
 * One binlog event, cut but not decoded.
 *
 *   timestamp u4 | type u1 | server_id u4 | size u4 | log_pos u4 | flags u2 | body | crc u4, when the file has checksums
 *
 * All little-endian. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html
 */

import { ByteReader } from '../../bytes/byte-reader.ts';
import { eventTypeName } from './event-type.ts';

/** Bytes of every event's header. */
export const headerLength = 19;
/** Bytes of the CRC32 at an event's end. */
export const checksumLength = 4;

/**
 * Where an event lies in its bytes, and its header. Framers overwrite ONE such object for every event, so that the hot path
 * allocates nothing: read what you need before the next event comes. The bytes themselves stay as they are.
 */
export interface EventFrame {
  bytes: Buffer;
  /** Where the header starts. */
  start: number;
  /** Where the body starts. */
  body: number;
  /** Where the body ends; a checksum is already cut off. */
  end: number;
  type: number;
  /** Seconds since 1970; 0 in events the server made up for the dump. */
  timestamp: number;
  serverId: number;
  /** Of the whole event, header and checksum included. */
  size: number;
  /** Where the next event starts in the file, modulo 2^32; 0 in made-up events and inside MariaDB's transactions. */
  logPos: number;
  flags: number;
}

/** Bits of `EventFrame.flags`. */
export const eventFlag = {
  /** The file is still being written, or was not closed (FORMAT_DESCRIPTION only). */
  IN_USE: 0x1,
  THREAD_SPECIFIC: 0x4,
  /** The database of a QUERY is not its default database. */
  SUPPRESS_USE: 0x8,
  /** Made up by the server for this dump, not in any file. */
  ARTIFICIAL: 0x20,
  RELAY_LOG: 0x40,
  /** Who does not know the event may skip it. */
  IGNORABLE: 0x80,
} as const;

/** A frame to be filled by `readHeader`. */
export const emptyFrame = (): EventFrame => ({
  bytes: Buffer.alloc(0),
  start: 0,
  body: 0,
  end: 0,
  type: 0,
  timestamp: 0,
  serverId: 0,
  size: 0,
  logPos: 0,
  flags: 0,
});

/** Fills `frame` from the header at `start`. `end` is the body's end. The caller has checked that the bytes are there. */
export const readHeader = (frame: EventFrame, bytes: Buffer, start: number, end: number): void => {
  // Mostly the same chunk: writing a pointer costs more than comparing it.
  if (frame.bytes !== bytes) frame.bytes = bytes;
  frame.start = start;
  frame.body = start + headerLength;
  frame.end = end;
  const view = viewOf(bytes);
  frame.timestamp = view.getUint32(start, true);
  frame.type = view.getUint8(start + 4);
  frame.serverId = view.getUint32(start + 5, true);
  frame.size = view.getUint32(start + 9, true);
  frame.logPos = view.getUint32(start + 13, true);
  frame.flags = view.getUint16(start + 17, true);
};

/** For reading whole words, one step each instead of four. Made once for all events that lie in the same bytes. */
export const viewOf = (bytes: Buffer): DataView => {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
};

let viewed: Buffer = Buffer.alloc(0);
let view: DataView = new DataView(viewed.buffer, 0, 0);

/** A reader over the event's body. */
export const bodyReader = (frame: EventFrame): ByteReader =>
  new ByteReader(frame.bytes, frame.body, frame.end, eventTypeName(frame.type));

/** A frame of its own over the same bytes, for who must remember an event while the framer goes on. */
export const keepFrame = (frame: EventFrame): EventFrame => ({ ...frame });
