import { crc32 } from '../../bytes/crc32.ts';
import { MillraceError } from '../../core/errors.ts';
import { checksumLength, type EventFrame, emptyFrame, eventFlag, headerLength, readHeader } from './event-frame.ts';
import { eventType, eventTypeName } from './event-type.ts';
import type { ChecksumAlgorithm } from './events/format-description.ts';

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

  /**
   * The event from `start` to `end`, checksum included. The frame is overwritten by the next call. Throws BYTES_MALFORMED when
   * the header disagrees with the range, BINLOG_CHECKSUM_MISMATCH when the bytes are damaged.
   */
  read(bytes: Buffer, start: number, end: number): EventFrame {
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
      verify(frame, crc32(bytes, start, frame.end));
    }
    return frame;
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
    // Without checksums, servers do not sum the event again when they clear `log_pos` and `created` for a dump that starts
    // inside the file.
    const changedInFlight = algorithm === 0 && frame.logPos === 0;
    if (!changedInFlight) verify(frame, sumWithFlagCleared(frame));
    this.#checksum = algorithm === 1;
  }
}

/** version u2, server version 50, created u4, header length u1, algorithm u1 */
const minimumFormatDescription = 58;

/** IN_USE changes while the file is open, so servers sum the event as if it were clear. */
const sumWithFlagCleared = (frame: EventFrame): number => {
  if ((frame.flags & eventFlag.IN_USE) === 0) return crc32(frame.bytes, frame.start, frame.end);
  const cleared = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
  cleared[17] = cleared[17]! & ~eventFlag.IN_USE;
  return crc32(cleared, 0, cleared.length);
};

const verify = (frame: EventFrame, computed: number): void => {
  const { bytes, end } = frame;
  const stored = bytes[end]! | (bytes[end + 1]! << 8) | (bytes[end + 2]! << 16) | (bytes[end + 3]! << 24);
  if (stored === (computed | 0)) return;
  throw new MillraceError('BINLOG_CHECKSUM_MISMATCH', {
    event: eventTypeName(frame.type),
    logPos: frame.logPos,
    stored: stored >>> 0,
    computed,
  });
};
