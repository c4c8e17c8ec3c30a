import { Buffer } from 'node:buffer';
import type { ValueWriter } from './row-images.ts';
import type { ColumnType } from './table.ts';
import type { Value } from './value.ts';

/** Feeds one canonical value (core/value.ts) to `writer`, in the call that its column's type asks for. */
export const writeValue = (writer: ValueWriter, column: number, type: ColumnType, value: Value | undefined): void => {
  if (value === undefined) writer.absent(column);
  else if (value === null) writer.null(column);
  else writeKind(writer, column, type, value);
};

const writeKind = (writer: ValueWriter, column: number, type: ColumnType, value: Exclude<Value, null>): void => {
  switch (type.kind) {
    case 'integer':
    case 'year':
    case 'bit':
      writeInteger(writer, column, value as number | bigint);
      break;
    case 'float':
      writer.float(column, value as number);
      break;
    case 'double':
      writer.double(column, value as number);
      break;
    case 'decimal': {
      const bytes = Buffer.from(value as string, 'latin1');
      writer.decimal(column, bytes, 0, bytes.length);
      break;
    }
    case 'text':
    case 'uuid':
    case 'inet4':
    case 'inet6': {
      const bytes = Buffer.from(value as string, 'utf8');
      writer.text(column, bytes, 0, bytes.length);
      break;
    }
    case 'json': {
      const bytes = Buffer.from(value as string, 'utf8');
      writer.json(column, bytes, 0, bytes.length);
      break;
    }
    case 'binary':
      writer.binary(column, value as Uint8Array, 0, (value as Uint8Array).length);
      break;
    case 'geometry':
      writer.geometry(column, value as Uint8Array, 0, (value as Uint8Array).length);
      break;
    case 'vector':
      writer.vector(column, value as Uint8Array, 0, (value as Uint8Array).length);
      break;
    case 'date':
      writeDate(writer, column, value as string);
      break;
    case 'time':
      writeTime(writer, column, value as string);
      break;
    case 'datetime':
      writeDatetime(writer, column, value as string);
      break;
    case 'timestamp':
      writeTimestamp(writer, column, value as string);
      break;
    case 'enum':
      // The error value '' has ordinal 0, unless '' is itself a member.
      writer.enum(column, type.values.indexOf(value as string) + 1);
      break;
    case 'set':
      writeSet(writer, column, type.values, value as string);
      break;
  }
};

const writeInteger = (writer: ValueWriter, column: number, value: number | bigint): void => {
  const number = Number(value);
  if (Number.isSafeInteger(number)) writer.integer(column, number);
  else writer.bigint(column, BigInt(value));
};

// Canonical temporal text has fixed places, so the digits are cut by position: YYYY-MM-DD HH:MM:SS[.ffffff].
const writeDate = (writer: ValueWriter, column: number, text: string): void =>
  writer.date(column, Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10)));

const writeDatetime = (writer: ValueWriter, column: number, text: string): void =>
  writer.datetime(
    column,
    Number(text.slice(0, 4)),
    Number(text.slice(5, 7)),
    Number(text.slice(8, 10)),
    Number(text.slice(11, 13)),
    Number(text.slice(14, 16)),
    Number(text.slice(17, 19)),
    microsOf(text, 19),
  );

const writeTimestamp = (writer: ValueWriter, column: number, text: string): void => {
  // MySQL has no timestamp before 1970 but the zero one.
  const milliseconds = text.startsWith('0000') ? 0 : Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`);
  writer.timestamp(column, milliseconds / 1000, microsOf(text, 19));
};

const writeTime = (writer: ValueWriter, column: number, text: string): void => {
  const negative = text.startsWith('-');
  const [hours = '0', minutes = '0', seconds = '0'] = (negative ? text.slice(1) : text).split(':');
  const micros = microsOf(seconds, 2);
  writer.time(column, negative, Number(hours), Number(minutes), Number(seconds.slice(0, 2)), micros);
};

/** Microseconds of a fraction that starts with its point at `at`; none means 0. */
const microsOf = (text: string, at: number): number => Number(text.slice(at + 1).padEnd(6, '0'));

const writeSet = (writer: ValueWriter, column: number, members: readonly string[], text: string): void => {
  let low = 0;
  let high = 0;
  for (const member of text === '' ? [] : text.split(',')) {
    const bit = members.indexOf(member);
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  writer.set(column, low >>> 0, high >>> 0);
};
