import { MillraceError } from '../../core/errors.ts';
import { headerLength } from './event-frame.ts';
import { maxEventBytes } from './event-size.ts';
import type { PayloadPieces } from './large-payload.ts';

/**
 * Cuts events that follow one another without anything in between (in files, in inflated transactions) by the size in their
 * headers. Events that lie whole in a chunk are delivered where they lie; what a chunk leaves unfinished is copied, once.
 */
export class EventCutter {
  readonly #inspect: (bytes: Buffer, start: number) => void;
  readonly #deliver: (bytes: Buffer, start: number, end: number) => void;
  readonly #startPieces: (header: Buffer) => PayloadPieces | null;
  /** The event that is being passed on in pieces, its size, and how many bytes of it are still to come. */
  #pieces: PayloadPieces | null = null;
  #pieceBytes = 0;
  #missing = 0;
  #tail: Buffer = Buffer.alloc(headerLength);
  #filled = 0;

  /**
   * `inspect` sees every header before its size is believed, and throws when it cannot be one. `startPieces` sees the headers of
   * events that are not whole in one chunk, and answers who takes such an event in pieces, or null to have it gathered.
   */
  constructor(
    inspect: (bytes: Buffer, start: number) => void,
    deliver: (bytes: Buffer, start: number, end: number) => void,
    startPieces: (header: Buffer) => PayloadPieces | null = () => null,
  ) {
    this.#inspect = inspect;
    this.#deliver = deliver;
    this.#startPieces = startPieces;
  }

  /** Bytes of an unfinished event. */
  get unfinished(): number {
    return this.#pieces === null ? this.#filled : this.#pieceBytes - this.#missing;
  }

  /** Forgets the unfinished event. */
  reset(): void {
    this.#filled = 0;
    this.#pieces = null;
  }

  /** Takes the bytes of `chunk` from `from` on. */
  push(chunk: Buffer, from: number): void {
    let at = from;
    while (at < chunk.length) {
      if (this.#pieces !== null) at = this.#pass(chunk, at, this.#pieces);
      else at = this.#filled > 0 ? this.#collect(chunk, at) : this.#scan(chunk, at);
    }
  }

  #scan(chunk: Buffer, from: number): number {
    let at = from;
    while (at + headerLength <= chunk.length) {
      const end = at + this.#eventSize(chunk, at);
      if (end > chunk.length) break;
      this.#deliver(chunk, at, end);
      at = end;
    }
    return at < chunk.length ? this.#collect(chunk, at) : at;
  }

  #collect(chunk: Buffer, from: number): number {
    let needed = this.#needed();
    if (this.#filled === this.#tail.length) this.#grow(needed);
    const room = Math.min(needed, this.#tail.length) - this.#filled;
    const taken = Math.min(room, chunk.length - from);
    chunk.copy(this.#tail, this.#filled, from, from + taken);
    this.#filled += taken;
    needed = this.#needed();
    if (this.#filled === headerLength) {
      this.#pieces = this.#startPieces(this.#tail);
      if (this.#pieces !== null) {
        this.#pieceBytes = needed;
        this.#missing = needed - headerLength;
        this.#tail = Buffer.alloc(headerLength);
        this.#filled = 0;
        return from + taken;
      }
    }
    if (this.#filled === needed) {
      const event = this.#tail;
      // Frames point into it, so it is not used again.
      this.#tail = Buffer.alloc(headerLength);
      this.#filled = 0;
      this.#deliver(event, 0, needed);
    }
    return from + taken;
  }

  #pass(chunk: Buffer, from: number, pieces: PayloadPieces): number {
    const piece = chunk.subarray(from, from + this.#missing);
    pieces.push(piece);
    this.#missing -= piece.length;
    if (this.#missing === 0) {
      this.#pieces = null;
      pieces.end();
    }
    return from + piece.length;
  }

  /** How many bytes must be there for the next step: a header, then the event it announces. */
  #needed(): number {
    return this.#filled < headerLength ? headerLength : this.#eventSize(this.#tail, 0);
  }

  /** Gives room for all of an event only when its first 16 MiB have come: four damaged bytes may announce a gigabyte. */
  #grow(needed: number): void {
    const room = Buffer.allocUnsafe(this.#filled < unprovenBytes ? Math.min(needed, unprovenBytes) : needed);
    this.#tail.copy(room, 0, 0, this.#filled);
    this.#tail = room;
  }

  #eventSize(bytes: Buffer, at: number): number {
    this.#inspect(bytes, at);
    const size = bytes.readUInt32LE(at + 9);
    if (size > maxEventBytes) {
      throw new MillraceError('BINLOG_EVENT_TOO_LARGE', { what: 'event', sizeBytes: size, limitBytes: maxEventBytes });
    }
    if (size < headerLength) {
      throw new MillraceError('BYTES_MALFORMED', { what: 'event header', reason: `an event of ${size} bytes` });
    }
    return size;
  }
}

const unprovenBytes = 16 * 1024 * 1024;
