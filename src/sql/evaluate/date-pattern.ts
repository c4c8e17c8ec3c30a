/**
 * Java's patterns of dates and times (java.time.format.DateTimeFormatter, in English as Flink uses it):
 *
 *     y u year   M L month   d day   D day of year   E e weekday   Q quarter   w Y ISO-like week of US weeks   a AM/PM
 *     H k K h hour   m minute   s second   S fraction   n nanosecond   G era   'text' and '' as they are
 */
import { calendarDay, daysInMonth, daysOf, isoWeekday } from './calendar.ts';
import type { Whole } from './sql-value.ts';
import { joinMicros, splitMicros } from './times.ts';

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

type Piece = { readonly letter: string; readonly count: number } | { readonly literal: string };

const known = new Map<string, readonly Piece[] | null>();

/** The pattern's pieces; null: it is none. */
const piecesOf = (pattern: string): readonly Piece[] | null => {
  let pieces = known.get(pattern);
  if (pieces === undefined) {
    pieces = cut(pattern);
    if (known.size > 1000) known.clear();
    known.set(pattern, pieces);
  }
  return pieces;
};

const cut = (pattern: string): readonly Piece[] | null => {
  const pieces: Piece[] = [];
  for (const match of pattern.matchAll(/([A-Za-z])\1*|'((?:[^']|'')*)'|'|[^A-Za-z']+/g)) {
    const [text, letter, quoted] = match;
    if (quoted !== undefined) pieces.push({ literal: quoted === '' ? "'" : quoted.replaceAll("''", "'") });
    else if (letter !== undefined) {
      if (!'yuMLdDEeQqwYaHkKhmsSnG'.includes(letter)) return null;
      pieces.push({ letter, count: text.length });
    } else if (text === "'") return null;
    else pieces.push({ literal: text });
  }
  return pieces;
};

const pad = (value: number, width: number): string =>
  value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0');

/** US weeks: they begin on Sunday, and the first is the one with January 1st. */
const usWeek = (days: number): { readonly year: number; readonly week: number } => {
  const { year } = calendarDay(days);
  const weekOf = (of: number): number => {
    const first = daysOf(of, 1, 1);
    const sunday = first - (isoWeekday(first) % 7);
    return Math.floor((days - sunday) / 7) + 1;
  };
  const next = daysOf(year + 1, 1, 1);
  if (days >= next - (isoWeekday(next) % 7)) return { year: year + 1, week: 1 };
  return { year, week: weekOf(year) };
};

/** A wall clock in microseconds, written by a pattern; null: the pattern is none. */
export const formatByPattern = (micros: Whole, pattern: string): string | null => {
  const pieces = piecesOf(pattern);
  if (pieces === null) return null;
  const [days, ofDay] = splitMicros(micros);
  const date = calendarDay(days);
  const hour = Math.floor(ofDay / 3_600_000_000);
  const write = (letter: string, count: number): string => {
    switch (letter) {
      case 'y':
      case 'u':
        return count === 2 ? pad(((date.year % 100) + 100) % 100, 2) : pad(date.year, count);
      case 'Y': {
        const { year } = usWeek(days);
        return count === 2 ? pad(year % 100, 2) : pad(year, count);
      }
      case 'M':
      case 'L': {
        const name = months[date.month - 1]!;
        if (count < 3) return pad(date.month, count);
        return count === 3 ? name.slice(0, 3) : count === 4 ? name : name.slice(0, 1);
      }
      case 'd':
        return pad(date.day, count);
      case 'D':
        return pad(days - daysOf(date.year, 1, 1) + 1, count);
      case 'E': {
        const name = weekdays[isoWeekday(days) - 1]!;
        return count < 4 ? name.slice(0, 3) : count === 4 ? name : name.slice(0, 1);
      }
      case 'e': {
        const name = weekdays[isoWeekday(days) - 1]!;
        if (count < 3) return pad((isoWeekday(days) % 7) + 1, count);
        return count === 3 ? name.slice(0, 3) : count === 4 ? name : name.slice(0, 1);
      }
      case 'Q':
      case 'q': {
        const quarter = Math.ceil(date.month / 3);
        if (count < 3) return pad(quarter, count);
        return count === 3
          ? `Q${quarter}`
          : count === 4
            ? `${['1st', '2nd', '3rd', '4th'][quarter - 1]} quarter`
            : String(quarter);
      }
      case 'w':
        return pad(usWeek(days).week, count);
      case 'a':
        return hour < 12 ? 'AM' : 'PM';
      case 'H':
        return pad(hour, count);
      case 'k':
        return pad(hour === 0 ? 24 : hour, count);
      case 'K':
        return pad(hour % 12, count);
      case 'h':
        return pad(hour % 12 === 0 ? 12 : hour % 12, count);
      case 'm':
        return pad(Math.floor(ofDay / 60_000_000) % 60, count);
      case 's':
        return pad(Math.floor(ofDay / 1_000_000) % 60, count);
      case 'S':
        return pad(ofDay % 1_000_000, 6)
          .padEnd(9, '0')
          .slice(0, count);
      case 'n':
        return pad((ofDay % 1_000_000) * 1000, count);
      default:
        return count < 4 ? (date.year > 0 ? 'AD' : 'BC') : date.year > 0 ? 'Anno Domini' : 'Before Christ';
    }
  };
  return pieces.map((piece) => ('literal' in piece ? piece.literal : write(piece.letter, piece.count))).join('');
};

/** The wall clock in microseconds that a text means by a pattern; null: it does not fit, or names no day. */
export const parseByPattern = (text: string, pattern: string): Whole | null => {
  const pieces = piecesOf(pattern);
  if (pieces === null) return null;
  const fields: Record<string, number> = {};
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    if ('literal' in piece) {
      if (!text.startsWith(piece.literal, at)) return null;
      at += piece.literal.length;
      continue;
    }
    const { letter, count } = piece;
    const following = pieces[index + 1];
    if ((letter === 'M' || letter === 'L') && count >= 3) {
      const name = months.findIndex((month) =>
        text
          .slice(at)
          .toLowerCase()
          .startsWith((count === 3 ? month.slice(0, 3) : month).toLowerCase()),
      );
      if (name < 0) return null;
      fields['M'] = name + 1;
      at += count === 3 ? 3 : months[name]!.length;
      continue;
    }
    if (letter === 'a') {
      const half = text.slice(at, at + 2).toUpperCase();
      if (half !== 'AM' && half !== 'PM') return null;
      fields['a'] = half === 'PM' ? 1 : 0;
      at += 2;
      continue;
    }
    // Numbers without anything between them have exactly as many digits as the pattern has letters.
    const exact = following !== undefined && 'letter' in following;
    const width = exact || letter === 'S' || count >= 2 ? count : letter === 'y' || letter === 'u' ? 9 : 19;
    const digits = /^\d+/.exec(
      text.slice(at, at + Math.max(width, letter === 'y' && !exact && count === 4 ? 4 : width)),
    )?.[0];
    if (digits === undefined || ((exact || count >= 2) && digits.length !== count)) return null;
    fields[letter === 'u' ? 'y' : letter === 'L' ? 'M' : letter] =
      letter === 'S'
        ? Number(digits.padEnd(6, '0').slice(0, 6))
        : (letter === 'y' || letter === 'u') && count === 2
          ? 2000 + Number(digits)
          : Number(digits);
    at += digits.length;
  }
  return at === text.length ? wallClockOf(fields) : null;
};

const wallClockOf = (fields: Readonly<Record<string, number>>): Whole | null => {
  const { y: year = 1970, M: month = 1, d: day = 1 } = fields;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  const half = fields['h'] ?? fields['K'];
  const hour =
    fields['H'] ??
    (fields['k'] === undefined ? null : fields['k'] % 24) ??
    (half === undefined ? 0 : (half % 12) + 12 * (fields['a'] ?? 0));
  const { m: minute = 0, s: second = 0, S: micros = 0 } = fields;
  if (hour > 23 || minute > 59 || second > 59) return null;
  return joinMicros(daysOf(year, month, day), ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros);
};
