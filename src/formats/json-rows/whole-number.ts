import { Buffer } from 'node:buffer';

/** A whole number's digits as a number; Infinity: it is whole, but beyond ±(2^53 - 1); NaN: it is no whole number. */
export const wholeNumber = (bytes: Uint8Array, start: number, end: number): number => {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (first >= end) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at += 1) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return unusualNumber(bytes, start, end);
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
  // Not -value: 0 has no sign.
  return negative ? 0 - value : value;
};

/** The same for any size; null: it is no whole number. */
export const wholeBigint = (bytes: Uint8Array, start: number, end: number): bigint | null => {
  const text = asciiText(bytes, start, end);
  return /^-?\d{1,40}$/.test(text) ? BigInt(text) : null;
};

/** `1.0` and `1E3` are whole numbers too, if they are not too large to be exact. */
const unusualNumber = (bytes: Uint8Array, start: number, end: number): number => {
  const text = asciiText(bytes, start, end);
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : Number.NaN;
};

export const asciiText = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

const MINUS = 0x2d;
const ZERO = 0x30;
