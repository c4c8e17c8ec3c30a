/**
 * Dates and times as MySQL prints them. One `fromCharCode` call with all characters makes a flat string in about 30 ns; joining
 * parts makes ropes that cost more later, and a detour over a byte buffer costs half as much again.
 */

import { tens, units } from './ascii-digits.ts';

const chars = String.fromCharCode;
const dash = 0x2d;
const colon = 0x3a;
const space = 0x20;
const point = 0x2e;

/** 'YYYY-MM-DD'. */
export const dateText = (year: number, month: number, day: number): string => {
  const century = (year / 100) | 0;
  const rest = year - century * 100;
  // biome-ignore format: one entry a character
  return chars(
    tens(century), units(century), tens(rest), units(rest), dash, tens(month), units(month), dash, tens(day),
    units(day),
  );
};

/** 'YYYY-MM-DD hh:mm:ss' and `fsp` digits of the fraction. */
export const datetimeText = (
  year: number,
  month: number,
  day: number,
  hours: number,
  minutes: number,
  seconds: number,
  micros: number,
  fsp: number,
): string => {
  const century = (year / 100) | 0;
  const rest = year - century * 100;
  if (fsp === 0) {
    // biome-ignore format: one entry a character
    return chars(
      tens(century), units(century), tens(rest), units(rest), dash, tens(month), units(month), dash, tens(day),
      units(day), space, tens(hours), units(hours), colon, tens(minutes), units(minutes), colon, tens(seconds),
      units(seconds),
    );
  }
  const first = (micros / 10_000) | 0;
  const middle = ((micros / 100) | 0) - first * 100;
  const last = micros - first * 10_000 - middle * 100;
  if (fsp === 6) {
    // biome-ignore format: one entry a character
    return chars(
      tens(century), units(century), tens(rest), units(rest), dash, tens(month), units(month), dash, tens(day),
      units(day), space, tens(hours), units(hours), colon, tens(minutes), units(minutes), colon, tens(seconds),
      units(seconds), point, tens(first), units(first), tens(middle), units(middle), tens(last), units(last),
    );
  }
  if (fsp === 3) {
    // biome-ignore format: one entry a character
    return chars(
      tens(century), units(century), tens(rest), units(rest), dash, tens(month), units(month), dash, tens(day),
      units(day), space, tens(hours), units(hours), colon, tens(minutes), units(minutes), colon, tens(seconds),
      units(seconds), point, tens(first), units(first), tens(middle),
    );
  }
  return datetimeText(year, month, day, hours, minutes, seconds, micros, 6).slice(0, 20 + fsp);
};

/** '[-]hh:mm:ss' and `fsp` digits of the fraction; hours up to 838. */
export const timeText = (
  negative: boolean,
  hours: number,
  minutes: number,
  seconds: number,
  micros: number,
  fsp: number,
): string => {
  const head = negative ? (hours > 99 ? `-${hours}` : `-${pair(hours)}`) : hours > 99 ? `${hours}` : pair(hours);
  const text = head + chars(colon, tens(minutes), units(minutes), colon, tens(seconds), units(seconds));
  if (fsp === 0) return text;
  const first = (micros / 10_000) | 0;
  const middle = ((micros / 100) | 0) - first * 100;
  const last = micros - first * 10_000 - middle * 100;
  const fraction = chars(point, tens(first), units(first), tens(middle), units(middle), tens(last), units(last));
  return text + (fsp === 6 ? fraction : fraction.slice(0, fsp + 1));
};

const pair = (n: number): string => chars(tens(n), units(n));

/** A day of the Gregorian calendar as (year × 16 + month) × 32 + day, from days since 1970 (0 or more). */
const packedDay = (days: number): number => {
  if (days === cachedDays) return cachedDay;
  // https://howardhinnant.github.io/date_algorithms.html#civil_from_days, for days from 0000-03-01.
  const shifted = days + 719_468;
  const era = (shifted / 146_097) | 0;
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1_460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  cachedDays = days;
  cachedDay = (year * 16 + month) * 32 + day;
  return cachedDay;
};

/** Rows that lie together are mostly of one day. */
let cachedDays = -1;
let cachedDay = 0;

/** Days since 1970 of a date of the Gregorian calendar (http://howardhinnant.github.io/date_algorithms.html#days_from_civil). */
export const daysFromDate = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  return era * 146_097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719_468;
};

/** A timestamp's text in UTC; `seconds` 0 with `micros` 0 is the zero timestamp, which MySQL stores for '0000-00-00'. */
export const timestampText = (seconds: number, micros: number, fsp: number): string => {
  if (seconds === 0 && micros === 0) return datetimeText(0, 0, 0, 0, 0, 0, 0, fsp);
  const days = (seconds / 86_400) | 0;
  const rest = seconds - days * 86_400;
  const hours = (rest / 3_600) | 0;
  const minutes = ((rest - hours * 3_600) / 60) | 0;
  const day = packedDay(days);
  return datetimeText(
    day >> 9,
    (day >> 5) & 15,
    day & 31,
    hours,
    minutes,
    rest - hours * 3_600 - minutes * 60,
    micros,
    fsp,
  );
};
