import { crc32 as nativeCrc32 } from 'node:zlib';

/**
 * CRC-32 as zlib, gzip and binlogs use it (polynomial edb88320, reflected) of `bytes` from `start` to `end`, unsigned. Calling
 * into zlib costs more than most binlog events take to sum here, so short ranges are done with tables: eight bytes a step
 * ("slicing by 8", Intel 2006) and no allocation.
 */
export const crc32 = (bytes: Buffer, start: number, end: number): number =>
  end - start >= nativeFrom ? nativeCrc32(bytes.subarray(start, end)) : tableCrc32(bytes, start, end);

/** Where zlib becomes faster: 200 ns either way. An event of 75 bytes takes 45 ns here and 150 ns there. */
export const nativeFrom = 400;

const tableCrc32 = (bytes: Buffer, start: number, end: number): number => {
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    crc =
      t[0x700 | ((crc ^ bytes[at]!) & 0xff)]! ^
      t[0x600 | (((crc >>> 8) ^ bytes[at + 1]!) & 0xff)]! ^
      t[0x500 | (((crc >>> 16) ^ bytes[at + 2]!) & 0xff)]! ^
      t[0x400 | ((crc >>> 24) ^ bytes[at + 3]!)]! ^
      t[0x300 | bytes[at + 4]!]! ^
      t[0x200 | bytes[at + 5]!]! ^
      t[0x100 | bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  if (at <= end - 4) {
    crc =
      t[0x300 | ((crc ^ bytes[at]!) & 0xff)]! ^
      t[0x200 | (((crc >>> 8) ^ bytes[at + 1]!) & 0xff)]! ^
      t[0x100 | (((crc >>> 16) ^ bytes[at + 2]!) & 0xff)]! ^
      t[(crc >>> 24) ^ bytes[at + 3]!]!;
    at += 4;
  }
  return ~advanceRegister(crc, bytes, at, end) >>> 0;
};

/** What `register`, a sum before its final inversion, becomes with the bytes from `start` to `end`. */
export const advanceRegister = (register: number, bytes: Uint8Array, start: number, end: number): number => {
  let crc = register;
  for (let at = start; at < end; at += 1) crc = t[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return crc;
};

/** Eight tables of 256: entry [n][b] is the sum of byte b followed by n zero bytes. */
const t: Int32Array = (() => {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i += 1) {
    const crc = table[i - 256]!;
    table[i] = table[crc & 0xff]! ^ (crc >>> 8);
  }
  return table;
})();
