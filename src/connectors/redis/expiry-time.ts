import type { ColumnType } from '../../core/table.ts';

/** Kinds of columns that can say until when a row lives. */
export const isExpiryKind = ({ kind }: ColumnType): boolean =>
  kind === 'integer' || kind === 'date' || kind === 'datetime' || kind === 'timestamp';

/**
 * Until when a row lives, in milliseconds since 1970, from its column's text: a moment, in UTC, or a number of seconds from the commit
 * on. null: for ever, which a zero date means too.
 */
export const expiryTime = (type: ColumnType, text: string, commitMs: number): number | null => {
  if (type.kind === 'integer') {
    const ms = commitMs + Number(text) * 1000;
    return Math.min(Math.max(Math.floor(ms), 1), latestMs);
  }
  const [, year, month, day, hours, minutes, seconds, fraction] = moment.exec(text)!;
  if (Number(month) === 0 || Number(day) === 0) return null;
  const whole = Date.UTC(
    0,
    Number(month) - 1,
    Number(day),
    Number(hours ?? 0),
    Number(minutes ?? 0),
    Number(seconds ?? 0),
  );
  const date = new Date(whole);
  // Date.UTC takes the years 0 to 99 for those of the last century.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return Math.max(date.getTime() + Math.floor(Number(`0.${fraction ?? 0}`) * 1000), 1);
};

const moment = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?$/;

/** What PEXPIREAT takes on every server. */
const latestMs = 9e15;

/** Redis takes no later time for a field of a hash: it is in the year 4199. */
export const latestFieldMs = 2 ** 46 - 1;
