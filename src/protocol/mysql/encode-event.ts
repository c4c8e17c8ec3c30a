import { crc32 } from '../../bytes/crc32.ts';
import { checksumLength, type EventFrame, headerLength } from './event-frame.ts';
import type { ChecksumAlgorithm } from './events/format-description.ts';

export type EventHeader = Pick<EventFrame, 'type' | 'timestamp' | 'serverId' | 'logPos' | 'flags'>;

/** A whole event around `body`. For a FORMAT_DESCRIPTION pass `crc32` always: it has a checksum whatever it says of the others. */
export const encodeEvent = (header: EventHeader, body: Uint8Array, checksum: ChecksumAlgorithm): Buffer => {
  const end = headerLength + body.length;
  const bytes = Buffer.allocUnsafe(checksum === 'crc32' ? end + checksumLength : end);
  bytes.writeUInt32LE(header.timestamp, 0);
  bytes[4] = header.type;
  bytes.writeUInt32LE(header.serverId, 5);
  bytes.writeUInt32LE(bytes.length, 9);
  bytes.writeUInt32LE(header.logPos % 2 ** 32, 13);
  bytes.writeUInt16LE(header.flags, 17);
  bytes.set(body, headerLength);
  if (checksum === 'crc32') bytes.writeUInt32LE(crc32(bytes, 0, end), end);
  return bytes;
};
