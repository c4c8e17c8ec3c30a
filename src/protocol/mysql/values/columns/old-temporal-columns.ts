/**
 * TIME, DATETIME and TIMESTAMP as before MySQL 5.6, still written by MariaDB for tables made with mysql56_temporal_format=OFF.
 * The log does not tell the fraction digits f of these; the table's definition does.
 *
 *   f = 0    TIME i3 and DATETIME u8 little-endian: the decimal digits hhmmss and YYYYMMDDhhmmss as a number; TIMESTAMP u4
 *            little-endian
 *   f = 1-6  big-endian: TIME 3,4,4,5,5,5,6... bytes: (seconds + 3020400) × 10^f and fraction; DATETIME 6,6,7,7,7,8 bytes:
 *            (((((year × 13 + month) × 32 + day) × 24 + hours) × 60 + minutes) × 60 + seconds) × 10^f and fraction;
 *            TIMESTAMP u4, then ⌈f/2⌉ bytes of 10^-f s
 *
 * MariaDB sql/field.cc (Field_time_hires, Field_datetime_hires, Field_timestamp_hires) and sql/compat56.cc.
 */

import type { ValueWriter } from '../../../../core/row-images.ts';
import { type ColumnReader, calledReader, fixed } from './column-reader.ts';
import { datetimeText, timestampText, timeText } from './temporal-text.ts';

const timeBytes = [3, 4, 4, 5, 5, 5, 6] as const;
const datetimeBytes = [8, 6, 6, 7, 7, 7, 8] as const;

/** Seconds of 839 hours: what is added so that every TIME is positive. */
const timeShift = 3_020_400;

export const oldTimeColumn = (fsp: number): ColumnReader => {
  const size = timeBytes[fsp]!;
  const unit = 10 ** fsp;
  const parts = <T>(
    b: Buffer,
    s: number,
    give: (negative: boolean, hours: number, minutes: number, seconds: number, micros: number) => T,
  ): T => {
    if (fsp === 0) {
      const value = b.readIntLE(s, 3);
      const digits = Math.abs(value);
      return give(value < 0, Math.trunc(digits / 10_000), Math.trunc(digits / 100) % 100, digits % 100, 0);
    }
    const value = b.readUIntBE(s, size) - timeShift * unit;
    const magnitude = Math.abs(value);
    const whole = Math.floor(magnitude / unit);
    const micros = (magnitude - whole * unit) * 10 ** (6 - fsp);
    return give(value < 0, Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60, micros);
  };
  return calledReader(
    fixed(size),
    (b, s) => parts(b, s, (negative, h, m, sec, us) => timeText(negative, h, m, sec, us, fsp)),
    (writer, column, b, s) => parts(b, s, (negative, h, m, sec, us) => writer.time(column, negative, h, m, sec, us)),
  );
};

export const oldDatetimeColumn = (fsp: number): ColumnReader => {
  const size = datetimeBytes[fsp]!;
  const parts = <T>(b: Buffer, s: number, give: (...parts: DatetimeParts) => T): T => {
    if (fsp === 0) {
      // 14 digits: below 2^53, so the upper half cannot push a sound value out of a number.
      const digits = b.readUInt32LE(s) + b.readUInt32LE(s + 4) * 4_294_967_296;
      const date = Math.floor(digits / 1_000_000);
      const time = digits - date * 1_000_000;
      return give(
        Math.floor(date / 10_000),
        Math.floor(date / 100) % 100,
        date % 100,
        Math.floor(time / 10_000),
        Math.floor(time / 100) % 100,
        time % 100,
        0,
      );
    }
    const unit = 10n ** BigInt(fsp);
    let packed = 0n;
    for (let at = s; at < s + size; at += 1) packed = (packed << 8n) | BigInt(b[at]!);
    const micros = Number(packed % unit) * 10 ** (6 - fsp);
    let rest = Number(packed / unit);
    const next = (radix: number): number => {
      const part = rest % radix;
      rest = Math.floor(rest / radix);
      return part;
    };
    const [seconds, minutes, hours, day, month] = [next(60), next(60), next(24), next(32), next(13)];
    return give(rest, month, day, hours, minutes, seconds, micros);
  };
  return calledReader(
    fixed(size),
    (b, s) => parts(b, s, (...values) => datetimeText(...values, fsp)),
    (writer, column, b, s) => parts(b, s, (...values) => writer.datetime(column, ...values)),
  );
};

export const oldTimestampColumn = (fsp: number): ColumnReader => {
  const fractionBytes = (fsp + 1) >> 1;
  const seconds = (b: Buffer, s: number): number => (fsp === 0 ? b.readUInt32LE(s) : b.readUInt32BE(s));
  const micros = (b: Buffer, s: number): number =>
    fsp === 0 ? 0 : b.readUIntBE(s + 4, fractionBytes) * 10 ** (6 - fsp);
  return calledReader(
    fixed(4 + fractionBytes),
    (b, s) => timestampText(seconds(b, s), micros(b, s), fsp),
    (writer: ValueWriter, column, b, s) => writer.timestamp(column, seconds(b, s), micros(b, s)),
  );
};

type DatetimeParts = [
  year: number,
  month: number,
  day: number,
  hours: number,
  minutes: number,
  seconds: number,
  micros: number,
];
