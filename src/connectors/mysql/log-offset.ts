import { type EventFrame, eventFlag } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';

/** 2^32: event headers hold offsets modulo this. */
const wrap = 0x1_0000_0000;

/**
 * Where in the log the reader is, in bytes and beyond 4 GiB. Headers say where the next event starts, but not always: MariaDB writes
 * 0 inside transactions, and servers write 0 into events that they make up or repeat for a dump.
 */
export class LogOffset {
  file: string;
  /** Where the event after the last one starts. */
  next: number;

  constructor(file: string, next: number) {
    this.file = file;
    this.next = next;
  }

  /** Takes the next event of the log and answers where it starts. */
  advance(frame: EventFrame): number {
    const { logPos, size } = frame;
    const expected = this.next + size;
    if (logPos !== 0) {
      this.next = logPos === expected ? expected : this.#at(logPos, expected);
    } else if (frame.type !== eventType.FORMAT_DESCRIPTION && (frame.flags & eventFlag.ARTIFICIAL) === 0) {
      // FORMAT_DESCRIPTION without an offset is the file's first event, repeated for a dump that starts further on.
      this.next = expected;
    }
    return this.next - size;
  }

  /** Follows the log into another file, or to another place of this one. */
  moveTo(file: string, offset: number): void {
    this.file = file;
    this.next = offset;
  }

  /** The full offset of a header's 32 bits: the nearest at or after what was expected, since skipped events only lie ahead. */
  #at(logPos: number, expected: number): number {
    const candidate = expected - (expected % wrap) + logPos;
    return candidate < expected - wrap / 2 ? candidate + wrap : candidate;
  }
}
