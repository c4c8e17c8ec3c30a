/**
 * Readers for a value as the text protocol sends it, given the select list of select-list.ts and its session settings: the
 * same canonical values as from the binlog.
 */

import type { ColumnType } from '../../../../core/table.ts';
import { copy } from './binary-column.ts';
import { type ColumnReader, calledReader, DamagedValue } from './column-reader.ts';
import { checkMask, noMember, setText } from './member-columns.ts';
import { readBits, writeInteger } from './number-columns.ts';
import { shortAscii } from './short-text.ts';
import { daysFromDate } from './temporal-text.ts';
import { readUtf8 } from './text-column.ts';

/** Rows of a SELECT bring each value's length themselves. */
const lengthInRow = { lengthBytes: 0, size: 0 } as const;

export const textProtocolColumn = (type: ColumnType): ColumnReader => {
  switch (type.kind) {
    case 'integer':
      return calledReader(lengthInRow, readInteger, (writer, column, b, s, e) =>
        writeInteger(writer, column, readInteger(b, s, e)),
      );
    case 'year':
      return calledReader(lengthInRow, readInteger, (writer, column, b, s, e) =>
        writer.integer(column, smallInteger(b, s, e)),
      );
    case 'bit':
      return calledReader(lengthInRow, readBits, (writer, column, b, s, e) =>
        writeInteger(writer, column, readBits(b, s, e)),
      );
    case 'decimal':
      return decimalText;
    case 'float':
      return calledReader(lengthInRow, readDouble, (writer, column, b, s, e) =>
        writer.float(column, readDouble(b, s, e)),
      );
    case 'double':
      return calledReader(lengthInRow, readDouble, (writer, column, b, s, e) =>
        writer.double(column, readDouble(b, s, e)),
      );
    case 'date':
      return calledReader(lengthInRow, readAscii, (writer, column, b, s, e) => {
        need(e - s, 10);
        writer.date(column, digits(b, s, 4), digits(b, s + 5, 2), digits(b, s + 8, 2));
      });
    case 'time':
      return calledReader(lengthInRow, readAscii, (writer, column, b, s, e) => {
        const negative = b[s] === minus;
        const start = negative ? s + 1 : s;
        let colon = start;
        while (colon < e && b[colon] !== 0x3a) colon += 1;
        need(e - colon, 6);
        writer.time(
          column,
          negative,
          digits(b, start, colon - start),
          digits(b, colon + 1, 2),
          digits(b, colon + 4, 2),
          fraction(b, colon + 6, e),
        );
      });
    case 'datetime':
      return calledReader(lengthInRow, readAscii, (writer, column, b, s, e) => {
        need(e - s, 19);
        writer.datetime(
          column,
          digits(b, s, 4),
          digits(b, s + 5, 2),
          digits(b, s + 8, 2),
          digits(b, s + 11, 2),
          digits(b, s + 14, 2),
          digits(b, s + 17, 2),
          fraction(b, s + 19, e),
        );
      });
    case 'timestamp':
      return calledReader(lengthInRow, readAscii, (writer, column, b, s, e) => {
        need(e - s, 19);
        const year = digits(b, s, 4);
        if (year === 0) {
          writer.timestamp(column, 0, 0);
          return;
        }
        const days = daysFromDate(year, digits(b, s + 5, 2), digits(b, s + 8, 2));
        const seconds = digits(b, s + 11, 2) * 3_600 + digits(b, s + 14, 2) * 60 + digits(b, s + 17, 2);
        writer.timestamp(column, days * 86_400 + seconds, fraction(b, s + 19, e));
      });
    case 'enum': {
      const { values } = type;
      const texts = ['', ...values];
      const ordinal = (b: Buffer, s: number, e: number): number => {
        const value = smallInteger(b, s, e);
        return value < texts.length ? value : noMember(values.length);
      };
      return calledReader(
        lengthInRow,
        (b, s, e) => texts[ordinal(b, s, e)]!,
        (writer, column, b, s, e) => writer.enum(column, ordinal(b, s, e)),
      );
    }
    case 'set': {
      const { values } = type;
      return calledReader(
        lengthInRow,
        (b, s, e) => setText(values, lowBits(readInteger(b, s, e)), highBits(readInteger(b, s, e))),
        (writer, column, b, s, e) => {
          const mask = readInteger(b, s, e);
          checkMask(values.length, lowBits(mask), highBits(mask));
          writer.set(column, lowBits(mask), highBits(mask));
        },
      );
    }
    case 'text':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return bytesReader('text', readUtf8);
    case 'json':
      return bytesReader('json', readUtf8);
    case 'binary':
    case 'geometry':
    case 'vector':
      return bytesReader(type.kind, copy);
  }
};

/** The bytes as they came. */
const bytesReader = (
  method: 'text' | 'json' | 'binary' | 'geometry' | 'vector',
  read: ColumnReader['read'],
): ColumnReader => ({
  ...lengthInRow,
  read,
  write: (writer, column, b, s, e) => writer[method](column, b, s, e),
  readSource: (bind) => `${bind(read)}(b, s, e)`,
  writeSource: (column) => `w.${method}(${column}, b, s, e);`,
});

const minus = 0x2d;

const readAscii = (b: Buffer, s: number, e: number): string =>
  (e - s <= 12 ? shortAscii(b, s, e - s) : null) ?? b.latin1Slice(s, e);

/** ZEROFILL pads with zeros that the binlog does not have. */
const firstDigit = (b: Buffer, s: number, e: number): number => {
  let at = s;
  while (at + 1 < e && b[at] === 0x30 && b[at + 1] !== 0x2e) at += 1;
  return at;
};

const decimalText = calledReader(
  lengthInRow,
  (b, s, e) => readAscii(b, firstDigit(b, s, e), e),
  (writer, column, b, s, e) => writer.decimal(column, b, firstDigit(b, s, e), e),
);

const readInteger = (b: Buffer, s: number, e: number): number | bigint => {
  if (e - s <= 15) return smallInteger(b, s, e);
  const text = b.latin1Slice(s, e);
  const value = Number(text);
  if (!Number.isInteger(value)) throw new DamagedValue('it is no whole number');
  return Number.isSafeInteger(value) ? value : BigInt(text);
};

/** At most 15 digits, with a sign. */
const smallInteger = (b: Buffer, s: number, e: number): number => {
  const negative = b[s] === minus;
  const start = negative ? s + 1 : s;
  if (start === e) throw new DamagedValue('it is no whole number');
  const value = digits(b, start, e - start);
  return negative ? 0 - value : value;
};

const readDouble = (b: Buffer, s: number, e: number): number => {
  const value = Number(b.latin1Slice(s, e));
  if (Number.isNaN(value) || s === e) throw new DamagedValue('it is no number');
  return value;
};

const digits = (b: Buffer, s: number, count: number): number => {
  let value = 0;
  for (let at = s; at < s + count; at += 1) {
    const digit = b[at]! - 0x30;
    if (digit < 0 || digit > 9) throw new DamagedValue('a digit is missing');
    value = value * 10 + digit;
  }
  return value;
};

/** Microseconds of a point and up to six digits, or of nothing. */
const fraction = (b: Buffer, s: number, e: number): number => {
  if (s >= e) return 0;
  const count = e - s - 1;
  if (count > 6) throw new DamagedValue('a fraction has more than six digits');
  return digits(b, s + 1, count) * 10 ** (6 - count);
};

const need = (length: number, least: number): void => {
  if (length < least) throw new DamagedValue('it is cut off');
};

const lowBits = (mask: number | bigint): number =>
  typeof mask === 'bigint' ? Number(mask & 0xffffffffn) : mask % 4_294_967_296;
const highBits = (mask: number | bigint): number =>
  typeof mask === 'bigint' ? Number(mask >> 32n) : Math.floor(mask / 4_294_967_296);
