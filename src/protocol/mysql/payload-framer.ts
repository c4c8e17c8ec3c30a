import { createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { MillraceError } from '../../core/errors.ts';
import { EventCutter } from './event-cutter.ts';
import type { EventFrame } from './event-frame.ts';
import { EventReader } from './event-reader.ts';
import { eventType, eventTypeName } from './event-type.ts';
import type { PayloadHead, TransactionPayload } from './events/transaction-payload.ts';

/** Payloads up to this size are inflated in one piece: a stream takes ten times as long to set up as a small payload to inflate. */
export const inflateAtOnceBytes: number = 1024 * 1024;

/**
 * Delivers the events inside a payload of at most `inflateAtOnceBytes` inflated bytes. Throws BYTES_MALFORMED when the payload
 * is not exactly what its header says; some events may have been delivered by then.
 */
export const readSmallPayload = (payload: TransactionPayload, onEvent: (frame: EventFrame) => void): void => {
  const framer = new PayloadFramer(payload);
  framer.push(payload.compression === 'none' ? payload.payload : inflateAtOnce(payload), onEvent);
  framer.finish();
};

/**
 * The inflated bytes of a payload of any size, piece by piece as they are asked for: beside `pieces`, the payload's bytes in
 * whatever cuts, memory holds zstd's window and one piece of each kind. Throws BYTES_MALFORMED as soon as more comes than the header says, and at the end when less came or
 * compressed bytes are left over.
 */
export function inflatePayload(payload: TransactionPayload): AsyncGenerator<Buffer, void, undefined>;
export function inflatePayload(
  payload: PayloadHead,
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined>;
export async function* inflatePayload(
  payload: PayloadHead,
  pieces: AsyncIterable<Buffer> | Iterable<Buffer> = [(payload as TransactionPayload).payload],
): AsyncGenerator<Buffer, void, undefined> {
  const inflater = payload.compression === 'zstd' ? new Inflater(pieces) : null;
  let inflated = 0;
  for await (const piece of inflater ?? pieces) {
    inflated += piece.length;
    if (inflated > payload.inflatedBytes) break;
    yield piece;
  }
  checkSizes(payload, inflater?.consumed ?? inflated, inflated);
}

/** One zstd frame, fed as fast as its output is taken. */
class Inflater implements AsyncIterable<Buffer> {
  readonly #pieces: AsyncIterable<Buffer> | Iterable<Buffer>;
  readonly #zstd = createZstdDecompress({ chunkSize: pieceBytes });

  constructor(pieces: AsyncIterable<Buffer> | Iterable<Buffer>) {
    this.#pieces = pieces;
  }

  /** Bytes that belong to the frame: what follows it does not count. */
  get consumed(): number {
    return this.#zstd.bytesWritten;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    let failure: unknown = null;
    const feeding = this.#feed().catch((error: unknown) => {
      failure = error;
      this.#zstd.destroy();
    });
    try {
      for await (const piece of this.#zstd as AsyncIterable<Buffer>) yield piece;
      await feeding;
    } catch (error) {
      throw failure ?? malformed('its zstd frame is damaged', error);
    }
    if (failure !== null) throw failure;
  }

  async #feed(): Promise<void> {
    for await (const piece of this.#pieces) {
      if (this.#zstd.destroyed) return;
      // The callback comes when the piece is used up, also with an error, which the reading side reports.
      await new Promise<void>((resolve) => this.#zstd.write(piece, () => resolve()));
    }
    this.#zstd.end();
  }
}

/** Cuts the events out of a payload's inflated bytes. */
export class PayloadFramer {
  readonly #payload: PayloadHead;
  readonly #events = new EventReader('none');
  readonly #cutter = new EventCutter(refuseNested, (bytes, start, end) =>
    this.#onEvent(this.#events.read(bytes, start, end)),
  );
  #onEvent: (frame: EventFrame) => void = () => {};

  constructor(payload: PayloadHead) {
    this.#payload = payload;
  }

  /** Takes the next inflated bytes, calls `onEvent` for each event that they complete. The frame is overwritten for every event. */
  push(piece: Buffer, onEvent: (frame: EventFrame) => void): void {
    this.#onEvent = onEvent;
    this.#cutter.push(piece, 0);
  }

  /** Call when all pieces were pushed: throws BYTES_MALFORMED when the last event is not complete. */
  finish(): void {
    if (this.#cutter.unfinished > 0) {
      throw malformed(`its ${this.#payload.inflatedBytes} inflated bytes end inside an event`);
    }
  }
}

const refuseNested = (bytes: Buffer, start: number): void => {
  const type = bytes[start + 4]!;
  if (type === eventType.TRANSACTION_PAYLOAD || type === eventType.FORMAT_DESCRIPTION) {
    throw malformed(`it holds a ${eventTypeName(type)}`);
  }
};

/** Large pieces inflate faster, small ones stay in the processor's cache while their rows are read. */
const pieceBytes = 256 * 1024;

const inflateAtOnce = (payload: TransactionPayload): Buffer => {
  let result: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    // One byte more than announced is refused here; a limit of 0 would be taken for none.
    const options = { info: true, maxOutputLength: Math.max(payload.inflatedBytes, 1) };
    result = zstdDecompressSync(payload.payload, options) as unknown as typeof result;
  } catch (error) {
    throw malformed('its zstd frame is damaged or larger than stated', error);
  }
  checkSizes(payload, result.engine.bytesWritten, result.buffer.length);
  return result.buffer;
};

/** zlib drops whatever follows the first frame without a word, so sizes are the only sign that something is missing. */
const checkSizes = (payload: PayloadHead, consumed: number, inflated: number): void => {
  if (inflated !== payload.inflatedBytes) {
    throw malformed(`${inflated} bytes came out, its header says ${payload.inflatedBytes}`);
  }
  if (consumed !== payload.payloadBytes) {
    throw malformed(`${payload.payloadBytes - consumed} bytes follow its zstd frame`);
  }
};

const malformed = (reason: string, cause?: unknown): MillraceError =>
  new MillraceError(
    'BYTES_MALFORMED',
    { what: 'TRANSACTION_PAYLOAD', reason },
    cause === undefined ? undefined : { cause },
  );
