/**
 * MariaDB's UUID (16 bytes), INET4 (4) and INET6 (16): logged as BINARY, so length u1, then the bytes without trailing zeros.
 * UUIDs lie in the order of their text.
 */

import { type ColumnReader, calledReader, DamagedValue, prefixed } from './column-reader.ts';

export const uuidColumn = (lengthBytes: number): ColumnReader => addressColumn(lengthBytes, 16, uuidText);
export const inet4Column = (lengthBytes: number): ColumnReader => addressColumn(lengthBytes, 4, inet4Text);
export const inet6Column = (lengthBytes: number): ColumnReader => addressColumn(lengthBytes, 16, inet6Text);

const addressColumn = (lengthBytes: number, size: number, format: (full: Buffer) => string): ColumnReader => {
  const full = Buffer.alloc(size);
  const text = Buffer.alloc(48);
  const read = (bytes: Buffer, start: number, end: number): string => {
    if (end - start > size) throw new DamagedValue(`${end - start} bytes instead of ${size}`);
    full.fill(0);
    bytes.copy(full, 0, start, end);
    return format(full);
  };
  return calledReader(prefixed(lengthBytes), read, (writer, column, bytes, start, end) =>
    writer.text(column, text, 0, text.write(read(bytes, start, end), 0, 'latin1')),
  );
};

const uuidText = (b: Buffer): string =>
  `${b.hexSlice(0, 4)}-${b.hexSlice(4, 6)}-${b.hexSlice(6, 8)}-${b.hexSlice(8, 10)}-${b.hexSlice(10, 16)}`;

const inet4Text = (b: Buffer): string => `${b[0]}.${b[1]}.${b[2]}.${b[3]}`;

/** As MariaDB prints it: the longest run of zero groups as '::' (one alone too), and IPv4-mapped and -compatible addresses with their dots. */
const inet6Text = (b: Buffer): string => {
  const groups = Array.from({ length: 8 }, (_, i) => b.readUInt16BE(2 * i));
  let gapStart = -1;
  let gapLength = 0;
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length += 1;
    if (length > gapLength) {
      gapStart = i;
      gapLength = length;
    }
  }
  let text = '';
  for (let i = 0; i < 8; i += 1) {
    if (i === gapStart) {
      text += '::';
      i += gapLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    const dotted = i === 6 && gapStart === 0 && (gapLength === 6 || (gapLength === 5 && groups[5] === 0xffff));
    if (dotted) return `${text}${b[12]}.${b[13]}.${b[14]}.${b[15]}`;
    text += groups[i]!.toString(16);
  }
  return text;
};
