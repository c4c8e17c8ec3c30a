/**
 * PARTIAL_ROW_DATA (172), MariaDB 12.3: a piece of a rows event too large for one event.
 *
 *   sequence u4, from 1 | total u4 | flags u1 | [flags & 1, first piece only: size of the whole u8] | piece to the end
 *
 * MariaDB's documentation has sequence and total in either order; in the first piece of several the one that is 1 is the
 * sequence. The pieces together are a rows event with its header, recognised by its type and size.
 * https://mariadb.com/docs/server/reference/clientserver-protocol/replication-protocol/partial_row_data_event (MDEV-32570)
 */

import { MillraceError } from '../../../core/errors.ts';
import { bodyReader, type EventFrame, emptyFrame, headerLength, readHeader } from '../event-frame.ts';
import { maxEventBytes } from '../event-size.ts';
import { isRowsEvent } from './rows-event.ts';

/**
 * Puts the pieces of rows events together again. The pieces of one event follow one another without another event in between.
 * Holds at most the size that a rows event may have.
 */
export class PartialRows {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wholeBytes = 0;
  #next = 1;
  #total = 0;
  #totalFirst = false;

  /** Whether pieces are still due: then no other event may come. */
  get unfinished(): boolean {
    return this.#total !== 0;
  }

  /** Takes a PARTIAL_ROW_DATA event, whose bytes are copied. The whole rows event with the last piece, null before. */
  add(frame: EventFrame): EventFrame | null {
    const r = bodyReader(frame);
    const first = r.u32();
    const second = r.u32();
    const flags = r.u8();
    if (flags & startFlag) {
      if (this.unfinished) throw r.malformed('it starts while another is not complete');
      this.#totalFirst = first !== 1;
      this.#total = this.#totalFirst ? first : second;
      this.#wholeBytes = r.size64();
      if (this.#wholeBytes > maxEventBytes) {
        throw new MillraceError('BINLOG_EVENT_TOO_LARGE', {
          what: 'rows event in pieces',
          sizeBytes: this.#wholeBytes,
          limitBytes: maxEventBytes,
        });
      }
    }
    const [sequence, total] = this.#totalFirst ? [second, first] : [first, second];
    if (sequence !== this.#next || total !== this.#total || sequence > total) {
      throw r.malformed(`piece ${sequence} of ${total} where ${this.#next} of ${this.#total} was due`);
    }
    this.#bytes += r.left;
    if (this.#bytes > this.#wholeBytes) {
      throw r.malformed(`its pieces have more than the ${this.#wholeBytes} bytes announced`);
    }
    this.#pieces.push(Buffer.from(r.view(r.left)));
    this.#next += 1;
    if (sequence < total) return null;
    if (this.#bytes !== this.#wholeBytes) {
      throw r.malformed(`its pieces have ${this.#bytes} of ${this.#wholeBytes} bytes`);
    }
    const bytes = Buffer.concat(this.#pieces, this.#bytes);
    this.reset();
    return wholeFrame(bytes, frame);
  }

  /** Forgets the pieces of an event that will not be completed (the connection was lost). */
  reset(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#wholeBytes = 0;
    this.#next = 1;
    this.#total = 0;
  }
}

const startFlag = 1;

const wholeFrame = (bytes: Buffer, last: EventFrame): EventFrame => {
  const frame = emptyFrame();
  const hasHeader = bytes.length >= headerLength && isRowsEvent(bytes[4]!) && bytes.readUInt32LE(9) === bytes.length;
  if (!hasHeader) {
    throw new MillraceError('BINLOG_UNSUPPORTED_EVENT', {
      event: 'PARTIAL_ROW_DATA',
      logPos: last.logPos,
      reason: 'its pieces together do not start with the header of a rows event',
    });
  }
  readHeader(frame, bytes, 0, bytes.length);
  frame.logPos = last.logPos;
  return frame;
};
