import { MillraceError } from '../../core/errors.ts';
import { call, routine } from '../evaluate/bound.ts';
import { formatByPattern, parseByPattern } from '../evaluate/date-pattern.ts';
import { type EvaluationContext, type SqlValue, type Whole, whole } from '../evaluate/sql-value.ts';
import {
  cutMicros,
  DAY_MILLIS,
  joinMicros,
  parseDate,
  parseTimestamp,
  splitMicros,
  timestampText,
  toInstant,
  toWallClock,
} from '../evaluate/times.ts';
import { sqlError } from '../sql-error.ts';
import { isText, localTimestamp, plain, type SqlType, shortText, string, timestamp } from '../types/sql-type.ts';
import { convertArguments, define, type SqlFunction } from './define.ts';
import { extract } from './time-units.ts';

const nowMicros = (context: EvaluationContext): Whole => joinMicros(0, Math.floor(context.now()) * 1000);

const part = (name: string, unit: string, description: string): SqlFunction => ({
  name,
  category: 'time',
  usage: `${name}(time)`,
  description,
  bind: (args, site) => extract(unit, convertArguments(args, ['any'], `${name}(time)`, site)[0]!, site.span),
});

const dateType: SqlType = { kind: 'DATE', nullable: true };

const badPattern = (name: string): MillraceError =>
  new MillraceError('SQL_FUNCTION_FAILED', {
    name,
    reason: "the pattern has a letter that means nothing in it; quote text: 'T'",
  });

const formatted = (name: string, micros: Whole, pattern: string): string => {
  const text = formatByPattern(micros, pattern);
  if (text === null) throw badPattern(name);
  return text;
};

/** A text by a pattern, or by the usual form when there is none; null: it does not fit. */
const parsed = (text: string, pattern: string | undefined): Whole | null =>
  pattern === undefined ? parseTimestamp(text) : parseByPattern(text, pattern);

const standard = 'yyyy-MM-dd HH:mm:ss';

const zoned = <Result>(zone: string, compute: () => Result): Result => {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MillraceError('SQL_FUNCTION_FAILED', {
      name: 'CONVERT_TZ',
      reason: `there is no time zone ${zone.slice(0, 40)}`,
    });
  }
};

const clock = (
  name: string,
  description: string,
  type: SqlType,
  run: (context: EvaluationContext) => SqlValue,
): SqlFunction =>
  define('time', name, {
    usage: name === 'NOW' || name === 'PROCTIME' ? `${name}()` : name,
    description,
    parameters: ['int?'],
    returns: type,
    contextual: true,
    run: (...args: unknown[]) => run(args.at(-1) as EvaluationContext),
  });

export const timeFunctions: readonly SqlFunction[] = [
  part('YEAR', 'YEAR', 'Its year.'),
  part('QUARTER', 'QUARTER', 'Its quarter, 1 to 4.'),
  part('MONTH', 'MONTH', 'Its month, 1 to 12.'),
  part('WEEK', 'WEEK', 'Its week by ISO 8601.'),
  part('DAYOFYEAR', 'DOY', 'Its day in the year, from 1.'),
  part('DAYOFMONTH', 'DAY', 'Its day in the month, from 1.'),
  part('DAYOFWEEK', 'DOW', 'Its day in the week, 1 for Sunday.'),
  part('HOUR', 'HOUR', 'Its hour.'),
  part('MINUTE', 'MINUTE', 'Its minute.'),
  part('SECOND', 'SECOND', 'Its second.'),
  clock('CURRENT_TIMESTAMP', 'Now, as an instant.', localTimestamp(3, false), nowMicros),
  clock('NOW', 'Now, as an instant.', localTimestamp(3, false), nowMicros),
  clock('PROCTIME', 'The time at which the row is worked on, as an instant.', localTimestamp(3, false), nowMicros),
  define('time', 'CURRENT_WATERMARK', {
    usage: 'CURRENT_WATERMARK(time)',
    description: "How far event time has come by the tables' watermarks; NULL before it is known.",
    parameters: ['timestamp'],
    returns: ([time]) => ({ ...time!.type, nullable: true }),
    lenient: true,
    contextual: true,
    run: (...args: unknown[]) => (args.at(-1) as EvaluationContext).watermark?.() ?? null,
  }),
  clock('CURRENT_ROW_TIMESTAMP', 'Now, as an instant.', localTimestamp(3, false), nowMicros),
  clock('LOCALTIMESTAMP', "Now, by the session's clock.", timestamp(3, false), (context) =>
    toWallClock(nowMicros(context), context.timeZone),
  ),
  clock(
    'CURRENT_DATE',
    "Today, by the session's clock.",
    { kind: 'DATE', nullable: false },
    (context) => splitMicros(toWallClock(nowMicros(context), context.timeZone))[0],
  ),
  ...['CURRENT_TIME', 'LOCALTIME'].map((name) =>
    clock(
      name,
      "The time of day, by the session's clock.",
      { kind: 'TIME', precision: 0, nullable: false },
      (context) => Math.floor(splitMicros(toWallClock(nowMicros(context), context.timeZone))[1] / 1_000_000) * 1000,
    ),
  ),
  {
    name: 'DATE_FORMAT',
    category: 'time',
    usage: "DATE_FORMAT(time, 'yyyy-MM-dd')",
    description: "Written by a pattern of Java's (not MySQL's `%Y-%m-%d`).",
    bind: (args, site) => {
      const [time, pattern] = convertArguments(args, ['any', 'text'], "DATE_FORMAT(time, 'yyyy-MM-dd')", site);
      const { type } = time!;
      const wallClock = wallClockOf(type);
      if (wallClock === null)
        throw sqlError('SQL_TYPE_MISMATCH', site.argumentSpans[0] ?? site.span, {
          what: 'DATE_FORMAT',
          found: shortText(type),
          expected: 'a TIMESTAMP',
        });
      if (
        pattern!.kind === 'constant' &&
        typeof pattern!.value === 'string' &&
        formatByPattern(0, pattern!.value) === null
      ) {
        throw sqlError('SQL_INVALID', site.argumentSpans[1] ?? site.span, {
          reason: "this is no pattern of Java's; text stands in quotes, and % means nothing",
        });
      }
      const run = (value: SqlValue, by: string, context: EvaluationContext): string | null => {
        const micros = wallClock(value, context);
        return micros === null ? null : formatted('DATE_FORMAT', micros, by);
      };
      return call(routine('DATE_FORMAT', run, { contextual: true }), [time!, pattern!], string());
    },
  },
  define('time', 'TO_DATE', {
    usage: "TO_DATE(text[, 'yyyy-MM-dd'])",
    description: 'The day that the text means; NULL when it means none.',
    parameters: ['text', 'text?'],
    returns: dateType,
    run: (text: string, pattern?: string) => {
      if (pattern === undefined) return parseDate(text);
      const micros = parseByPattern(text, pattern);
      return micros === null ? null : splitMicros(micros)[0];
    },
  }),
  define('time', 'TO_TIMESTAMP', {
    usage: `TO_TIMESTAMP(text[, '${standard}'])`,
    description: 'The time that the text means; NULL when it means none.',
    parameters: ['text', 'text?'],
    returns: timestamp(3),
    run: (text: string, pattern?: string) => {
      const micros = parsed(text, pattern);
      return micros === null ? null : cutMicros(micros, 3);
    },
  }),
  define('time', 'TO_TIMESTAMP_LTZ', {
    usage: 'TO_TIMESTAMP_LTZ(number, 0 or 3)',
    description: 'The instant so many seconds (0) or milliseconds (3) after 1970.',
    parameters: ['bigint', 'int'],
    returns: localTimestamp(3),
    run: (value: Whole, precision: number) => {
      if (precision !== 0 && precision !== 3)
        throw new MillraceError('SQL_FUNCTION_FAILED', { name: 'TO_TIMESTAMP_LTZ', reason: 'the precision is 0 or 3' });
      const micros = BigInt(value) * (precision === 0 ? 1_000_000n : 1000n);
      // Flink takes the years 1 to 9999.
      return micros < -62_135_596_800_000_000n || micros >= 253_402_300_800_000_000n ? null : whole(micros);
    },
  }),
  define('time', 'UNIX_TIMESTAMP', {
    usage: `UNIX_TIMESTAMP([text[, '${standard}']])`,
    description:
      "Seconds since 1970: now, or of the text by the session's clock; the least BIGINT when it means no time.",
    parameters: ['text?', 'text?'],
    returns: plain('BIGINT', false),
    contextual: true,
    run: (...args: unknown[]) => {
      const context = args.at(-1) as EvaluationContext;
      if (args.length === 1) return Math.floor(context.now() / 1000);
      const micros = parseByPattern(args[0] as string, args.length === 2 ? standard : (args[1] as string));
      return micros === null ? -(2n ** 63n) : Math.floor(Number(toInstant(micros, context.timeZone)) / 1_000_000);
    },
  }),
  define('time', 'FROM_UNIXTIME', {
    usage: `FROM_UNIXTIME(seconds[, '${standard}'])`,
    description: "The time so many seconds after 1970, by the session's clock, as text.",
    parameters: ['bigint', 'text?'],
    returns: string(),
    contextual: true,
    run: (...args: unknown[]) => {
      const context = args.at(-1) as EvaluationContext;
      const micros = toWallClock(whole(BigInt(args[0] as Whole) * 1_000_000n), context.timeZone);
      return formatted('FROM_UNIXTIME', micros, args.length === 2 ? standard : (args[1] as string));
    },
  }),
  define('time', 'CONVERT_TZ', {
    usage: "CONVERT_TZ(text, 'UTC', 'Asia/Tokyo')",
    description: "A time of one zone's clocks as those of another show it.",
    parameters: ['text', 'text', 'text'],
    returns: string(),
    run: (text: string, from: string, to: string) => {
      const micros = parseByPattern(text, standard);
      if (micros === null) return null;
      return timestampText(
        zoned(to, () =>
          toWallClock(
            zoned(from, () => toInstant(micros, from)),
            to,
          ),
        ),
        0,
      );
    },
  }),
];

/** A time as wall clock in microseconds; null: the type has none. */
// biome-ignore lint/suspicious/noExplicitAny: the type says what the value is.
const wallClockOf = (type: SqlType): ((value: any, context: EvaluationContext) => Whole | null) | null => {
  if (isText(type)) return (text: string) => parseTimestamp(text);
  switch (type.kind) {
    case 'DATE':
      return (days: number) => joinMicros(days, 0);
    case 'TIME':
      return (millis: number) => joinMicros(0, (millis % DAY_MILLIS) * 1000);
    case 'TIMESTAMP':
      return (micros: Whole) => micros;
    case 'TIMESTAMP_LTZ':
      return (micros: Whole, context) => toWallClock(micros, context.timeZone);
    default:
      return null;
  }
};
