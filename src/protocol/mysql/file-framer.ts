/**
 * A binlog file: fe 62 69 6e ("bin" after an end-of-file mark), then events one after the other, FORMAT_DESCRIPTION first.
 */

import { MillraceError } from '../../core/errors.ts';
import { EventCutter } from './event-cutter.ts';
import type { EventFrame } from './event-frame.ts';
import { EventReader } from './event-reader.ts';
import { eventType } from './event-type.ts';
import { isLargePayload, type LargePayloads, type PayloadPieces } from './large-payload.ts';

/** What a file breaks off with: where the unfinished event starts, and how many bytes of it are there. */
export interface TornTail {
  readonly position: number;
  readonly bytes: number;
}

export interface FileFramerOptions {
  /** What errors call the file. */
  readonly name?: string;
  /** Takes large compressed transactions in pieces; default: they are gathered and delivered as others. */
  readonly largePayloads?: LargePayloads;
}

/**
 * Cuts events out of a file's chunks where they lie; only what a chunk leaves unfinished is copied, once. Frames point into the
 * chunk, so a chunk must not be overwritten while its events are in use. Useless after it has thrown.
 */
export class FileFramer {
  readonly #events = new EventReader('none');
  readonly #cutter = new EventCutter(
    (bytes, start) => this.#inspect(bytes, start),
    (bytes, start, end) => this.#deliver(bytes, start, end),
    (header) => this.#startPieces(header),
  );
  readonly #name: string;
  readonly #largePayloads: LargePayloads | null;
  readonly #magic = Buffer.alloc(4);
  #position = 0;
  #described = false;
  #encryptionStarted = false;
  #onEvent: (frame: EventFrame) => void = () => {};

  constructor(options: FileFramerOptions = {}) {
    this.#name = options.name ?? 'binlog file';
    this.#largePayloads = options.largePayloads ?? null;
  }

  /** Where the event after the last delivered one starts; inside `onEvent`, where the next one starts. Exact beyond 4 GiB. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes come from `position`, where an event starts. The file's FORMAT_DESCRIPTION must have been delivered. */
  seek(position: number): void {
    this.#position = position;
    this.#cutter.reset();
  }

  /** Takes the next bytes, calls `onEvent` for each event that they complete. The frame is overwritten for every event. */
  push(chunk: Buffer, onEvent: (frame: EventFrame) => void): void {
    this.#onEvent = onEvent;
    let at = 0;
    for (; this.#position < this.#magic.length && at < chunk.length; at += 1) {
      this.#magic[this.#position] = chunk[at]!;
      this.#position += 1;
      if (this.#position === this.#magic.length) checkMagic(this.#magic, this.#name);
    }
    this.#cutter.push(chunk, at);
  }

  /** Call when the file has no more bytes. null: it ends between two events (a file being written grows on from there). */
  finish(): TornTail | null {
    if (!this.#described) return { position: 0, bytes: this.#position + this.#cutter.unfinished };
    const bytes = this.#cutter.unfinished;
    return bytes === 0 ? null : { position: this.#position, bytes };
  }

  #inspect(bytes: Buffer, start: number): void {
    if (!this.#described && bytes[start + 4] !== eventType.FORMAT_DESCRIPTION) {
      throw new MillraceError('BYTES_MALFORMED', {
        what: this.#name,
        reason: 'its first event is no FORMAT_DESCRIPTION',
      });
    }
    if (this.#encryptionStarted) {
      // Cipher text follows, unless a server decrypted what it sent to who wrote this file: then the header makes sense.
      const end = this.#position + bytes.readUInt32LE(start + 9);
      if (bytes.readUInt32LE(start + 13) !== end % 2 ** 32) {
        throw new MillraceError('BINLOG_ENCRYPTED', { file: this.#name, how: 'MariaDB encrypt_binlog' });
      }
    }
  }

  #startPieces(header: Buffer): PayloadPieces | null {
    const payloads = this.#largePayloads;
    if (payloads === null || !isLargePayload(payloads, header, 0)) return null;
    return this.#events.readPieces(header, 0, {
      fromBytes: payloads.fromBytes,
      begin: (frame, payload) => payloads.begin(frame, payload),
      piece: (bytes) => payloads.piece(bytes),
      end: () => {
        this.#position += header.readUInt32LE(9);
        payloads.end();
      },
    });
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    const frame = this.#events.read(bytes, start, end);
    this.#described = true;
    this.#encryptionStarted = frame.type === eventType.START_ENCRYPTION;
    this.#position += end - start;
    this.#onEvent(frame);
  }
}

/** What a binlog file starts with. */
export const binlogMagic: Buffer = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
const encryptedMagic = 0xfd62696e;

const checkMagic = (bytes: Buffer, file: string): void => {
  const found = bytes.readUInt32BE(0);
  if (found === encryptedMagic) throw new MillraceError('BINLOG_ENCRYPTED', { file, how: 'MySQL binlog_encryption' });
  if (found !== binlogMagic.readUInt32BE(0)) {
    throw new MillraceError('BINLOG_NOT_A_BINLOG', { file, found: found.toString(16).padStart(8, '0') });
  }
};
