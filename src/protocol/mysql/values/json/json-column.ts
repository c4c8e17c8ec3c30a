/** JSON of MySQL: length u4, then a binary document with its type byte. No bytes at all stand for JSON null. */

import { type ColumnReader, calledReader, prefixed } from '../columns/column-reader.ts';
import { JsonDocument } from './json-binary.ts';
import { JsonTextWriter } from './json-text.ts';

export const jsonColumn = (lengthBytes: number): ColumnReader =>
  calledReader(
    prefixed(lengthBytes),
    (bytes, start, end) => {
      putDocument(bytes, start, end);
      return text.bytes.utf8Slice(0, text.length);
    },
    (writer, column, bytes, start, end) => {
      putDocument(bytes, start, end);
      writer.json(column, text.bytes, 0, text.length);
    },
  );

const text = new JsonTextWriter();

const putDocument = (bytes: Buffer, start: number, end: number): void => {
  text.begin();
  if (start === end) text.putAscii('null');
  else text.putValue(new JsonDocument(bytes, end - start, 1), bytes[start]!, start + 1, end, 0);
};
