/**
 * MariaDB's COMPRESSED columns. Behind the normal length:
 *
 *   nothing                                      the empty value
 *   00 | bytes                                   stored as they are
 *   algorithm 8 << 4 | raw 8 | n | original length, n bytes big-endian | deflate; a zlib wrapper around it when bit 3 is clear
 *
 * MariaDB sql/field_comp.cc.
 */

import { inflateRawSync, inflateSync } from 'node:zlib';
import { type ColumnReader, calledReader, DamagedValue, prefixed } from './column-reader.ts';

/** Reads the inflated bytes with `plain`. `maxBytes` is what the column can hold. */
export const compressedColumn = (lengthBytes: number, plain: ColumnReader, maxBytes: number): ColumnReader =>
  calledReader(
    prefixed(lengthBytes),
    (bytes, start, end) => {
      const value = inflate(bytes, start, end, maxBytes);
      return plain.read(value, 0, value.length);
    },
    (writer, column, bytes, start, end) => {
      const value = inflate(bytes, start, end, maxBytes);
      plain.write(writer, column, value, 0, value.length);
    },
  );

const inflate = (bytes: Buffer, start: number, end: number, maxBytes: number): Buffer => {
  if (start === end) return Buffer.alloc(0);
  const header = bytes[start]!;
  if (header === 0) return bytes.subarray(start + 1, end);
  const lengthSize = header & 0x07;
  const data = start + 1 + lengthSize;
  if (header >> 4 !== 8 || lengthSize === 0 || lengthSize > 4 || data > end) {
    throw new DamagedValue('it is compressed in an unknown way');
  }
  const length = bytes.readUIntBE(start + 1, lengthSize);
  if (length === 0 || length > maxBytes)
    throw new DamagedValue(`${length} inflated bytes are more than the column can hold`);
  const unpack = (header & 0x08) === 0 ? inflateSync : inflateRawSync;
  let value: Buffer;
  try {
    value = unpack(bytes.subarray(data, end), { maxOutputLength: length });
  } catch (error) {
    throw new DamagedValue('its compressed bytes do not inflate', { cause: error });
  }
  if (value.length !== length) throw new DamagedValue(`it inflates to ${value.length} bytes instead of ${length}`);
  return value;
};
