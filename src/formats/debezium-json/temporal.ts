import { putFixed, putInteger } from '../ascii-digits.ts';

/** Days from 1970-01-01 in the Gregorian calendar carried back, as Java's LocalDate counts (Hinnant's days_from_civil). */
export const epochDay = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1;
  const dayOfEra = yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/** Debezium's `enable.time.adjuster`: years 0 to 69 mean 2000 to 2069, and 70 to 99 mean 1970 to 1999. */
export const adjustedYear = (year: number): number => (year >= 100 ? year : year < 70 ? year + 2_000 : year + 1_900);

export const epochSecond = (days: number, hours: number, minutes: number, seconds: number): number =>
  days * 86_400 + hours * 3_600 + minutes * 60 + seconds;

/** Milliseconds since 1970, rounded down. */
export const putMillis = (bytes: Uint8Array, at: number, seconds: number, micros: number): number =>
  putInteger(bytes, at, seconds * 1_000 + Math.floor(micros / 1_000));

/** Microseconds since 1970, which may take more than 53 bits. */
export const putMicros = (bytes: Uint8Array, place: number, seconds: number, micros: number): number => {
  let at = place;
  let whole = seconds;
  let rest = micros;
  if (seconds < 0) {
    bytes[at] = MINUS;
    at += 1;
    whole = micros === 0 ? -seconds : -seconds - 1;
    rest = micros === 0 ? 0 : 1_000_000 - micros;
  }
  if (whole === 0) return putInteger(bytes, at, rest);
  return putFixed(bytes, putInteger(bytes, at, whole), rest, 6);
};

/**
 * Whether a moment's nanoseconds since 1970 have room in 64 bits: from 1677-09-22 to 2262-04-11 23:47:16.854775. Java multiplies the day
 * first, so the last hours of 1677-09-21 count as beyond.
 */
export const hasNanos = (days: number, secondOfDay: number, micros: number): boolean =>
  days > -lastNanosDay - 1 &&
  (days < lastNanosDay || (days === lastNanosDay && secondOfDay * 1e6 + micros <= 85_636_854_775));

const lastNanosDay = 106_751;

/** Nanoseconds since 1970, of which the last three digits are zeros. */
export const putNanos = (bytes: Uint8Array, place: number, seconds: number, micros: number): number => {
  const at = putMicros(bytes, place, seconds, micros);
  return seconds === 0 && micros === 0 ? at : putFixed(bytes, at, 0, 3);
};

export const putDateText = (bytes: Uint8Array, place: number, year: number, month: number, day: number): number => {
  const at = putFixed(bytes, place, year, 4);
  bytes[at] = MINUS;
  const behind = putFixed(bytes, at + 1, month, 2);
  bytes[behind] = MINUS;
  return putFixed(bytes, behind + 1, day, 2);
};

export const putClockText = (
  bytes: Uint8Array,
  place: number,
  hours: number,
  minutes: number,
  seconds: number,
): number => {
  let at = putFixed(bytes, place, hours, 2);
  bytes[at] = COLON;
  at = putFixed(bytes, at + 1, minutes, 2);
  bytes[at] = COLON;
  return putFixed(bytes, at + 1, seconds, 2);
};

/** `.` and the first `width` digits of the microseconds; nothing for width 0. */
export const putFraction = (bytes: Uint8Array, at: number, micros: number, width: number): number => {
  if (width === 0) return at;
  bytes[at] = POINT;
  return putFixed(bytes, at + 1, Math.floor(micros / 10 ** (6 - width)), width);
};

/** How many digits the microseconds need, without trailing zeros. */
export const fractionWidth = (micros: number): number => {
  if (micros === 0) return 0;
  let width = 6;
  for (let rest = micros; rest % 10 === 0; rest /= 10) width -= 1;
  return width;
};

/** Seconds since 1970 in UTC, from 0 on, as `2024-02-29T01:02:03`. */
export const putInstantText = (bytes: Uint8Array, place: number, seconds: number): number => {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  // Hinnant's civil_from_days, for days from 1970 on.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1_460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const at = putDateText(
    bytes,
    place,
    era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1,
  );
  bytes[at] = LETTER_T;
  return putClockText(bytes, at + 1, (rest / 3_600) | 0, ((rest / 60) | 0) % 60, rest % 60);
};

const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const LETTER_T = 0x54;
