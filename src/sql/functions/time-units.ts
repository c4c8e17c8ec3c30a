import { castTo } from '../bind/cast-to.ts';
import { shiftTime } from '../bind/operators.ts';
import { type Bound, call, routine } from '../evaluate/bound.ts';
import { addMonths, calendarDay, daysOf, isoWeek, isoWeekday } from '../evaluate/calendar.ts';
import type { EvaluationContext, Whole } from '../evaluate/sql-value.ts';
import { DAY_MICROS, DAY_MILLIS, joinMicros, splitMicros, toInstant, toWallClock } from '../evaluate/times.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { isInteger, isTimestamp, plain, type SqlType, shortText, timestamp } from '../types/sql-type.ts';

/** A time of any type as its day and the microseconds of that day, by the session's clock. */
type Split = (time: Whole, context: EvaluationContext) => readonly [days: number, micros: number];

const splitter = (type: SqlType, span: Span, what: string): Split => {
  switch (type.kind) {
    case 'DATE':
      return (days) => [days as number, 0];
    case 'TIME':
      return (millis) => [0, (millis as number) * 1000];
    case 'TIMESTAMP':
      return splitMicros;
    case 'TIMESTAMP_LTZ':
      return (instant, context) => splitMicros(toWallClock(instant, context.timeZone));
    default:
      throw sqlError('SQL_TYPE_MISMATCH', span, {
        what,
        found: shortText(type),
        expected: 'a DATE, TIME or TIMESTAMP',
      });
  }
};

const parts: Readonly<Record<string, (days: number, micros: number) => number>> = {
  YEAR: (days) => calendarDay(days).year,
  QUARTER: (days) => Math.ceil(calendarDay(days).month / 3),
  MONTH: (days) => calendarDay(days).month,
  WEEK: (days) => isoWeek(days).week,
  DAY: (days) => calendarDay(days).day,
  DOW: (days) => (isoWeekday(days) % 7) + 1,
  ISODOW: isoWeekday,
  DOY: (days) => days - daysOf(calendarDay(days).year, 1, 1) + 1,
  ISOYEAR: (days) => isoWeek(days).year,
  HOUR: (_, micros) => Math.floor(micros / 3_600_000_000),
  MINUTE: (_, micros) => Math.floor(micros / 60_000_000) % 60,
  SECOND: (_, micros) => Math.floor(micros / 1_000_000) % 60,
  MILLISECOND: (_, micros) => Math.floor(micros / 1000) % 1000,
  MICROSECOND: (_, micros) => micros % 1_000_000,
  NANOSECOND: (_, micros) => (micros % 1_000_000) * 1000,
  EPOCH: (days, micros) => days * 86_400 + Math.floor(micros / 1_000_000),
  DECADE: (days) => Math.floor(calendarDay(days).year / 10),
  CENTURY: (days) => Math.ceil(calendarDay(days).year / 100),
  MILLENNIUM: (days) => Math.ceil(calendarDay(days).year / 1000),
};

/** EXTRACT(unit FROM time), and YEAR(time) and its like. */
export const extract = (unit: string, operand: Bound, span: Span): Bound => {
  const split = splitter(operand.type, span, `EXTRACT(${unit})`);
  const part = parts[unit]!;
  const run = (time: Whole, context: EvaluationContext): number => part(...split(time, context));
  return call(routine(`EXTRACT ${unit}`, run, { contextual: true }), [operand], plain('BIGINT', operand.type.nullable));
};

const unitMicros: Readonly<Record<string, number>> = {
  MICROSECOND: 1,
  MILLISECOND: 1000,
  SECOND: 1_000_000,
  MINUTE: 60_000_000,
  HOUR: 3_600_000_000,
  DAY: DAY_MICROS,
  WEEK: 7 * DAY_MICROS,
};

const unitMonths: Readonly<Record<string, number>> = {
  MONTH: 1,
  QUARTER: 3,
  YEAR: 12,
  DECADE: 120,
  CENTURY: 1200,
  MILLENNIUM: 12_000,
};

/** The start of the unit that a time lies in. */
const startOf = (unit: string, days: number, micros: number): readonly [days: number, micros: number] => {
  if (unit === 'WEEK') return [days - (isoWeekday(days) % 7), 0];
  const months = unitMonths[unit];
  if (months !== undefined) {
    const { year, month } = calendarDay(days);
    const total = year * 12 + month - 1;
    const start = total - (((total % months) + months) % months);
    return [daysOf(Math.floor(start / 12), (((start % 12) + 12) % 12) + 1, 1), 0];
  }
  if (unit === 'DAY') return [days, 0];
  const step = unitMicros[unit]!;
  return [days, Math.floor(micros / step) * step];
};

const roundTime =
  (up: boolean) =>
  (unit: string, operand: Bound, span: Span): Bound => {
    const { type } = operand;
    const name = up ? 'CEIL' : 'FLOOR';
    if (unitMicros[unit] === undefined && unitMonths[unit] === undefined) {
      throw sqlError('SQL_INVALID', span, {
        reason: `${name} takes no ${unit}; use YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND`,
      });
    }
    const split = splitter(type, span, name);
    const round = (days: number, micros: number): readonly [number, number] => {
      const [startDays, startMicros] = startOf(unit, days, micros);
      if (!up || (startDays === days && startMicros === micros)) return [startDays, startMicros];
      const months = unitMonths[unit];
      if (months !== undefined) return [addMonths(startDays, months), 0];
      const moved = startMicros + unitMicros[unit]!;
      const carry = Math.floor(moved / DAY_MICROS);
      return [startDays + carry, moved - carry * DAY_MICROS];
    };
    const run = (time: Whole, context: EvaluationContext): Whole => {
      const [days, micros] = round(...split(time, context));
      switch (type.kind) {
        case 'DATE':
          return days;
        case 'TIME':
          return Math.floor(micros / 1000) % DAY_MILLIS;
        case 'TIMESTAMP_LTZ':
          return toInstant(joinMicros(days, micros), context.timeZone);
        default:
          return joinMicros(days, micros);
      }
    };
    return call(routine(`${name} TO ${unit}`, run, { contextual: true }), [operand], type);
  };

export const floorTime = roundTime(false);
export const ceilTime = roundTime(true);

/** TIMESTAMPADD(unit, amount, time) */
export const timestampAdd = (unit: string, amount: Bound, operand: Bound, span: Span): Bound => {
  splitter(operand.type, span, 'TIMESTAMPADD');
  if (!isInteger(amount.type)) {
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: 'TIMESTAMPADD',
      found: shortText(amount.type),
      expected: 'a whole number',
    });
  }
  const months = unitMonths[unit];
  const micros = unitMicros[unit];
  if ((months === undefined && micros === undefined) || unit === 'MICROSECOND') {
    throw sqlError('SQL_INVALID', span, { reason: `TIMESTAMPADD takes no ${unit}` });
  }
  const interval: SqlType = { kind: months === undefined ? 'MILLIS' : 'MONTHS', units: unit, nullable: false };
  const factor = months ?? micros! / 1000;
  // A part of a day makes a day a point in time.
  const time =
    operand.type.kind === 'DATE' && months === undefined && micros! < DAY_MICROS
      ? castTo(operand, timestamp(3))!
      : operand;
  const shift = shiftTime(time.type, interval, 1);
  const run = (count: Whole, of: Whole): ReturnType<typeof shift> => shift(of, Number(count) * factor);
  return call(routine('TIMESTAMPADD', run, { made: unit }), [amount, time], {
    ...time.type,
    nullable: amount.type.nullable || time.type.nullable,
  });
};

/** TIMESTAMPDIFF(unit, from, to): whole units, cut towards zero. */
export const timestampDiff = (unit: string, from: Bound, to: Bound, span: Span): Bound => {
  const [splitFrom, splitTo] = [splitter(from.type, span, 'TIMESTAMPDIFF'), splitter(to.type, span, 'TIMESTAMPDIFF')];
  if (isTimestamp(from.type) !== isTimestamp(to.type) && from.type.kind !== 'DATE' && to.type.kind !== 'DATE') {
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: 'TIMESTAMPDIFF',
      found: `${shortText(from.type)} and ${shortText(to.type)}`,
      expected: 'two times of one kind',
    });
  }
  const months = unitMonths[unit];
  const micros = unitMicros[unit];
  if (months === undefined && micros === undefined)
    throw sqlError('SQL_INVALID', span, { reason: `TIMESTAMPDIFF takes no ${unit}` });
  const run = (a: Whole, b: Whole, context: EvaluationContext): number => {
    const [start, end] = [splitFrom(a, context), splitTo(b, context)];
    if (months !== undefined) return Math.trunc(monthsBetween(start, end) / months) + 0;
    // Days and microseconds apart, so that nothing beyond 2^53 is rounded.
    const days = end[0] - start[0];
    const rest = end[1] - start[1];
    if (micros! >= DAY_MICROS) {
      const whole = days + (rest < 0 && days > 0 ? -1 : rest > 0 && days < 0 ? 1 : 0);
      return Math.trunc(whole / (micros! / DAY_MICROS)) + 0;
    }
    return Math.trunc(days * (DAY_MICROS / micros!) + rest / micros!) + 0;
  };
  const type = plain('INT', from.type.nullable || to.type.nullable);
  return call(routine('TIMESTAMPDIFF', run, { contextual: true, made: unit }), [from, to], type);
};

type Moment = readonly [days: number, micros: number];

const monthsBetween = (from: Moment, to: Moment): number => {
  if (from[0] > to[0] || (from[0] === to[0] && from[1] > to[1])) return -monthsBetween(to, from);
  const [a, b] = [calendarDay(from[0]), calendarDay(to[0])];
  let months = (b.year - a.year) * 12 + b.month - a.month;
  const reached = addMonths(from[0], months);
  if (reached > to[0] || (reached === to[0] && from[1] > to[1])) months -= 1;
  return months;
};
