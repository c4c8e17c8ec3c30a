import { crc32 } from 'node:zlib';
import { ByteReader } from '../../bytes/byte-reader.ts';
import { MillraceError } from '../../core/errors.ts';
import { checksumLength, type EventFrame, headerLength } from './event-frame.ts';
import { eventType, eventTypeName } from './event-type.ts';
import { type PayloadHead, readPayloadHead } from './events/transaction-payload.ts';

/**
 * Takes TRANSACTION_PAYLOAD events too large to be held, piece by piece as their bytes arrive. The calls come from within the
 * framer's `push`.
 */
export interface LargePayloads {
  /** Smaller events are delivered as others are, and so are larger ones that lie whole in the pushed chunk. */
  readonly fromBytes: number;
  /** A large event begins. `frame` has its header, and no body; it stays as it is. */
  begin(frame: EventFrame, payload: PayloadHead): void;
  /** The next bytes of the payload: a view of the chunk that was pushed. */
  piece(bytes: Buffer): void;
  /** All pieces came and their checksum is right. When it is not, `push` throws instead: nothing of it may be kept. */
  end(): void;
}

/** Whether the event that starts with this header is one for `payloads`. */
export const isLargePayload = (payloads: LargePayloads | null, header: Buffer, start: number): boolean =>
  payloads !== null &&
  header[start + 4] === eventType.TRANSACTION_PAYLOAD &&
  header.readUInt32LE(start + 9) >= Math.max(payloads.fromBytes, headerLength + checksumLength);

/** Passes the bytes of one event on and sums them on the way. */
export class PayloadPieces {
  readonly #payloads: LargePayloads;
  readonly #frame: EventFrame;
  /** Bytes of the body that are still to come. */
  #missing: number;
  /** The start of the body, until the payload's header is whole; null: it is behind us. */
  #head: Buffer | null;
  #headFilled = 0;
  #sum: number;
  readonly #stored: Buffer;
  #storedFilled = 0;

  /** `frame` holds the header's bytes. */
  constructor(frame: EventFrame, checksum: boolean, payloads: LargePayloads) {
    this.#payloads = payloads;
    this.#frame = frame;
    this.#stored = Buffer.alloc(checksum ? checksumLength : 0);
    this.#missing = frame.size - headerLength - this.#stored.length;
    this.#head = Buffer.alloc(Math.min(this.#missing, longestHead));
    this.#sum = crc32(frame.bytes.subarray(frame.start, frame.body));
  }

  /** Whether all of the event came. */
  get finished(): boolean {
    return this.#missing === 0 && this.#storedFilled === this.#stored.length;
  }

  /** Takes what comes next of the event; throws when it is more than the event has. */
  push(bytes: Buffer): void {
    const body = bytes.subarray(0, this.#missing);
    if (body.length > 0) {
      this.#missing -= body.length;
      this.#sum = crc32(body, this.#sum);
      this.#pass(body);
    }
    const rest = bytes.length - body.length;
    if (rest === 0) return;
    if (rest > this.#stored.length - this.#storedFilled) {
      throw new MillraceError('BYTES_MALFORMED', {
        what: 'TRANSACTION_PAYLOAD',
        reason: 'it is longer than its header says',
      });
    }
    this.#storedFilled += bytes.copy(this.#stored, this.#storedFilled, body.length);
  }

  /** Call when `finished`: verifies the checksum and tells the receiver. */
  end(): void {
    if (this.#stored.length > 0 && this.#stored.readUInt32LE(0) !== this.#sum) {
      throw new MillraceError('BINLOG_CHECKSUM_MISMATCH', {
        event: eventTypeName(this.#frame.type),
        logPos: this.#frame.logPos,
        stored: this.#stored.readUInt32LE(0),
        computed: this.#sum,
      });
    }
    if (this.#head !== null) {
      throw new MillraceError('BYTES_MALFORMED', { what: 'TRANSACTION_PAYLOAD', reason: 'it is empty' });
    }
    this.#payloads.end();
  }

  #pass(body: Buffer): void {
    if (this.#head === null) {
      this.#payloads.piece(body);
      return;
    }
    const taken = body.copy(this.#head, this.#headFilled);
    this.#headFilled += taken;
    if (this.#headFilled < this.#head.length) return;
    const r = new ByteReader(this.#head, 0, this.#head.length, eventTypeName(this.#frame.type));
    this.#payloads.begin(this.#frame, readPayloadHead(r, this.#frame.size - headerLength - this.#stored.length));
    this.#head = null;
    if (r.left > 0) this.#payloads.piece(r.view(r.left));
    if (taken < body.length) this.#payloads.piece(body.subarray(taken));
  }
}

/** Three fields take 34 bytes at the most; room for some that are not known yet. */
const longestHead = 256;
