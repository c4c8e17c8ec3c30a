/**
 * TINYINT to BIGINT: little-endian two's complement of 1, 2, 3, 4 or 8 bytes. FLOAT, DOUBLE: IEEE 754, little-endian.
 * YEAR: u1, years since 1900; 0 is the year 0000. BIT(n): ⌈n/8⌉ bytes, big-endian.
 */

import type { ValueWriter } from '../../../../core/row-images.ts';
import { type ColumnReader, fixed } from './column-reader.ts';

/** A whole number of `bits`, little-endian. */
export const integerColumn = (bits: 8 | 16 | 24 | 32 | 64, unsigned: boolean): ColumnReader => {
  if (bits === 64) {
    return unsigned
      ? bigColumn(8, readUint64, (bind) => `${bind(unsigned64)}(${unsigned32('s + 4')}, ${unsigned32('s')})`)
      : bigColumn(8, readInt64, (bind) => `${bind(signed64)}(${signed32('s + 4')}, ${unsigned32('s')})`);
  }
  const read = unsigned ? readUnsigned[bits] : readSigned[bits];
  const source = unsigned ? unsignedSource[bits] : signedSource[bits];
  return {
    ...fixed(bits / 8),
    read,
    write: (writer, column, bytes, start) => writer.integer(column, read(bytes, start)),
    readSource: () => source,
    writeSource: (column) => `w.integer(${column}, ${source});`,
  };
};

export const yearColumn: ColumnReader = {
  ...fixed(1),
  read: (bytes, start) => (bytes[start] === 0 ? 0 : bytes[start]! + 1900),
  write: (writer, column, bytes, start) => writer.integer(column, bytes[start] === 0 ? 0 : bytes[start]! + 1900),
  readSource: () => '(b[s] === 0 ? 0 : b[s] + 1900)',
  writeSource: (column) => `w.integer(${column}, b[s] === 0 ? 0 : b[s] + 1900);`,
};

/** BIT(length). Values beyond 2^53 - 1 are bigint. */
export const bitColumn = (length: number): ColumnReader => {
  const size = (length + 7) >> 3;
  return bigColumn(size, (bytes, start) => readBits(bytes, start, start + size));
};

/** Big-endian bits of any width up to 64. */
export const readBits = (bytes: Buffer, start: number, end: number): number | bigint => {
  let high = 0;
  let low = 0;
  for (let at = start; at < end; at += 1) {
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | bytes[at]!) >>> 0;
  }
  return unsigned64(high, low);
};

export const floatColumn: ColumnReader = {
  ...fixed(4),
  read: (bytes, start) => bytes.readFloatLE(start),
  write: (writer, column, bytes, start) => writer.float(column, bytes.readFloatLE(start)),
  readSource: () => 'b.readFloatLE(s)',
  writeSource: (column) => `w.float(${column}, b.readFloatLE(s));`,
};

export const doubleColumn: ColumnReader = {
  ...fixed(8),
  read: (bytes, start) => bytes.readDoubleLE(start),
  write: (writer, column, bytes, start) => writer.double(column, bytes.readDoubleLE(start)),
  readSource: () => 'b.readDoubleLE(s)',
  writeSource: (column) => `w.double(${column}, b.readDoubleLE(s));`,
};

/** Hands a whole number to `writer` by the method that can hold it. */
export const writeInteger = (writer: ValueWriter, column: number, value: number | bigint): void => {
  if (typeof value === 'number') writer.integer(column, value);
  else writer.bigint(column, value);
};

const bigColumn = (
  size: number,
  read: (bytes: Buffer, start: number) => number | bigint,
  readSource: ColumnReader['readSource'] = (bind) => `${bind(read)}(b, s)`,
): ColumnReader => ({
  ...fixed(size),
  read,
  write: (writer, column, bytes, start) => writeInteger(writer, column, read(bytes, start)),
  readSource,
  writeSource: (column, bind) =>
    `{ const v = ${readSource(bind)}; if (typeof v === 'number') w.integer(${column}, v); else w.bigint(${column}, v); }`,
});

const uint32 = (b: Buffer, s: number): number =>
  (b[s]! | (b[s + 1]! << 8) | (b[s + 2]! << 16) | (b[s + 3]! << 24)) >>> 0;
const int32 = (b: Buffer, s: number): number => b[s]! | (b[s + 1]! << 8) | (b[s + 2]! << 16) | (b[s + 3]! << 24);

const unsigned64 = (high: number, low: number): number | bigint =>
  high < 0x200000 ? high * 4294967296 + low : (BigInt(high) << 32n) | BigInt(low);

const readUint64 = (b: Buffer, s: number): number | bigint => unsigned64(uint32(b, s + 4), uint32(b, s));

const readInt64 = (b: Buffer, s: number): number | bigint => signed64(int32(b, s + 4), uint32(b, s));

const signed64 = (high: number, low: number): number | bigint => {
  // -2^53 itself is no safe integer.
  if (high < 0x200000 && (high > -0x200000 || (high === -0x200000 && low > 0))) return high * 4294967296 + low;
  return (BigInt(high) << 32n) | BigInt(low);
};

const readSigned = {
  8: (b: Buffer, s: number) => (b[s]! << 24) >> 24,
  16: (b: Buffer, s: number) => ((b[s]! | (b[s + 1]! << 8)) << 16) >> 16,
  24: (b: Buffer, s: number) => ((b[s]! | (b[s + 1]! << 8) | (b[s + 2]! << 16)) << 8) >> 8,
  32: int32,
} as const;

const readUnsigned = {
  8: (b: Buffer, s: number) => b[s]!,
  16: (b: Buffer, s: number) => b[s]! | (b[s + 1]! << 8),
  24: (b: Buffer, s: number) => b[s]! | (b[s + 1]! << 8) | (b[s + 2]! << 16),
  32: uint32,
} as const;

const signed32 = (at: string): string => `(b[${at}] | b[${at} + 1] << 8 | b[${at} + 2] << 16 | b[${at} + 3] << 24)`;
const unsigned32 = (at: string): string => `(${signed32(at)} >>> 0)`;

const signedSource = {
  8: '(b[s] << 24 >> 24)',
  16: '((b[s] | b[s + 1] << 8) << 16 >> 16)',
  24: '((b[s] | b[s + 1] << 8 | b[s + 2] << 16) << 8 >> 8)',
  32: signed32('s'),
} as const;

const unsignedSource = {
  8: 'b[s]',
  16: '(b[s] | b[s + 1] << 8)',
  24: '(b[s] | b[s + 1] << 8 | b[s + 2] << 16)',
  32: unsigned32('s'),
} as const;
