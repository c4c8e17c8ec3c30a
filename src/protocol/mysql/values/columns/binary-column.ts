/**
 * VARBINARY, the BLOB family, GEOMETRY (SRID u4, then WKB) and VECTOR (float32 little-endian): length, then the bytes.
 * BINARY(n) comes without its trailing zero bytes, which are put back.
 */

import type { ValueWriter } from '../../../../core/row-images.ts';
import { type ColumnReader, calledReader, prefixed } from './column-reader.ts';

export const binaryColumn = (lengthBytes: number, kind: 'binary' | 'geometry' | 'vector'): ColumnReader => ({
  ...prefixed(lengthBytes),
  read: copy,
  write: (writer, column, bytes, start, end) => writer[kind](column, bytes, start, end),
  readSource: (bind) => `${bind(copy)}(b, s, e)`,
  writeSource: (column) => `w.${kind}(${column}, b, s, e);`,
});

/** BINARY(size). */
export const paddedBinaryColumn = (lengthBytes: number, size: number): ColumnReader => {
  const padded = Buffer.alloc(size);
  return calledReader(
    prefixed(lengthBytes),
    (bytes, start, end) => {
      if (end - start >= size) return copy(bytes, start, end);
      const value = new Uint8Array(size);
      for (let at = start; at < end; at += 1) value[at - start] = bytes[at]!;
      return value;
    },
    (writer: ValueWriter, column, bytes, start, end) => {
      if (end - start >= size) {
        writer.binary(column, bytes, start, end);
        return;
      }
      padded.fill(0);
      bytes.copy(padded, 0, start, end);
      writer.binary(column, padded, 0, size);
    },
  );
};

/** Bytes of their own: a row that is kept must not keep the event it came in. */
export const copy = (bytes: Buffer, start: number, end: number): Uint8Array => {
  const value = new Uint8Array(end - start);
  // Below some 64 bytes a loop beats the call into the engine's memory copy.
  if (value.length < 64) for (let at = start; at < end; at += 1) value[at - start] = bytes[at]!;
  else value.set(bytes.subarray(start, end));
  return value;
};
