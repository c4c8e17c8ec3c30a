import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import type { ValueWriter } from '../../core/row-images.ts';
import { type Column, type ColumnType, qualifiedName, type Table } from '../../core/table.ts';
import { DecimalValue } from './decimal-value.ts';
import { ObjectCursor, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipBlanks, skipValue } from './json-scanner.ts';
import { StringBytes } from './json-string.ts';
import { MomentText } from './moment-text.ts';
import type { ValueModes } from './value-modes.ts';
import { asciiText, wholeBigint, wholeNumber } from './whole-number.ts';

/**
 * Hands one JSON value, from `start` to `end` of `bytes` and not null, to the writer as its column's type asks. Throws
 * FORMAT_VALUE_UNREADABLE when the value is none of that type: nothing is rounded, cut or guessed.
 */
export type ColumnReader = (writer: ValueWriter, column: number, bytes: Uint8Array, start: number, end: number) => void;

/** The reader for one column of `table`. */
export const columnReader = (table: Table, column: Column, modes: ValueModes): ColumnReader => {
  const misfit = (): never => {
    throw new MillraceError('FORMAT_VALUE_UNREADABLE', {
      table: qualifiedName(table),
      column: column.name,
      type: column.declaration ?? column.type.kind,
    });
  };
  const read = readerOf(column.type, modes, misfit);
  const { absentText } = modes;
  if (absentText === null) return read;
  // In base64 where the column is binary.
  const placeholders = [absentText, Buffer.from(absentText).toString('base64')].map((text) => `"${text}"`);
  const lengths = new Set(placeholders.map(({ length }) => length));
  return (writer, index, bytes, start, end) => {
    const isAbsent =
      bytes[start] === QUOTE && lengths.has(end - start) && placeholders.includes(asciiText(bytes, start, end));
    if (isAbsent) writer.absent(index);
    else read(writer, index, bytes, start, end);
  };
};

type Misfit = () => never;

/** What a whole number counts. */
type Unit = 'millis' | 'micros' | 'nanos';

const unitOf = (times: ValueModes['times'], isShort: boolean): Unit =>
  times === 'adaptive' || times === 'shortest' ? (isShort ? 'millis' : 'micros') : times;

const readerOf = (type: ColumnType, modes: ValueModes, misfit: Misfit): ColumnReader => {
  switch (type.kind) {
    case 'integer':
      return integerReader(type, modes, misfit);
    case 'year':
      return wholeReader(misfit);
    case 'bit':
      return bitReader(modes, misfit);
    case 'decimal':
      return decimalReader(type.scale, modes, misfit);
    case 'float':
      return floatReader(misfit, (writer, column, value) => writer.float(column, value), Math.fround);
    case 'double':
      return floatReader(misfit, (writer, column, value) => writer.double(column, value));
    case 'date':
      return dateReader(misfit);
    case 'time':
      return timeReader(unitOf(modes.times, modes.times === 'shortest' && type.fsp <= 3), misfit);
    case 'datetime':
      return datetimeReader(unitOf(modes.times, type.fsp <= 3), misfit);
    case 'timestamp':
      return timestampReader(unitOf(modes.times, false), misfit);
    case 'text':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return textReader;
    case 'json':
      return modes.documents === 'string' ? documentTextReader(misfit) : documentReader;
    case 'binary':
      return binaryReader(modes, misfit);
    case 'enum':
      return enumReader(type.values, misfit);
    case 'set':
      return setReader(type.values, misfit);
    case 'geometry':
      return geometryReader(misfit);
    case 'vector':
      return vectorReader(misfit);
  }
};

// One reads after the other, so that these are shared.
const text = new StringBytes();
const decimal = new DecimalValue();
const moment = new MomentText();
const cursor = new ObjectCursor();

/** Where the digits of a number, or of a string that holds one, stand: in `text`. */
const takeDigits = (bytes: Uint8Array, start: number, end: number): void => {
  if (bytes[start] === QUOTE) text.take(bytes, start, end);
  else {
    text.bytes = bytes;
    text.start = start;
    text.end = end;
  }
};

/** 1 and 0 for true and false, which stand for BOOL; -1: neither. */
const truth = (bytes: Uint8Array, start: number): number =>
  bytes[start] === LETTER_T ? 1 : bytes[start] === LETTER_F ? 0 : -1;

const wholeReader =
  (misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    const bool = truth(bytes, start);
    if (bool >= 0) {
      writer.integer(column, bool);
      return;
    }
    takeDigits(bytes, start, end);
    const value = wholeNumber(text.bytes, text.start, text.end);
    if (Number.isFinite(value)) writer.integer(column, value);
    else if (Number.isNaN(value)) misfit();
    else writeBigint(writer, column, wholeBigint(text.bytes, text.start, text.end) ?? misfit());
  };

const writeBigint = (writer: ValueWriter, column: number, value: bigint): void => {
  const number = Number(value);
  if (Number.isSafeInteger(number)) writer.integer(column, number);
  else writer.bigint(column, value);
};

const integerReader = (
  { bits, unsigned }: { readonly bits: number; readonly unsigned: boolean },
  modes: ValueModes,
  misfit: Misfit,
): ColumnReader => {
  const whole = wholeReader(misfit);
  if (bits !== 64 || !unsigned || modes.unsignedBigints === 'digits') return whole;
  if (modes.unsignedBigints === 'unscaled') {
    return (writer, column, bytes, start, end) => {
      if (bytes[start] !== QUOTE) return whole(writer, column, bytes, start, end);
      text.take(bytes, start, end);
      if (!decimal.fromUnscaled(text.bytes, text.start, text.end, 0)) misfit();
      writeBigint(writer, column, wholeBigint(decimal.bytes, decimal.start, decimal.end) ?? misfit());
    };
  }
  return (writer, column, bytes, start, end) => {
    if (bytes[start] !== MINUS) return whole(writer, column, bytes, start, end);
    writeBigint(writer, column, BigInt.asUintN(64, wholeBigint(bytes, start, end) ?? misfit()));
  };
};

/** BIT(1) is a boolean; more bits are a number, or little-endian bytes: in base64, whatever other bytes are written in. */
const bitReader = (modes: ValueModes, misfit: Misfit): ColumnReader => {
  const whole = wholeReader(misfit);
  return (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE || modes.binaries === 'latin1') return whole(writer, column, bytes, start, end);
    text.take(bytes, start, end);
    const raw = bytesOf(text, 'base64') ?? misfit();
    let value = 0n;
    for (let i = raw.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(raw[i]!);
    writeBigint(writer, column, value);
  };
};

const decimalReader = (scale: number, modes: ValueModes, misfit: Misfit): ColumnReader => {
  const unscaled = modes.decimals === 'unscaled';
  return (writer, column, bytes, start, end) => {
    const quoted = bytes[start] === QUOTE;
    takeDigits(bytes, start, end);
    const ok =
      unscaled && quoted
        ? decimal.fromUnscaled(text.bytes, text.start, text.end, scale)
        : decimal.fromDigits(text.bytes, text.start, text.end, scale);
    if (!ok) misfit();
    writer.decimal(column, decimal.bytes, decimal.start, decimal.end);
  };
};

/** `round`: to the nearest value that the column can hold, which is the one that the shortest digits were printed from. */
const floatReader =
  (
    misfit: Misfit,
    write: (writer: ValueWriter, column: number, value: number) => void,
    round: (value: number) => number = (value) => value,
  ): ColumnReader =>
  (writer, column, bytes, start, end) => {
    takeDigits(bytes, start, end);
    const digits = asciiText(text.bytes, text.start, text.end);
    const value = digits === '' ? Number.NaN : round(Number(digits));
    if (!Number.isFinite(value)) misfit();
    write(writer, column, value);
  };

const textReader: ColumnReader = (writer, column, bytes, start, end) => {
  takeDigits(bytes, start, end);
  writer.text(column, text.bytes, text.start, text.end);
};

const documentReader: ColumnReader = (writer, column, bytes, start, end) => writer.json(column, bytes, start, end);

const documentTextReader =
  (misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE) return writer.json(column, bytes, start, end);
    text.take(bytes, start, end);
    if (text.start === text.end) misfit();
    writer.json(column, text.bytes, text.start, text.end);
  };

/** What a string of bytes stands for; null: it is no such string. */
const bytesOf = (value: StringBytes, binaries: ValueModes['binaries']): Uint8Array | null => {
  const characters = value.toString();
  switch (binaries) {
    case 'base64':
      return /^[\w+/-]*={0,2}$/.test(characters) ? Buffer.from(characters, 'base64') : null;
    case 'hex':
      return characters.length % 2 === 0 && /^[\da-f]*$/i.test(characters) ? Buffer.from(characters, 'hex') : null;
    case 'latin1':
      for (let i = 0; i < characters.length; i += 1) if (characters.charCodeAt(i) > 255) return null;
      return Buffer.from(characters, 'latin1');
  }
};

const binaryReader =
  (modes: ValueModes, misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE) misfit();
    text.take(bytes, start, end);
    const raw = bytesOf(text, modes.binaries) ?? misfit();
    writer.binary(column, raw, 0, raw.length);
  };

const dateReader =
  (misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE) {
      const days = wholeNumber(bytes, start, end);
      if (!Number.isFinite(days) || !toCivil(days)) misfit();
      writer.date(column, civil.year, civil.month, civil.day);
      return;
    }
    text.take(bytes, start, end);
    if (!moment.readMoment(text.bytes, text.start, text.end)) misfit();
    writer.date(column, moment.year, moment.month, moment.day);
  };

const timeReader = (unit: Unit, misfit: Misfit): ColumnReader => {
  const perSecond = unit === 'millis' ? 1_000 : 1_000_000;
  return (writer, column, bytes, start, end) => {
    if (bytes[start] === QUOTE) {
      text.take(bytes, start, end);
      if (!moment.readClock(text.bytes, text.start, text.end)) misfit();
      const { negative, hours, minutes, seconds, micros } = moment;
      writer.time(column, negative, hours, minutes, seconds, micros);
      return;
    }
    const value = wholeNumber(bytes, start, unit === 'nanos' ? behindMicros(bytes, start, end) : end);
    if (!Number.isFinite(value)) misfit();
    const count = Math.abs(value);
    const whole = Math.floor(count / perSecond);
    const micros = (count - whole * perSecond) * (1_000_000 / perSecond);
    const hours = Math.floor(whole / 3_600);
    if (hours > 838) misfit();
    writer.time(column, value < 0, hours, Math.floor(whole / 60) % 60, whole % 60, micros);
  };
};

const datetimeReader =
  (unit: Unit, misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] === QUOTE) {
      text.take(bytes, start, end);
      if (!moment.readMoment(text.bytes, text.start, text.end)) misfit();
      const { year, month, day, hours, minutes, seconds, micros } = moment;
      writer.datetime(column, year, month, day, hours, minutes, seconds, micros);
      return;
    }
    if (!toInstant(bytes, start, end, unit)) misfit();
    const days = Math.floor(instant.seconds / 86_400);
    if (!toCivil(days)) misfit();
    const rest = instant.seconds - days * 86_400;
    const { year, month, day } = civil;
    writer.datetime(
      column,
      year,
      month,
      day,
      Math.floor(rest / 3_600),
      Math.floor(rest / 60) % 60,
      rest % 60,
      instant.micros,
    );
  };

/** A text without a zone is UTC, as core/value.ts has it. */
const timestampReader =
  (unit: Unit, misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE) {
      if (!toInstant(bytes, start, end, unit)) misfit();
      writer.timestamp(column, instant.seconds, instant.micros);
      return;
    }
    text.take(bytes, start, end);
    if (!moment.readMoment(text.bytes, text.start, text.end)) misfit();
    const { year, month, day, hours, minutes, seconds, micros } = moment;
    if (month === 0 || day === 0) {
      if (year + month + day + hours + minutes + seconds + micros > 0) misfit();
      writer.timestamp(column, 0, 0);
      return;
    }
    const days = Date.UTC(year, month - 1, day) / 86_400_000;
    const whole = days * 86_400 + hours * 3_600 + minutes * 60 + seconds - (moment.offsetMinutes ?? 0) * 60;
    writer.timestamp(column, whole, micros);
  };

const enumReader = (members: readonly string[], misfit: Misfit): ColumnReader => {
  const ordinals = new Map(members.map((member, index) => [member, index + 1]));
  return (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE) misfit();
    text.take(bytes, start, end);
    const member = text.toString();
    writer.enum(column, ordinals.get(member) ?? (member === '' ? 0 : misfit()));
  };
};

const setReader = (members: readonly string[], misfit: Misfit): ColumnReader => {
  const bits = new Map(members.map((member, index) => [member, index]));
  return (writer, column, bytes, start, end) => {
    if (bytes[start] !== QUOTE) misfit();
    text.take(bytes, start, end);
    const chosen = text.toString();
    let low = 0;
    let high = 0;
    for (const member of chosen === '' ? [] : chosen.split(',')) {
      const bit = bits.get(member) ?? misfit();
      if (bit < 32) low |= 1 << bit;
      else high |= 1 << (bit - 32);
    }
    writer.set(column, low >>> 0, high >>> 0);
  };
};

/** `{"wkb":"<base64>","srid":4326}`, a point with its coordinates before; written as SRID and WKB. */
const geometryReader =
  (misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] !== OPEN_BRACE) misfit();
    let wkb: Uint8Array | null = null;
    let srid = 0;
    cursor.open(bytes, start, end);
    while (cursor.next()) {
      const valueEnd = cursor.pass();
      const value = cursor.valueStart;
      if (cursor.keyIs(wkbKey) && bytes[value] === QUOTE) {
        text.take(bytes, value, valueEnd);
        wkb = Buffer.from(text.toString(), 'base64');
      } else if (cursor.keyIs(sridKey) && bytes[value] !== LETTER_N) srid = wholeNumber(bytes, value, valueEnd);
    }
    if (wkb === null || !(srid >= 0 && srid <= 0xffffffff)) return misfit();
    const shape = Buffer.alloc(4 + wkb.length);
    shape.writeUInt32LE(srid, 0);
    shape.set(wkb, 4);
    writer.geometry(column, shape, 0, shape.length);
  };

const vectorReader =
  (misfit: Misfit): ColumnReader =>
  (writer, column, bytes, start, end) => {
    if (bytes[start] !== OPEN_BRACKET) misfit();
    const values: number[] = [];
    for (let at = skipBlanks(bytes, start + 1, end); at < end - 1; ) {
      const behind = skipValue(bytes, at, end);
      const value = Number(asciiText(bytes, at, behind));
      if (!Number.isFinite(value)) misfit();
      values.push(value);
      // Behind the comma, if there is one: the scanner has checked the array as a whole.
      at = skipBlanks(bytes, behind, end);
      at = skipBlanks(bytes, at + 1, end);
    }
    const floats = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) floats.writeFloatLE(value, index * 4);
    writer.vector(column, floats, 0, floats.length);
  };

const civil = { year: 0, month: 0, day: 0 };

/** Days since 1970 as a date in `civil` (Hinnant's civil_from_days); false: not within the years 0 to 9999. */
const toCivil = (days: number): boolean => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  civil.day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  civil.month = month < 10 ? month + 3 : month - 9;
  civil.year = yearOfEra + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil.year >= 0 && civil.year <= 9_999;
};

const instant = { seconds: 0, micros: 0 };

/** Where a count of nanoseconds ends as one of microseconds; `start`, where there is no number, if it is finer than those. */
const behindMicros = (bytes: Uint8Array, start: number, end: number): number => {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end - first === 1 && bytes[first] === ZERO) return end;
  const isWhole = end - first > 3 && bytes[end - 1] === ZERO && bytes[end - 2] === ZERO && bytes[end - 3] === ZERO;
  return isWhole ? end - 3 : start;
};

/** A count of units since 1970 in `instant`; false: it is no whole number of a sensible size, or finer than microseconds. */
const toInstant = (bytes: Uint8Array, start: number, behind: number, unit: Unit): boolean => {
  const end = unit === 'nanos' ? behindMicros(bytes, start, behind) : behind;
  const value = wholeNumber(bytes, start, end);
  if (Number.isNaN(value)) return false;
  const perSecond = unit === 'millis' ? 1_000 : 1_000_000;
  if (Number.isFinite(value)) {
    instant.seconds = Math.floor(value / perSecond);
    instant.micros = (value - instant.seconds * perSecond) * (1_000_000 / perSecond);
    return true;
  }
  const wide = wholeBigint(bytes, start, end);
  if (wide === null || unit === 'millis') return false;
  const rest = ((wide % 1_000_000n) + 1_000_000n) % 1_000_000n;
  instant.seconds = Number((wide - rest) / 1_000_000n);
  instant.micros = Number(rest);
  return Number.isSafeInteger(instant.seconds);
};

const MINUS = 0x2d;
const ZERO = 0x30;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const wkbKey = Buffer.from('"wkb"');
const sridKey = Buffer.from('"srid"');
