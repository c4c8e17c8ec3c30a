/**
 * Integers of MySQL's serialization library (libs/mysql/serialization), in tagged GTIDs.
 *
 *   k one-bits at the low end of the first byte (0..8), then a zero bit unless k = 8, say that k more bytes follow; the value is
 *   the other bits, little-endian. Signed values: the lowest bit says negative, -(v >> 1) - 1.
 */

import type { ByteReader } from '../../../bytes/byte-reader.ts';

/** A number up to 2^53 - 1, a bigint beyond. */
export const readUnsigned = (r: ByteReader): number | bigint => {
  const first = r.u8();
  if (first === 0xff) return r.u64();
  const length = 32 - Math.clz32(~first & (first + 1));
  r.offset -= 1;
  const at = r.advance(length);
  if (length <= 6) return Math.floor(r.bytes.readUIntLE(at, length) / 2 ** length);
  const low = r.bytes.readUInt32LE(at) >>> length;
  const high = r.bytes.readUIntLE(at + 4, length - 4);
  const value = high * 2 ** (32 - length) + low;
  return Number.isSafeInteger(value) ? value : (BigInt(high) << BigInt(32 - length)) | BigInt(low);
};

/** A number between ±(2^53 - 1), a bigint beyond. */
export const readSigned = (r: ByteReader): number | bigint => {
  const value = readUnsigned(r);
  if (typeof value === 'number') return value % 2 === 1 ? -(value - 1) / 2 - 1 : value / 2;
  const half = value >> 1n;
  const signed = (value & 1n) === 1n ? -half - 1n : half;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
};

/** A value that counts or measures something: beyond 2^53 - 1 it can only be damage. */
export const readSize = (r: ByteReader): number => {
  const value = readUnsigned(r);
  if (typeof value === 'bigint') throw r.malformed(`${value} is no plausible size`);
  return value;
};
