/**
 * The packets a server answers a dump with, one event each.
 *
 *   length u3 | sequence u1 | payload
 *   payload:  00 | [ef | acknowledge u1, with semi-synchronous replication] | event
 *             fe …, shorter than 9 bytes: the end (non-blocking dumps)
 *             ff | code u2 | [# state 5] | message
 *
 * A payload of ffffff bytes goes on in the next packet, an empty one when nothing is left; only the first has the status byte.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump.html
 */

import { ByteReader } from '../../bytes/byte-reader.ts';
import { nativeFrom } from '../../bytes/crc32.ts';
import { Crc32Run, longestInRun } from '../../bytes/crc32-run.ts';
import { MillraceError } from '../../core/errors.ts';
import type { EventFrame } from './event-frame.ts';
import { checksumLength, headerLength, viewOf } from './event-frame.ts';
import { EventReader } from './event-reader.ts';
import { maxEventBytes } from './event-size.ts';
import type { ChecksumAlgorithm } from './events/format-description.ts';
import { isLargePayload, type LargePayloads, type PayloadPieces } from './large-payload.ts';

export interface NetworkFramerOptions {
  /** What the session variable `@source_binlog_checksum` was set to. */
  readonly checksum: ChecksumAlgorithm;
  /** Takes large compressed transactions in pieces; default: they are gathered and delivered as others. */
  readonly largePayloads?: LargePayloads;
}

/**
 * Cuts events out of socket chunks where they lie; only what a chunk leaves unfinished is copied, once. Frames point into the
 * chunk, so a chunk must not be overwritten while its events are in use. Useless after it has thrown.
 */
export class NetworkFramer {
  readonly #events: EventReader;
  readonly #largePayloads: LargePayloads | null;
  /** The next packet's number; the dump command was 0. */
  #sequence = 1;
  #ended = false;
  #acknowledgementWanted = false;
  /** Status bytes before each event; not known before the first, whose timestamp is 0. */
  #prefix: 1 | 3 | null = null;

  /** Up to where in the chunk checksums were looked at together, and whether all of them were right. */
  #runEnd = 0;
  #runHolds = false;

  // The logical packet that the last chunk left unfinished, or one of several packets:
  #collecting = false;
  readonly #header = Buffer.alloc(4);
  #headerFilled = 0;
  #payload: Buffer = empty;
  #filled = 0;
  /** Bytes of the current packet that are still to come; 0: a packet header is due. */
  #missing = 0;
  #continued = false;
  /** Takes the event instead of `#payload`. */
  #pieces: PayloadPieces | null = null;

  constructor(options: NetworkFramerOptions) {
    this.#events = new EventReader(options.checksum);
    this.#largePayloads = options.largePayloads ?? null;
  }

  /** The server said that there is no more (non-blocking dumps). */
  get ended(): boolean {
    return this.#ended;
  }

  /** Inside `onEvent` or `LargePayloads.end`: the server waits for a semi-synchronous acknowledgement of this event. */
  get acknowledgementWanted(): boolean {
    return this.#acknowledgementWanted;
  }

  /**
   * Takes the next bytes, calls `onEvent` for each event that they complete. The frame is one object, overwritten for every
   * event. Throws MYSQL_SERVER_ERROR when the server reports one, and typed errors for whatever is no event.
   */
  push(chunk: Buffer, onEvent: (frame: EventFrame) => void): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#collecting ? this.#collect(chunk, at, onEvent) : this.#scan(chunk, at, onEvent);
    }
  }

  /** Delivers the packets that lie whole in the chunk; the first that does not is left to `#collect`. */
  #scan(chunk: Buffer, from: number, onEvent: (frame: EventFrame) => void): number {
    const length = chunk.length;
    const view = viewOf(chunk);
    let at = from;
    this.#runEnd = from;
    while (at + 4 <= length) {
      const head = view.getUint32(at, true);
      const size = head & 0xffffff;
      const end = at + 4 + size;
      if (end > length || size === fullPacket) break;
      this.#checkSequence(head >>> 24);
      if (at >= this.#runEnd) this.#verifyRun(chunk, view, at, end);
      this.#deliver(chunk, at + 4, end, onEvent, this.#runHolds);
      at = end;
    }
    if (at < length) this.#collecting = true;
    return at;
  }

  /**
   * Verifies the checksums of the small events from `from` on together. When that fails, or is not worth it, each event is
   * verified by itself, so that damage is told of the event that has it, after those before it were delivered.
   */
  #verifyRun(chunk: Buffer, view: DataView, from: number, firstEnd: number): void {
    this.#runEnd = firstEnd;
    this.#runHolds = false;
    const prefix = this.#prefix;
    if (prefix === null || !this.#events.checksums) return;
    const run = new Crc32Run(chunk, from);
    for (let at = from; at + 4 <= chunk.length; at = run.end) {
      const size = view.getUint32(at, true) & 0xffffff;
      const eventLength = size - prefix;
      const isSmall = eventLength >= headerLength + checksumLength && eventLength <= longestInRun;
      if (!isSmall || at + 4 + size > chunk.length) break;
      run.add(4 + prefix, eventLength);
    }
    if (run.end === from) return;
    this.#runEnd = run.end;
    this.#runHolds = run.end - from >= nativeFrom && run.holds();
  }

  #collect(chunk: Buffer, from: number, onEvent: (frame: EventFrame) => void): number {
    let at = from;
    if (this.#missing === 0) {
      while (this.#headerFilled < 4) {
        if (at === chunk.length) return at;
        this.#header[this.#headerFilled] = chunk[at]!;
        this.#headerFilled += 1;
        at += 1;
      }
      this.#headerFilled = 0;
      this.#openPacket();
    }
    const taken = this.#take(chunk, at);
    this.#missing -= taken;
    if (this.#missing === 0 && !this.#continued) this.#finish(onEvent);
    return at + taken;
  }

  /** Takes what `chunk` has of the current packet, or as much as there is room for now. */
  #take(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#missing, chunk.length);
    if (this.#pieces !== null) {
      this.#pieces.push(chunk.subarray(at, end));
      return end - at;
    }
    const taken = chunk.copy(this.#payload, this.#filled, at, end);
    this.#filled += taken;
    if (this.#filled === this.#payload.length && taken < this.#missing) this.#decide(this.#missing - taken);
    return taken;
  }

  /** With the first bytes of a large packet here: is the event passed on in pieces, or gathered, `rest` bytes more? */
  #decide(rest: number): void {
    const payload = this.#payload;
    const start = this.#prefixOf(payload, 0);
    if (payload[0] === 0 && isLargePayload(this.#largePayloads, payload, start)) {
      this.#notePrefix(payload, 0);
      this.#pieces = this.#events.readPieces(payload, start, this.#largePayloads!);
      this.#pieces.push(payload.subarray(start + headerLength, this.#filled));
      return;
    }
    this.#payload = Buffer.allocUnsafe(this.#filled + rest);
    payload.copy(this.#payload, 0, 0, this.#filled);
  }

  #finish(onEvent: (frame: EventFrame) => void): void {
    const payload = this.#payload;
    const end = this.#filled;
    const pieces = this.#pieces;
    this.#payload = empty;
    this.#filled = 0;
    this.#pieces = null;
    this.#collecting = false;
    if (pieces === null) {
      this.#deliver(payload, 0, end, onEvent, false);
    } else if (pieces.finished) {
      pieces.end();
    } else {
      throw new MillraceError('BYTES_MALFORMED', {
        what: 'TRANSACTION_PAYLOAD',
        reason: 'its packet ends before the event does',
      });
    }
  }

  #openPacket(): void {
    const size = this.#header.readUIntLE(0, 3);
    this.#checkSequence(this.#header[3]!);
    this.#missing = size;
    this.#continued = size === fullPacket;
    const needed = this.#filled + size;
    if (this.#pieces !== null || needed <= this.#payload.length) return;
    if (this.#filled === 0) {
      const mayComeInPieces = this.#largePayloads !== null && size >= longestPrefix + headerLength;
      this.#payload = Buffer.allocUnsafe(mayComeInPieces ? longestPrefix + headerLength : size);
      return;
    }
    // The first packet, ffffff bytes, is here, and with it the event's size: room for all of it at once.
    const prefix = this.#prefixOf(this.#payload, 0);
    const whole = prefix + this.#payload.readUInt32LE(prefix + 9);
    if (whole > maxEventBytes) {
      throw new MillraceError('BINLOG_EVENT_TOO_LARGE', {
        what: 'event',
        sizeBytes: whole,
        limitBytes: maxEventBytes,
      });
    }
    if (needed > whole) {
      throw new MillraceError('BYTES_MALFORMED', {
        what: 'continued packet',
        reason: `it brings ${needed} bytes of an event of ${whole}`,
      });
    }
    const room = Buffer.allocUnsafe(whole);
    this.#payload.copy(room, 0, 0, this.#filled);
    this.#payload = room;
  }

  #checkSequence(sequence: number): void {
    // A source that waits for acknowledgements counts from 1 again after each.
    if (sequence !== this.#sequence && !(this.#prefix === 3 && sequence === 1)) {
      throw new MillraceError('BINLOG_OUT_OF_SEQUENCE', { expected: this.#sequence, got: sequence });
    }
    this.#sequence = (sequence + 1) & 0xff;
  }

  #deliver(bytes: Buffer, start: number, end: number, onEvent: (frame: EventFrame) => void, verified: boolean): void {
    const status = start < end ? bytes[start]! : null;
    if (this.#ended || status === null) {
      throw new MillraceError('BINLOG_STREAM_GARBAGE', { status, lengthBytes: end - start });
    }
    if (status === 0) {
      onEvent(this.#events.read(bytes, start + this.#notePrefix(bytes, start), end, verified));
    } else if (status === 0xfe && end - start < 9) {
      this.#ended = true;
    } else if (status === 0xff) {
      throw serverError(new ByteReader(bytes, start + 1, end, 'error packet'));
    } else {
      throw new MillraceError('BINLOG_STREAM_GARBAGE', { status, lengthBytes: end - start });
    }
  }

  #notePrefix(bytes: Buffer, start: number): 1 | 3 {
    const prefix = this.#prefixOf(bytes, start);
    this.#prefix = prefix;
    this.#acknowledgementWanted = prefix === 3 && bytes[start + 2] === 1;
    return prefix;
  }

  /** The first packet is a ROTATE made up for the dump, whose first byte (of its timestamp) is 0, unless `ef` stands before. */
  #prefixOf(bytes: Buffer, start: number): 1 | 3 {
    return this.#prefix ?? (bytes[start + 1] === 0xef ? 3 : 1);
  }
}

const fullPacket = 0xffffff;
/** 00, ef and the acknowledgement flag. */
const longestPrefix = 3;
const empty = Buffer.alloc(0);

const serverError = (r: ByteReader): MillraceError => {
  const code = r.u16();
  const hasState = r.left >= 6 && r.bytes[r.offset] === 0x23;
  if (hasState) r.skip(1);
  const state = hasState ? r.latin1(5) : 'HY000';
  return new MillraceError('MYSQL_SERVER_ERROR', { code, state, message: r.utf8(r.left) });
};
