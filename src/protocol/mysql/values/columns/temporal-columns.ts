/**
 *   DATE         u3 little-endian: year 15 bits | month 4 | day 5
 *   TIME2(f)     big-endian, 3 bytes and ⌈f/2⌉ of fraction, read as one number minus 2^(23 + 8⌈f/2⌉): sign and
 *                hours 10 | minutes 6 | seconds 6 | fraction
 *   DATETIME2(f) big-endian, 5 bytes: 1 | year × 13 + month 17 | day 5 | hours 5 | minutes 6 | seconds 6, then the fraction
 *   TIMESTAMP2(f) big-endian: seconds since 1970 u4, then the fraction
 *   fraction     1 byte of 1/100 s, 2 bytes of 1/10000 s, 3 bytes of microseconds
 *
 * MySQL mysys/my_time.cc (my_time_packed_to_binary and its siblings).
 *
 * Rows that come together often have one time, NOW() of their statement, or one day: each reader keeps its last text.
 */

import { type ColumnReader, fixed } from './column-reader.ts';
import { dateText, datetimeText, timestampText, timeText } from './temporal-text.ts';

export const dateColumn = (): ColumnReader => {
  let lastDay = -1;
  let lastText = '';
  const read: ColumnReader['read'] = (b, s) => {
    const day = b[s]! | (b[s + 1]! << 8) | (b[s + 2]! << 16);
    if (day === lastDay) return lastText;
    lastDay = day;
    lastText = dateText(day >> 9, (day >> 5) & 15, day & 31);
    return lastText;
  };
  return {
    ...fixed(3),
    read,
    write: (writer, column, b, s) =>
      writer.date(column, (b[s + 1]! >> 1) | (b[s + 2]! << 7), ((b[s + 1]! & 1) << 3) | (b[s]! >> 5), b[s]! & 31),
    readSource: (bind) => `${bind(read)}(b, s)`,
    writeSource: (column) =>
      `w.date(${column}, b[s + 1] >> 1 | b[s + 2] << 7, (b[s + 1] & 1) << 3 | b[s] >> 5, b[s] & 31);`,
  };
};

export const timeColumn = (fsp: number): ColumnReader => {
  const fractionBytes = (fsp + 1) >> 1;
  const zero = 2 ** (23 + 8 * fractionBytes);
  const unit = 2 ** (8 * fractionBytes);
  const scale = microsPerUnit[fractionBytes]!;
  const read: ColumnReader['read'] = (b, s) => {
    const value = b.readUIntBE(s, 3 + fractionBytes) - zero;
    const magnitude = Math.abs(value);
    const whole = Math.floor(magnitude / unit);
    const micros = (magnitude - whole * unit) * scale;
    return timeText(value < 0, (whole >> 12) & 0x3ff, (whole >> 6) & 63, whole & 63, micros, fsp);
  };
  return {
    ...fixed(3 + fractionBytes),
    read,
    write: (writer, column, b, s) => {
      const value = b.readUIntBE(s, 3 + fractionBytes) - zero;
      const magnitude = Math.abs(value);
      const whole = Math.floor(magnitude / unit);
      const micros = (magnitude - whole * unit) * scale;
      writer.time(column, value < 0, (whole >> 12) & 0x3ff, (whole >> 6) & 63, whole & 63, micros);
    },
    readSource: (bind) => `${bind(read)}(b, s)`,
    writeSource: (column) =>
      `{ const v = b.readUIntBE(s, ${3 + fractionBytes}) - ${zero}, m = Math.abs(v), h = Math.floor(m / ${unit});
      w.time(${column}, v < 0, h >> 12 & 1023, h >> 6 & 63, h & 63, (m - h * ${unit}) * ${scale}); }`,
  };
};

export const datetimeColumn = (fsp: number): ColumnReader => {
  const fractionBytes = (fsp + 1) >> 1;
  let lastHigh = -1;
  let lastLow = 0;
  let lastMicros = 0;
  let lastText = '';
  const read: ColumnReader['read'] = (b, s) => {
    const high = (b[s]! << 16) | (b[s + 1]! << 8) | b[s + 2]!;
    const low = (b[s + 3]! << 8) | b[s + 4]!;
    const fraction = micros(b, s + 5, fractionBytes);
    if (high === lastHigh && low === lastLow && fraction === lastMicros) return lastText;
    lastHigh = high;
    lastLow = low;
    lastMicros = fraction;
    const months = (high >> 6) & 0x1ffff;
    const year = (months / 13) | 0;
    lastText = datetimeText(
      year,
      months - year * 13,
      (high >> 1) & 31,
      ((high & 1) << 4) | (low >> 12),
      (low >> 6) & 63,
      low & 63,
      fraction,
      fsp,
    );
    return lastText;
  };
  return {
    ...fixed(5 + fractionBytes),
    read,
    write: (writer, column, b, s) => {
      const high = (b[s]! << 16) | (b[s + 1]! << 8) | b[s + 2]!;
      const low = (b[s + 3]! << 8) | b[s + 4]!;
      const months = (high >> 6) & 0x1ffff;
      const year = (months / 13) | 0;
      writer.datetime(
        column,
        year,
        months - year * 13,
        (high >> 1) & 31,
        ((high & 1) << 4) | (low >> 12),
        (low >> 6) & 63,
        low & 63,
        micros(b, s + 5, fractionBytes),
      );
    },
    readSource: (bind) => `${bind(read)}(b, s)`,
    writeSource: (column) =>
      `{ const h = b[s] << 16 | b[s + 1] << 8 | b[s + 2], l = b[s + 3] << 8 | b[s + 4], m = h >> 6 & 131071, y = m / 13 | 0;
      w.datetime(${column}, y, m - y * 13, h >> 1 & 31, (h & 1) << 4 | l >> 12, l >> 6 & 63, l & 63, ${microsSource(5, fractionBytes)}); }`,
  };
};

export const timestampColumn = (fsp: number): ColumnReader => {
  const fractionBytes = (fsp + 1) >> 1;
  let lastSeconds = -1;
  let lastMicros = 0;
  let lastText = '';
  const read: ColumnReader['read'] = (b, s) => {
    const whole = seconds(b, s);
    const fraction = micros(b, s + 4, fractionBytes);
    if (whole === lastSeconds && fraction === lastMicros) return lastText;
    lastSeconds = whole;
    lastMicros = fraction;
    lastText = timestampText(whole, fraction, fsp);
    return lastText;
  };
  return {
    ...fixed(4 + fractionBytes),
    read,
    write: (writer, column, b, s) => writer.timestamp(column, seconds(b, s), micros(b, s + 4, fractionBytes)),
    readSource: (bind) => `${bind(read)}(b, s)`,
    writeSource: (column) =>
      `w.timestamp(${column}, (b[s] << 24 | b[s + 1] << 16 | b[s + 2] << 8 | b[s + 3]) >>> 0, ${microsSource(4, fractionBytes)});`,
  };
};

/** Microseconds in one unit of a fraction of so many bytes. */
const microsPerUnit = [0, 10_000, 100, 1] as const;

const seconds = (b: Buffer, s: number): number =>
  ((b[s]! << 24) | (b[s + 1]! << 16) | (b[s + 2]! << 8) | b[s + 3]!) >>> 0;

const micros = (b: Buffer, s: number, fractionBytes: number): number => {
  switch (fractionBytes) {
    case 0:
      return 0;
    case 1:
      return b[s]! * 10_000;
    case 2:
      return ((b[s]! << 8) | b[s + 1]!) * 100;
    default:
      return (b[s]! << 16) | (b[s + 1]! << 8) | b[s + 2]!;
  }
};

const microsSource = (at: number, fractionBytes: number): string =>
  [
    '0',
    `b[s + ${at}] * 10000`,
    `(b[s + ${at}] << 8 | b[s + ${at + 1}]) * 100`,
    `(b[s + ${at}] << 16 | b[s + ${at + 1}] << 8 | b[s + ${at + 2}])`,
  ][fractionBytes]!;
