/**
 * FORMAT_DESCRIPTION (15): the first event of every file, says how the others are laid out.
 *
 *   binlog_version u2 (4) | server_version 50, NUL padded | created u4 | header_length u1 (19)
 *   | post_header_length u1 × n, entry t - 1 for type t | checksum_algorithm u1 (0 none, 1 CRC32) | crc u4, always
 *
 * n is what the event's size leaves. The lengths are not used: newer events grow behind their post header, and some servers
 * state wrong ones. MySQL libs/mysql/binlog/event/control_events.h (Format_description_event).
 */

import { MillraceError } from '../../../core/errors.ts';
import { bodyReader, type EventFrame, headerLength } from '../event-frame.ts';
import type { Flavor } from '../flavor.ts';
import { isAtLeast, parseServerVersion, type ServerVersion } from '../server-version.ts';

export type ChecksumAlgorithm = 'none' | 'crc32';

export interface FormatDescription {
  readonly binlogVersion: number;
  readonly serverVersion: ServerVersion;
  readonly flavor: Flavor;
  /** Seconds since 1970 when the server started with this file; 0 in later files and when the dump starts inside a file. */
  readonly created: number;
  readonly postHeaderLengths: Uint8Array;
  /** Of the events that follow; this one has 4 bytes of checksum in any case. */
  readonly checksum: ChecksumAlgorithm;
}

/** Throws BINLOG_UNSUPPORTED_SERVER for servers whose events have another layout than the supported ones. */
export const decodeFormatDescription = (frame: EventFrame): FormatDescription => {
  const r = bodyReader(frame);
  const binlogVersion = r.u16();
  const versionText = r.latin1(50).replace(/\0.*$/s, '');
  const serverVersion = parseServerVersion(versionText);
  if (serverVersion === null) throw r.malformed('it names no server version');
  // Before 5.6.1 the event ended without an algorithm and a checksum; no MariaDB version is that old.
  if (binlogVersion !== 4 || (serverVersion.flavor === 'mysql' && !isAtLeast(serverVersion, 5, 6, 1))) {
    throw new MillraceError('BINLOG_UNSUPPORTED_SERVER', { version: versionText });
  }
  const created = r.u32();
  const eventHeaderLength = r.u8();
  if (eventHeaderLength !== headerLength) throw r.malformed(`event headers of ${eventHeaderLength} bytes`);
  if (r.left < 1) throw r.malformed('it states no checksum algorithm');
  const postHeaderLengths = Uint8Array.from(r.view(r.left - 1));
  const algorithm = r.u8();
  if (algorithm > 1) throw r.malformed(`checksum algorithm ${algorithm}`);
  return {
    binlogVersion,
    serverVersion,
    flavor: serverVersion.flavor,
    created,
    postHeaderLengths,
    checksum: algorithm === 1 ? 'crc32' : 'none',
  };
};

/** The body of such an event, without its checksum. */
export const encodeFormatDescription = (description: {
  readonly serverVersion: string;
  readonly created: number;
  readonly postHeaderLengths: Uint8Array;
  readonly checksum: ChecksumAlgorithm;
}): Buffer => {
  const head = Buffer.alloc(57);
  head.writeUInt16LE(4, 0);
  head.write(description.serverVersion, 2, 49, 'latin1');
  head.writeUInt32LE(description.created, 52);
  head[56] = headerLength;
  return Buffer.concat([head, description.postHeaderLengths, Buffer.from([description.checksum === 'crc32' ? 1 : 0])]);
};
