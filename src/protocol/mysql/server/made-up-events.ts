/**
 * Events that are in no file: a server makes them up for one dump.
 *
 *   header 19 (event-frame.ts) | body | crc u4, where checksums are on
 */

import { crc32 } from '../../../bytes/crc32.ts';
import { checksumLength, eventFlag, headerLength } from '../event-frame.ts';
import { eventType } from '../event-type.ts';
import type { ChecksumAlgorithm } from '../events/format-description.ts';
import { encodeHeartbeat } from '../events/heartbeat.ts';
import { encodeRotate } from '../events/rotate.ts';
import { lenenc } from './answers.ts';

/** Tells which file and position the events that follow come from. */
export const fakeRotate = (serverId: number, file: string, position: number, checksum: ChecksumAlgorithm): Buffer =>
  madeUp(eventType.ROTATE, serverId, 0, eventFlag.ARTIFICIAL, encodeRotate({ file, position }), checksum);

/** Tells that the server has read up to `position` and had nothing to send. */
export const heartbeat = (serverId: number, file: string, position: number, checksum: ChecksumAlgorithm): Buffer =>
  madeUp(eventType.HEARTBEAT, serverId, position >>> 0, 0, encodeHeartbeat(file), checksum);

/** As `heartbeat`, in the form that holds positions beyond 4 GiB. */
export const heartbeatV2 = (serverId: number, file: string, position: number, checksum: ChecksumAlgorithm): Buffer => {
  const name = Buffer.from(file);
  const place = lenenc(position);
  const body = Buffer.concat([
    Buffer.from([1]),
    lenenc(name.length),
    name,
    Buffer.from([2, place.length]),
    place,
    Buffer.from([0]),
  ]);
  return madeUp(eventType.HEARTBEAT_V2, serverId, position >>> 0, 0, body, checksum);
};

/**
 * A file's FORMAT_DESCRIPTION as a dump sends it: never marked as in use, which its checksum leaves out anyway. Without a position
 * when the dump starts further on in the file; without the time of creation, which would tell a replica to drop its temporary
 * tables, then and when the replica already has some of the transactions.
 */
export const sentFormatDescription = (
  event: Buffer,
  dump: { readonly fromInside: boolean; readonly afterOthers: boolean },
): Buffer => {
  const copy = Buffer.from(event);
  copy[flagsOffset] = copy[flagsOffset]! & ~eventFlag.IN_USE;
  if (!dump.fromInside && !dump.afterOthers) return copy;
  if (dump.fromInside) copy.writeUInt32LE(0, logPosOffset);
  copy.writeUInt32LE(0, createdOffset);
  const end = copy.length - checksumLength;
  // Without checksums the server leaves the old sum standing.
  if (copy[end - 1] === 1) copy.writeUInt32LE(crc32(copy, 0, end), end);
  return copy;
};

const logPosOffset = 13;
const flagsOffset = 17;
/** After the header, the binlog version u2 and the server version 50. */
const createdOffset = headerLength + 52;

const madeUp = (
  type: number,
  serverId: number,
  logPos: number,
  flags: number,
  body: Buffer,
  checksum: ChecksumAlgorithm,
): Buffer => {
  const end = headerLength + body.length;
  const event = Buffer.alloc(checksum === 'crc32' ? end + checksumLength : end);
  event[4] = type;
  event.writeUInt32LE(serverId, 5);
  event.writeUInt32LE(event.length, 9);
  event.writeUInt32LE(logPos, logPosOffset);
  event.writeUInt16LE(flags, flagsOffset);
  body.copy(event, headerLength);
  if (checksum === 'crc32') event.writeUInt32LE(crc32(event, 0, end), end);
  return event;
};
