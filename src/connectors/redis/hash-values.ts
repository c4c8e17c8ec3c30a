import type { Buffer } from 'node:buffer';
import type { ColumnType } from '../../core/table.ts';
import type { Value } from '../../core/value.ts';

/** Reads a column's canonical value (core/value.ts) from its text in a hash, as `HashFields` wrote it. */
export const columnValueReader = (type: ColumnType): ((bytes: Buffer) => Value) => {
  switch (type.kind) {
    case 'integer':
      return type.bits === 64 ? readLong : readNumber;
    case 'bit':
      return readLong;
    case 'float':
      // The text is the shortest that gives the 32-bit value back.
      return (bytes) => Math.fround(readNumber(bytes));
    case 'year':
    case 'double':
      return readNumber;
    case 'binary':
    case 'geometry':
    case 'vector':
      // What arrived is part of a larger block, which would be kept with it.
      return (bytes) => new Uint8Array(bytes);
    default:
      return (bytes) => bytes.utf8Slice(0, bytes.length);
  }
};

const readNumber = (bytes: Buffer): number => Number(bytes.latin1Slice(0, bytes.length));

/** Fifteen digits are exact whatever they are. */
const readLong = (bytes: Buffer): number | bigint => {
  const text = bytes.latin1Slice(0, bytes.length);
  const number = Number(text);
  return text.length <= 15 || Number.isSafeInteger(number) ? number : BigInt(text);
};

/** Whether bytes are a value of such a column, as far as reading them goes: what is no number is none of a number's. */
export const isValueText = ({ kind }: ColumnType, bytes: Buffer): boolean => {
  switch (kind) {
    case 'integer':
    case 'bit':
    case 'year':
      return /^-?\d+$/.test(bytes.toString('latin1'));
    case 'float':
    case 'double':
      return bytes.length > 0 && Number.isFinite(Number(bytes.toString('latin1')));
    default:
      return true;
  }
};
