/** ENUM: little-endian ordinal from 1 in 1 or 2 bytes, 0 = the '' error value. SET: little-endian mask of 1 to 8 bytes. */

import type { ValueWriter } from '../../../../core/row-images.ts';
import { type ColumnReader, calledReader, DamagedValue, fixed } from './column-reader.ts';

export const enumColumn = (size: number, values: readonly string[]): ColumnReader => {
  const ordinal = size === 1 ? (b: Buffer, s: number) => b[s]! : (b: Buffer, s: number) => b[s]! | (b[s + 1]! << 8);
  const texts = ['', ...values];
  const read = (bytes: Buffer, start: number): string => texts[ordinal(bytes, start)] ?? noMember(values.length);
  const write = (writer: ValueWriter, column: number, bytes: Buffer, start: number): void => {
    const value = ordinal(bytes, start);
    if (value > values.length) noMember(values.length);
    writer.enum(column, value);
  };
  const source = size === 1 ? 'b[s]' : '(b[s] | b[s + 1] << 8)';
  return {
    ...fixed(size),
    read,
    write,
    readSource: (bind) => `${bind(texts)}[${source}] ?? ${bind(noMember)}(${values.length})`,
    writeSource: (column, bind) =>
      `{ const o = ${source}; if (o > ${values.length}) ${bind(noMember)}(${values.length}); w.enum(${column}, o); }`,
  };
};

export const setColumn = (size: number, values: readonly string[]): ColumnReader => {
  const low = (b: Buffer, s: number): number => bits(b, s, Math.min(size, 4));
  const high = (b: Buffer, s: number): number => (size > 4 ? bits(b, s + 4, size - 4) : 0);
  return calledReader(
    fixed(size),
    (bytes, start) => setText(values, low(bytes, start), high(bytes, start)),
    (writer, column, bytes, start) => {
      const lower = low(bytes, start);
      const upper = high(bytes, start);
      checkMask(values.length, lower, upper);
      writer.set(column, lower, upper);
    },
  );
};

/** The members of a SET's mask, joined by ',' in declared order. Throws DamagedValue for a bit without a member. */
export const setText = (values: readonly string[], low: number, high: number): string => {
  checkMask(values.length, low, high);
  let text = '';
  for (let i = 0; i < values.length; i += 1) {
    if ((((i < 32 ? low : high) >>> (i & 31)) & 1) === 1) text = text === '' ? values[i]! : `${text},${values[i]!}`;
  }
  return text;
};

/** Throws DamagedValue for a bit past the last of `count` members. */
export const checkMask = (count: number, low: number, high: number): void => {
  const beyond = count < 32 ? high !== 0 || low >>> count !== 0 : count < 64 && high >>> (count - 32) !== 0;
  if (beyond) throw new DamagedValue(`a SET of ${count} members has a bit past the last`);
};

export const noMember = (count: number): never => {
  throw new DamagedValue(`an ENUM of ${count} values has a higher ordinal`);
};

const bits = (b: Buffer, s: number, size: number): number => {
  let value = 0;
  for (let i = 0; i < size; i += 1) value |= b[s + i]! << (8 * i);
  return value >>> 0;
};
