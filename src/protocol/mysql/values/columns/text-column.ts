/** CHAR, VARCHAR and the TEXT family: length, little-endian, then the text in the column's charset. CHAR comes without its trailing spaces. */

import { constants } from 'node:buffer';
import type { ValueWriter } from '../../../../core/row-images.ts';
import type { Charset } from '../charsets/charset.ts';
import { ByteScratch } from './byte-scratch.ts';
import { type ColumnReader, calledReader, DamagedValue, prefixed } from './column-reader.ts';
import { shortAscii } from './short-text.ts';

export const textColumn = (lengthBytes: number, charset: Charset): ColumnReader => {
  if (!charset.utf8) return calledReader(prefixed(lengthBytes), readText(charset), writeText(charset));
  return {
    ...prefixed(lengthBytes),
    read: readUtf8,
    write: (writer, column, bytes, start, end) => writer.text(column, bytes, start, end),
    readSource: (bind) => `${bind(readUtf8)}(b, s, e)`,
    writeSource: (column) => `w.text(${column}, b, s, e);`,
  };
};

/** The string that UTF-8 bytes stand for. */
export const readUtf8 = (bytes: Buffer, start: number, end: number): string => {
  const length = end - start;
  if (length <= 12) return shortAscii(bytes, start, length) ?? bytes.utf8Slice(start, end);
  if (length > constants.MAX_STRING_LENGTH) throw new DamagedValue(`${length} bytes are more than a string can hold`);
  return bytes.utf8Slice(start, end);
};

/** Reads text of any charset. */
const readText = (charset: Charset): ((bytes: Buffer, start: number, end: number) => string) => {
  if (charset.utf8) return readUtf8;
  if (!charset.asciiCompatible) return charset.decode;
  return (bytes, start, end) => {
    for (let at = start; at < end; at += 1) if (bytes[at]! > 0x7f) return charset.decode(bytes, start, end);
    return end - start <= 12 ? shortAscii(bytes, start, end - start)! : bytes.latin1Slice(start, end);
  };
};

/** Hands text of any charset on as UTF-8. */
const writeText =
  (charset: Charset) =>
  (writer: ValueWriter, column: number, bytes: Buffer, start: number, end: number): void => {
    if (charset.utf8 || (charset.asciiCompatible && isAscii(bytes, start, end))) {
      writer.text(column, bytes, start, end);
      return;
    }
    if (charset.toUtf8 !== null) {
      const utf8 = scratch.reserve((end - start) * 3);
      writer.text(column, utf8, 0, charset.toUtf8(bytes, start, end, utf8));
    } else {
      const text = charset.decode(bytes, start, end);
      const utf8 = scratch.reserve(text.length * 3);
      writer.text(column, utf8, 0, utf8.write(text, 0, 'utf8'));
    }
    scratch.trim();
  };

const scratch = new ByteScratch();

const isAscii = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = start; at < end; at += 1) if (bytes[at]! > 0x7f) return false;
  return true;
};
