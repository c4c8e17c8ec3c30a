import { Buffer } from 'node:buffer';

/**
 * Avro's binary encoding (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding): int and long as zigzag varints, text
 * and bytes after their length, a union after the number of its branch, a record as its fields one behind the other.
 */

/** Writes an int or long within ±(2^53 - 1); gives the place behind it. Takes up to 10 bytes. */
export const putLong = (bytes: Uint8Array, place: number, value: number): number => {
  let at = place;
  if (value >= -0x40000000 && value < 0x40000000) {
    let rest = (value << 1) ^ (value >> 31);
    while ((rest & ~0x7f) !== 0) {
      bytes[at] = (rest & 0x7f) | 0x80;
      at += 1;
      rest >>>= 7;
    }
    bytes[at] = rest;
    return at + 1;
  }
  // Zigzag may take one bit more than a double has: the lowest seven are taken off before it is doubled.
  const magnitude = value < 0 ? -value - 1 : value;
  const low = magnitude % 64;
  let rest = (magnitude - low) / 64;
  bytes[at] = (low << 1) | (value < 0 ? 1 : 0) | 0x80;
  at += 1;
  while (rest >= 0x80) {
    bytes[at] = (rest % 0x80) | 0x80;
    at += 1;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at] = rest;
  return at + 1;
};

/** The same for any value of 64 bits. */
export const putBigLong = (bytes: Uint8Array, place: number, value: bigint): number => {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  let at = place;
  while (rest > 0x7fn) {
    bytes[at] = Number(rest & 0x7fn) | 0x80;
    at += 1;
    rest >>= 7n;
  }
  bytes[at] = Number(rest);
  return at + 1;
};

/** A long that may be beyond the safe ones: `seconds` and `micros` in microseconds. */
export const putMicrosLong = (bytes: Uint8Array, at: number, seconds: number, micros: number): number => {
  const total = seconds * 1_000_000 + micros;
  if (Number.isSafeInteger(total)) return putLong(bytes, at, total);
  return putBigLong(bytes, at, BigInt(seconds) * 1_000_000n + BigInt(micros));
};

export const avroText = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([avroLong(bytes.length), bytes]);
};

export const avroLong = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(10);
  return bytes.subarray(0, typeof value === 'bigint' ? putBigLong(bytes, 0, value) : putLong(bytes, 0, value));
};
