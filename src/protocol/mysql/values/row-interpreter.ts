import { MillraceError } from '../../../core/errors.ts';
import type { Table } from '../../../core/table.ts';
import { qualifiedName } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { type ColumnReader, DamagedValue } from './columns/column-reader.ts';
import { type Framing, type Measure, nullBytes, type RowCode, type RowColumns } from './row-code.ts';

/**
 * The compiled functions' twins: for processes that may not make code from strings, for rows too wide to compile, as the
 * tests' oracle, and to find out which column a damaged value is in.
 */
export const interpretRow = (table: Table, columns: RowColumns, framing: Framing): RowCode => ({
  read: (bytes, start) => {
    const row: (Value | undefined)[] = new Array(columns.length).fill(undefined);
    visitRow(columns, framing, bytes, start, (column, reader, s, e) => {
      row[column] = reader === null ? null : namingColumn(table, column, () => reader.read(bytes, s, e));
    });
    return row satisfies Row;
  },
  write: (bytes, start, writer) => {
    let next = 0;
    const absentUpTo = (column: number): void => {
      for (; next < column; next += 1) writer.absent(next);
    };
    visitRow(columns, framing, bytes, start, (column, reader, s, e) => {
      absentUpTo(column);
      next = column + 1;
      if (reader === null) writer.null(column);
      else namingColumn(table, column, () => reader.write(writer, column, bytes, s, e));
    });
    absentUpTo(columns.length);
  },
});

/** Calls `visit` for each logged column in order: with its reader and range, or with null where the value is NULL. */
export const visitRow = (
  columns: RowColumns,
  framing: Framing,
  bytes: Buffer,
  start: number,
  visit: (column: number, reader: ColumnReader | null, s: number, e: number) => void,
): void => {
  let at = framing === 'image' ? start + nullBytes(columns) : start;
  let bit = 0;
  for (let column = 0; column < columns.length; column += 1) {
    const reader = columns[column]!;
    if (reader === null) continue;
    const isNull = framing === 'image' ? (bytes[start + (bit >> 3)]! & (1 << (bit & 7))) !== 0 : bytes[at] === textNull;
    bit += 1;
    if (isNull) {
      if (framing === 'text') at += 1;
      visit(column, null, at, at);
      continue;
    }
    const lengthBytes = framing === 'image' ? reader.lengthBytes : textLengthBytes(bytes[at]!);
    const s = at + lengthBytes;
    const e = s + (framing === 'image' ? imageLength(reader, bytes, at) : textLength(bytes, at));
    visit(column, reader, s, e);
    at = e;
  }
};

export const interpretMeasure =
  (columns: RowColumns): Measure =>
  (bytes, start, limit) => {
    let at = start + nullBytes(columns);
    if (at > limit) return -1;
    let bit = 0;
    for (const reader of columns) {
      if (reader === null) continue;
      const isNull = (bytes[start + (bit >> 3)]! & (1 << (bit & 7))) !== 0;
      bit += 1;
      if (isNull) continue;
      if (at + reader.lengthBytes > limit) return -1;
      at += reader.lengthBytes + imageLength(reader, bytes, at);
    }
    return at <= limit ? at : -1;
  };

/** Runs `read`, and says which column it was when the value makes no sense. */
export const namingColumn = <T>(table: Table, column: number, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DamagedValue)) throw error;
    throw new MillraceError(
      'VALUES_VALUE_DAMAGED',
      { table: qualifiedName(table), column: table.columns[column]!.name, reason: error.message },
      { cause: error },
    );
  }
};

/** A length-encoded integer's first byte in a row of a SELECT when the value is NULL. */
const textNull = 0xfb;

const imageLength = (reader: ColumnReader, bytes: Buffer, at: number): number =>
  reader.lengthBytes === 0 ? reader.size : bytes.readUIntLE(at, reader.lengthBytes);

const textLengthBytes = (first: number): number => (first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9);

const textLength = (bytes: Buffer, at: number): number => {
  const size = textLengthBytes(bytes[at]!);
  if (size === 1) return bytes[at]!;
  // Values of 4 GiB and more do not exist: the server's largest is LONGTEXT.
  return bytes.readUIntLE(at + 1, Math.min(size - 1, 4));
};
