import { Buffer } from 'node:buffer';

/**
 * Elements of a listpack as Redis writes them, each with its own length behind it for who reads backwards:
 *
 *     0xxxxxxx            0 to 127                110xxxxx xxxxxxxx   -4096 to 4095
 *     F1 F2 F3 F4         16, 24, 32 and 64 bits, the lowest byte first
 *     10xxxxxx …          a text below 64 bytes   1110xxxx xxxxxxxx … below 4096
 *
 * A text that is a whole number of 64 bits in its one form is kept as that number, so it is the bytes of a number here, too.
 * https://github.com/antirez/listpack/blob/master/listpack.md
 */

/** The longest text that is written here. */
export const longestEntryText = 4095;

/** What an element takes beyond the bytes of its text, at most; a number takes up to 10 in all. */
export const entryOverhead = 12;

/** Puts a whole number within ±(2^53 - 1); gives the place behind it. */
export const putIntegerEntry = (to: Uint8Array, at: number, value: number): number => {
  if (value >= 0 && value <= 127) {
    to[at] = value;
    to[at + 1] = 1;
    return at + 2;
  }
  if (value >= -4096 && value <= 4095) {
    to[at] = 0xc0 | ((value >> 8) & 31);
    to[at + 1] = value & 255;
    to[at + 2] = 2;
    return at + 3;
  }
  if (value >= -0x8000_0000 && value <= 0x7fff_ffff) {
    const bytes = value >= -0x8000 && value <= 0x7fff ? 2 : value >= -0x80_0000 && value <= 0x7f_ffff ? 3 : 4;
    to[at] = 0xef + bytes;
    let end = at + 1;
    for (let rest = value; end <= at + bytes; end += 1) {
      to[end] = rest & 255;
      rest >>= 8;
    }
    to[end] = bytes + 1;
    return end + 1;
  }
  return putLong(to, at, value | 0, Math.floor(value / 0x1_0000_0000));
};

/** Puts a whole number of 64 bits. */
const putBigIntEntry = (to: Uint8Array, at: number, value: bigint): number => {
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) {
    return putIntegerEntry(to, at, Number(value));
  }
  return putLong(to, at, Number(value & 0xffff_ffffn) | 0, Number(value >> 32n));
};

const putLong = (to: Uint8Array, at: number, low: number, high: number): number => {
  to[at] = 0xf4;
  for (let byte = 0; byte < 4; byte += 1) {
    to[at + 1 + byte] = (low >>> (8 * byte)) & 255;
    to[at + 5 + byte] = (high >>> (8 * byte)) & 255;
  }
  to[at + 9] = 9;
  return at + 10;
};

/** Puts what stands in front of a text of up to 4095 bytes. */
export const putTextHead = (to: Uint8Array, at: number, length: number): number => {
  if (length < 64) {
    to[at] = 0x80 | length;
    return at + 1;
  }
  to[at] = 0xe0 | (length >> 8);
  to[at + 1] = length & 255;
  return at + 2;
};

/** Puts what stands behind a text of so many bytes. */
export const putTextTail = (to: Uint8Array, at: number, length: number): number => {
  const size = length + (length < 64 ? 1 : 2);
  if (size < 128) {
    to[at] = size;
    return at + 1;
  }
  to[at] = size >> 7;
  to[at + 1] = (size & 127) | 128;
  return at + 2;
};

/** Puts a text as the number that Redis would take it for; -1: it takes it for a text. */
export const putNumericText = (to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number => {
  const length = end - start;
  if (length === 0 || length > 20) return -1;
  const first = from[start]!;
  const isNegative = first === MINUS;
  let next = isNegative ? start + 1 : start;
  const digits = end - next;
  const leading = from[next]!;
  if (digits === 0 || digits > 19 || leading < ZERO || leading > NINE) return -1;
  if (leading === ZERO) return length === 1 ? putIntegerEntry(to, at, 0) : -1;
  let value = 0;
  for (; next < end; next += 1) {
    const digit = from[next]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  if (digits <= 15) return putIntegerEntry(to, at, isNegative ? -value : value);
  let exact = 0n;
  for (let digit = end - digits; digit < end; digit += 1) exact = exact * 10n + BigInt(from[digit]! - ZERO);
  if (isNegative) exact = -exact;
  return BigInt.asIntN(64, exact) === exact ? putBigIntEntry(to, at, exact) : -1;
};

/** A text of up to 4095 bytes as the element it is. */
export const textEntry = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const entry = Buffer.allocUnsafe(bytes.length + entryOverhead);
  const numeric = putNumericText(entry, 0, bytes, 0, bytes.length);
  if (numeric >= 0) return entry.subarray(0, numeric);
  const start = putTextHead(entry, 0, bytes.length);
  entry.set(bytes, start);
  return entry.subarray(0, putTextTail(entry, start + bytes.length, bytes.length));
};

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
