import { calendarDay, daysInMonth, daysOf } from './calendar.ts';
import { type Whole, whole } from './sql-value.ts';

export const DAY_MILLIS = 86_400_000;
export const DAY_MICROS = 86_400_000_000;

/** The day that a time in microseconds lies in, and the microseconds since its midnight. */
export const splitMicros = (micros: Whole): readonly [days: number, microsOfDay: number] => {
  if (typeof micros === 'number') {
    const days = Math.floor(micros / DAY_MICROS);
    return [days, micros - days * DAY_MICROS];
  }
  let days = micros / BigInt(DAY_MICROS);
  let rest = micros % BigInt(DAY_MICROS);
  if (rest < 0n) {
    days -= 1n;
    rest += BigInt(DAY_MICROS);
  }
  return [Number(days), Number(rest)];
};

export const joinMicros = (days: number, microsOfDay: number): Whole => {
  const micros = days * DAY_MICROS + microsOfDay;
  return Number.isSafeInteger(micros) ? micros + 0 : whole(BigInt(days) * BigInt(DAY_MICROS) + BigInt(microsOfDay));
};

/** Cuts the digits behind the second that a precision does not have. */
export const cutMicros = (micros: Whole, precision: number): Whole => {
  if (precision >= 6) return micros;
  const unit = 10 ** (6 - precision);
  const [days, ofDay] = splitMicros(micros);
  return joinMicros(days, Math.floor(ofDay / unit) * unit);
};

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

export const dateText = (days: number): string => {
  const { year, month, day } = calendarDay(days);
  return `${year < 0 ? `-${pad(-year, 4)}` : pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
};

const clockText = (seconds: number): string =>
  `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;

export const timeText = (millis: number, precision: number): string => {
  const clock = clockText(Math.floor(millis / 1000));
  return precision === 0
    ? clock
    : `${clock}.${pad(millis % 1000, 3)
        .padEnd(6, '0')
        .slice(0, precision)}`;
};

/** `2024-02-29 12:34:56.789`, with as many digits behind the second as the precision has. */
export const timestampText = (micros: Whole, precision: number): string => {
  const [days, ofDay] = splitMicros(micros);
  const text = `${dateText(days)} ${clockText(Math.floor(ofDay / 1_000_000))}`;
  return precision === 0 ? text : `${text}.${pad(ofDay % 1_000_000, 6).slice(0, precision)}`;
};

/** A day as Flink's CAST reads it: `2024-2-9`, alone or before a time; null: it is none. */
export const parseDate = (text: string): number | null => {
  const match = /^\s*(\d{1,4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[ T].*)?\s*$/s.exec(text);
  if (match === null) return null;
  return checkedDay(Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1));
};

const checkedDay = (year: number, month: number, day: number): number | null =>
  month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month) ? daysOf(year, month, day) : null;

/** Milliseconds since midnight; null: it is no time. */
export const parseTime = (text: string): number | null => {
  const micros = parseClock(text.trim());
  return micros === null ? null : Math.floor(micros / 1000);
};

const parseClock = (text: string): number | null => {
  const match = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?$/.exec(text);
  if (match === null) return null;
  const [hour, minute, second] = [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fraction = Number((match[4] ?? '').padEnd(6, '0').slice(0, 6));
  return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
};

/** Microseconds since 1970; null: it is no time of day on a day, or a day alone. */
export const parseTimestamp = (text: string): Whole | null => {
  const fixed = fixedTimestamp(text);
  if (fixed !== null) return fixed;
  const match = /^\s*(\d{1,4}-\d{1,2}-\d{1,2})(?: (.+?))?\s*$/.exec(text);
  if (match === null) return null;
  const days = parseDate(match[1]!);
  const micros = match[2] === undefined ? 0 : /:.*:/.test(match[2]) ? parseClock(match[2]) : null;
  return days === null || micros === null ? null : joinMicros(days, micros);
};

/** `2024-02-29 12:34:56[.ffffff]` by position, as columns hold it; null: it is in another form. */
const fixedTimestamp = (text: string): Whole | null => {
  const { length } = text;
  if (length < 19 || length > 26 || length === 20 || text.charCodeAt(10) !== 0x20) return null;
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return null;
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return null;
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 7);
  const day = digitsAt(text, 8, 10);
  const hour = digitsAt(text, 11, 13);
  const minute = digitsAt(text, 14, 16);
  const second = digitsAt(text, 17, 19);
  let fraction = 0;
  if (length > 19) {
    if (text.charCodeAt(19) !== 0x2e) return null;
    fraction = digitsAt(text, 20, length) * 10 ** (26 - length);
  }
  // Not a number anywhere makes every comparison false.
  if (
    !(year >= 0 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59 && fraction >= 0)
  )
    return null;
  if (day > daysInMonth(year, month)) return null;
  return joinMicros(daysOf(year, month, day), ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction);
};

/** The number that digits between two places mean; NaN when something else stands there. */
const digitsAt = (text: string, from: number, to: number): number => {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
};

const formatters = new Map<string, Intl.DateTimeFormat>();

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. Throws RangeError for a zone that does not exist. */
const zoneOffset = (millis: number, zone: string): number => {
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0;
  const fixed = /^(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000;
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  const parts: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(millis)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const local = daysOf(year, month, day) * DAY_MILLIS + ((hour * 60 + minute) * 60 + second) * 1000;
  return local - Math.floor(millis / 1000) * 1000;
};

/** An instant's wall clock in a zone, both in microseconds. */
export const toWallClock = (instant: Whole, zone: string): Whole =>
  shift(instant, zoneOffset(Math.floor(Number(instant) / 1000), zone));

/** The instant at which a zone's clocks show this; the earlier one where they show it twice. */
export const toInstant = (wallClock: Whole, zone: string): Whole => {
  const millis = Math.floor(Number(wallClock) / 1000);
  const guess = zoneOffset(millis - zoneOffset(millis, zone), zone);
  return shift(wallClock, -guess);
};

const shift = (micros: Whole, millis: number): Whole => {
  if (millis === 0) return micros;
  const [days, ofDay] = splitMicros(micros);
  const moved = ofDay + millis * 1000;
  const carry = Math.floor(moved / DAY_MICROS);
  return joinMicros(days + carry, moved - carry * DAY_MICROS);
};
