import { MillraceError } from '../core/errors.ts';

/**
 * Reads little-endian fields one after the other from a range of bytes. Every access is checked: what does not fit throws
 * BYTES_TRUNCATED naming `what`. Nothing is copied or allocated on the word of a length that the bytes do not cover.
 */
export class ByteReader {
  readonly bytes: Buffer;
  /** Where the next field starts, as an index of `bytes`. */
  offset: number;
  readonly end: number;
  /** Names the thing being read, for errors: `QUERY event`. */
  readonly what: string;

  constructor(bytes: Buffer, start: number, end: number, what: string) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    this.what = what;
  }

  get left(): number {
    return this.end - this.offset;
  }

  u8(): number {
    return this.bytes[this.advance(1)]!;
  }

  u16(): number {
    const at = this.advance(2);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  u24(): number {
    const at = this.advance(3);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8) | (this.bytes[at + 2]! << 16);
  }

  u32(): number {
    return u32At(this.bytes, this.advance(4));
  }

  i32(): number {
    return u32At(this.bytes, this.advance(4)) | 0;
  }

  u48(): number {
    return u48At(this.bytes, this.advance(6));
  }

  /** A number up to 2^53 - 1, a bigint beyond. */
  u64(): number | bigint {
    return u64At(this.bytes, this.advance(8));
  }

  /** A u64 that counts or measures something: beyond 2^53 - 1 it can only be damage. */
  size64(): number {
    const value = this.u64();
    if (typeof value === 'bigint') throw this.malformed(`${value} is no plausible size`);
    return value;
  }

  /**
   * MySQL's length-encoded integer: one byte below fb, or fc + u16, fd + u24, fe + u64. fb (NULL in text rows) and ff are no
   * lengths. Beyond 2^53 - 1 it can only be damage.
   */
  lenenc(): number {
    const first = this.u8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.u16();
    if (first === 0xfd) return this.u24();
    if (first === 0xfe) return this.size64();
    throw this.malformed(`0x${first.toString(16)} starts no length`);
  }

  /** A count of things that each take at least `minimumBytes` of what is left, so that it is safe to allocate for. */
  count(value: number, minimumBytes = 1): number {
    if (value * minimumBytes > this.left) throw this.truncated(value * minimumBytes);
    return value;
  }

  /** A view of the next `length` bytes; it shares their memory. */
  view(length: number): Buffer {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  utf8(length: number): string {
    const start = this.advance(length);
    return this.bytes.utf8Slice(start, start + length);
  }

  latin1(length: number): string {
    const start = this.advance(length);
    return this.bytes.latin1Slice(start, start + length);
  }

  skip(length: number): void {
    this.advance(length);
  }

  /** Moves past `length` bytes and answers where they start. */
  advance(length: number): number {
    const start = this.offset;
    if (length > this.end - start) throw this.truncated(length);
    this.offset = start + length;
    return start;
  }

  malformed(reason: string): MillraceError {
    return new MillraceError('BYTES_MALFORMED', { what: this.what, reason });
  }

  private truncated(needed: number): MillraceError {
    return new MillraceError('BYTES_TRUNCATED', { what: this.what, offset: this.offset, needed, left: this.left });
  }
}

// Unchecked, for callers who know that the bytes are there. Byte by byte, because that is what V8 makes the fastest code of:
// Buffer's own methods check their offset once more.

/** A u32 from 4 bytes. */
export const u32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/** A u48 from 6 bytes. */
export const u48At = (bytes: Uint8Array, at: number): number =>
  u32At(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * 0x100000000;

/** A u64 from 8 bytes: a number up to 2^53 - 1, a bigint beyond. */
export const u64At = (bytes: Uint8Array, at: number): number | bigint => {
  const low = u32At(bytes, at);
  const high = u32At(bytes, at + 4);
  return high < 0x200000 ? high * 0x100000000 + low : (BigInt(high) << 32n) | BigInt(low);
};
