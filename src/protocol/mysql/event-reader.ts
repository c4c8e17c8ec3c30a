import { crc32 } from '../../bytes/crc32.ts';
import { MillraceError } from '../../core/errors.ts';
import { checksumLength, type EventFrame, emptyFrame, eventFlag, headerLength, readHeader } from './event-frame.ts';
import { eventType, eventTypeName } from './event-type.ts';
import type { ChecksumAlgorithm } from './events/format-description.ts';
import { type LargePayloads, PayloadPieces } from './large-payload.ts';

/**
 * Turns the bytes of whole events into frames and verifies their checksums. Whether events carry one: as the session variable
 * says until the first FORMAT_DESCRIPTION, as that event says from then on. FORMAT_DESCRIPTION itself always does.
 */
export class EventReader {
  readonly #frame = emptyFrame();
  #checksum: boolean;

  /** `checksum`: what the session variable `@source_binlog_checksum` was set to; `none` for files. */
  constructor(checksum: ChecksumAlgorithm) {
    this.#checksum = checksum === 'crc32';
  }

  /** Events carry checksums, as far as is known before the next FORMAT_DESCRIPTION. */
  get checksums(): boolean {
    return this.#checksum;
  }

  /**
   * The event from `start` to `end`, checksum included. The frame is overwritten by the next call. `verified`: its checksum was
   * seen to be right. Throws BYTES_MALFORMED when the header disagrees with the range, BINLOG_CHECKSUM_MISMATCH when the bytes
   * are damaged.
   */
  read(bytes: Buffer, start: number, end: number, verified = false): EventFrame {
    const frame = this.#frame;
    const minimum = this.#checksum ? headerLength + checksumLength : headerLength;
    if (end - start < minimum) {
      throw new MillraceError('BYTES_TRUNCATED', {
        what: 'event header',
        offset: start,
        needed: minimum,
        left: end - start,
      });
    }
    readHeader(frame, bytes, start, end);
    if (frame.size !== end - start) {
      const reason = `its header says ${frame.size} bytes, ${end - start} came`;
      throw new MillraceError('BYTES_MALFORMED', { what: eventTypeName(frame.type), reason });
    }
    if (frame.type === eventType.FORMAT_DESCRIPTION) {
      this.#readFormatDescription(frame);
    } else if (this.#checksum) {
      frame.end = end - checksumLength;
      if (!verified) verify(frame, crc32(bytes, start, frame.end));
    }
    return frame;
  }

  /** Starts an event that is passed on in pieces. `header` holds its header and is kept. */
  readPieces(header: Buffer, start: number, payloads: LargePayloads): PayloadPieces {
    const frame = emptyFrame();
    readHeader(frame, header, start, start + headerLength);
    return new PayloadPieces(frame, this.#checksum, payloads);
  }

  #readFormatDescription(frame: EventFrame): void {
    frame.end -= checksumLength;
    const algorithm = frame.bytes[frame.end - 1]!;
    if (frame.end - frame.body < minimumFormatDescription || algorithm > 1) {
      throw new MillraceError('BYTES_MALFORMED', {
        what: eventTypeName(frame.type),
        reason: `checksum algorithm ${algorithm} in a body of ${frame.end - frame.body} bytes`,
      });
    }
    const stored = storedSum(frame);
    const computed = candidateSums(frame, algorithm === 0);
    if (!computed.includes(stored)) throw mismatch(frame, stored, computed[0]!);
    this.#checksum = algorithm === 1;
  }
}

/** version u2, server version 50, created u4, header length u1, algorithm u1 */
const minimumFormatDescription = 58;

/**
 * What the event's checksum may be. IN_USE changes while the file is open, so servers sum the event as if it were clear. In a
 * dump they clear `log_pos` and `created` when it starts inside the file, and only sum the event again if the others have
 * checksums: then what it was in the file counts, where `log_pos` is the event's end and `created` 0 or the event's time.
 */
const candidateSums = (frame: EventFrame, mayBeChanged: boolean): readonly number[] => {
  const event = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
  event[17] = event[17]! & ~eventFlag.IN_USE;
  const sums = [crc32(event, 0, event.length)];
  if (mayBeChanged) {
    event.writeUInt32LE(magicLength + frame.size, 13);
    sums.push(crc32(event, 0, event.length));
    event.writeUInt32LE(frame.timestamp, createdOffset);
    sums.push(crc32(event, 0, event.length));
  }
  return sums;
};

const magicLength = 4;
const createdOffset = headerLength + 52;

const verify = (frame: EventFrame, computed: number): void => {
  const stored = storedSum(frame);
  if (stored !== computed) throw mismatch(frame, stored, computed);
};

const storedSum = ({ bytes, end }: EventFrame): number =>
  (bytes[end]! | (bytes[end + 1]! << 8) | (bytes[end + 2]! << 16) | (bytes[end + 3]! << 24)) >>> 0;

const mismatch = (frame: EventFrame, stored: number, computed: number): MillraceError =>
  new MillraceError('BINLOG_CHECKSUM_MISMATCH', {
    event: eventTypeName(frame.type),
    logPos: frame.logPos,
    stored,
    computed,
  });
