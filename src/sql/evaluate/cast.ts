import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { doubleText, floatText } from '../../core/java-number.ts';
import {
  isApproximate,
  isBinary,
  isExact,
  isInteger,
  isText,
  MAX_LENGTH,
  type SqlType,
  shortText,
  type TextType,
} from '../types/sql-type.ts';
import { type Routine, routine } from './bound.ts';
import {
  decimalText,
  decimalToDouble,
  hasPrecision,
  parseDecimal,
  rescale,
  withinPrecision,
} from './decimal-arithmetic.ts';
import { type EvaluationContext, type Multiset, type SqlValue, type Whole, whole } from './sql-value.ts';
import {
  cutMicros,
  DAY_MILLIS,
  dateText,
  joinMicros,
  parseDate,
  parseTime,
  parseTimestamp,
  splitMicros,
  timestampText,
  timeText,
  toInstant,
  toWallClock,
} from './times.ts';
import { wrappers } from './whole-arithmetic.ts';

/**
 * Turns values of one type into those of another, by Flink's rules for CAST: numbers wrap or are cut, decimals that do not fit
 * are NULL, texts that mean nothing fail with SQL_CAST_FAILED. Null: there is no such cast.
 */
export const castRoutine = (from: SqlType, to: SqlType): Routine | null => {
  const run = converter(from, to);
  return run === null ? null : routine(`CAST AS ${to.kind}`, run, { contextual: true });
};

// biome-ignore lint/suspicious/noExplicitAny: the type that is converted from says what the value is.
type Convert = (value: any, context: EvaluationContext) => SqlValue;

const converter = (from: SqlType, to: SqlType): Convert | null => {
  if (isText(to)) return toText(from, to);
  if (isText(from)) return fromText(from, to);
  if (isExact(from)) return fromExact(from, to);
  if (isApproximate(from)) return fromApproximate(to);
  switch (from.kind) {
    case 'NULL':
      return () => null;
    case 'BOOLEAN':
      return fromBoolean(to);
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return fromTemporal(from.kind, to);
    case 'BINARY':
    case 'VARBINARY':
      return isBinary(to) ? (value: Uint8Array) => fitBytes(value, to) : null;
    case 'MONTHS':
    case 'MILLIS':
      return from.kind === to.kind ? (value: number) => value : null;
    case 'ARRAY': {
      if (to.kind !== 'ARRAY') return null;
      const inner = converter(from.element, to.element);
      if (inner === null) return null;
      return (value: readonly SqlValue[], context) =>
        value.map((item) => (item === null ? null : inner(item, context)));
    }
    case 'MAP': {
      if (to.kind !== 'MAP') return null;
      const [key, value] = [converter(from.key, to.key), converter(from.value, to.value)];
      if (key === null || value === null) return null;
      return (map: ReadonlyMap<SqlValue, SqlValue>, context) =>
        new Map(Array.from(map, ([k, v]) => [key(k, context), v === null ? null : value(v, context)]));
    }
    case 'ROW': {
      if (to.kind !== 'ROW' || to.fields.length !== from.fields.length) return null;
      const fields = from.fields.map((field, index) => converter(field.type, to.fields[index]!.type));
      if (fields.includes(null)) return null;
      return (row: readonly SqlValue[], context) =>
        row.map((item, index) => (item === null ? null : fields[index]!(item, context)));
    }
    default:
      return null;
  }
};

const failed = (from: string, to: SqlType): MillraceError =>
  new MillraceError('SQL_CAST_FAILED', { from, to: shortText(to) });

const toText = (from: SqlType, to: TextType): Convert | null => {
  const text = textOf(from);
  if (text === null) return null;
  if (to.kind === 'VARCHAR' && to.length === MAX_LENGTH) return text;
  return (value, context) => fitText(text(value, context), to);
};

/** Cut to the type's length, and for CHAR filled up with blanks. */
const fitText = (text: string, to: TextType): string => {
  let fitted = text;
  if (text.length > to.length) fitted = Array.from(text).slice(0, to.length).join('');
  if (to.kind === 'CHAR') {
    const length = fitted.length > to.length ? to.length : Array.from(fitted).length;
    if (length < to.length) fitted += ' '.repeat(to.length - length);
  }
  return fitted;
};

const fitBytes = (bytes: Uint8Array, to: SqlType): Uint8Array => {
  if (!('length' in to)) return bytes;
  if (bytes.length > to.length) return bytes.slice(0, to.length);
  if (to.kind !== 'BINARY' || bytes.length === to.length) return bytes;
  const filled = new Uint8Array(to.length);
  filled.set(bytes);
  return filled;
};

// biome-ignore lint/suspicious/noExplicitAny: as above.
type TextWriter = (value: any, context: EvaluationContext) => string;

/** How a value is written as text; null: it is not. */
export const textOf = (from: SqlType): TextWriter | null => {
  switch (from.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return (value: Whole) => String(value);
    case 'DECIMAL':
      return (value: Whole) => decimalText(value, from.scale);
    case 'FLOAT':
      return (value: number) => (Number.isFinite(value) ? floatText(value) : String(value));
    case 'DOUBLE':
      return (value: number) => (Number.isFinite(value) ? doubleText(value) : String(value));
    case 'BOOLEAN':
      return (value: boolean) => (value ? 'TRUE' : 'FALSE');
    case 'CHAR':
    case 'VARCHAR':
      return (value: string) => value;
    case 'BINARY':
    case 'VARBINARY':
      return (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
    case 'DATE':
      return (value: number) => dateText(value);
    case 'TIME':
      return (value: number) => timeText(value, from.precision);
    case 'TIMESTAMP':
      return (value: Whole) => timestampText(value, from.precision);
    case 'TIMESTAMP_LTZ':
      return (value: Whole, context) => timestampText(toWallClock(value, context.timeZone), from.precision);
    case 'MONTHS':
      return (value: number) => {
        const months = Math.abs(value);
        return `${value < 0 ? '-' : '+'}${Math.floor(months / 12)}-${String(months % 12).padStart(2, '0')}`;
      };
    case 'MILLIS':
      return (value: number) => {
        const millis = Math.abs(value);
        const days = Math.floor(millis / DAY_MILLIS);
        return `${value < 0 ? '-' : '+'}${days} ${timeText(millis - days * DAY_MILLIS, 3)}`;
      };
    case 'ARRAY': {
      const inner = textOf(from.element);
      if (inner === null) return null;
      return (value: readonly SqlValue[], context) =>
        `[${value.map((item) => (item === null ? 'NULL' : inner(item, context))).join(', ')}]`;
    }
    case 'MULTISET': {
      const inner = textOf(from.element);
      if (inner === null) return null;
      return (value: Multiset, context) =>
        `{${value.map(([element, times]) => `${inner(element, context)}=${times}`).join(', ')}}`;
    }
    case 'MAP': {
      const [key, item] = [textOf(from.key), textOf(from.value)];
      if (key === null || item === null) return null;
      return (value: ReadonlyMap<SqlValue, SqlValue>, context) =>
        `{${Array.from(value, ([k, v]) => `${key(k, context)}=${v === null ? 'NULL' : item(v, context)}`).join(', ')}}`;
    }
    case 'ROW': {
      const fields = from.fields.map((field) => textOf(field.type));
      if (fields.includes(null)) return null;
      return (value: readonly SqlValue[], context) =>
        `(${value.map((item, index) => (item === null ? 'NULL' : fields[index]!(item, context))).join(', ')})`;
    }
    case 'NULL':
      return () => 'NULL';
  }
};

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['t', 'true', 'y', 'yes', '1'].map((word) => [word, true] as const),
  ...['f', 'false', 'n', 'no', '0'].map((word) => [word, false] as const),
]);

const limits: Readonly<Record<string, bigint>> = { TINYINT: 7n, SMALLINT: 15n, INT: 31n, BIGINT: 63n };

const fromText = (from: SqlType, to: SqlType): Convert | null => {
  const name = shortText(from);
  const orFail =
    <Value extends SqlValue>(read: (text: string, context: EvaluationContext) => Value | null) =>
    (text: string, context: EvaluationContext): Value => {
      const value = read(text, context);
      if (value === null) throw failed(name, to);
      return value;
    };
  switch (to.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT': {
      const limit = 1n << limits[to.kind]!;
      return orFail((text) => {
        // A fraction is read and dropped.
        const match = /^\s*([+-]?\d+)(?:\.\d*)?\s*$/.exec(text);
        if (match === null) return null;
        const value = BigInt(match[1]!.replace(/^\+/, ''));
        return value >= -limit && value < limit ? whole(value) : null;
      });
    }
    case 'DECIMAL':
      return (text: string) => {
        const value = parseDecimal(text, to.scale);
        if (value === null || !hasPrecision(value, to.precision)) throw failed(name, to);
        return value;
      };
    case 'FLOAT':
    case 'DOUBLE':
      return orFail((text) => {
        const trimmed = text.trim().replace(/(?<=[\d.])[dDfF]$/, '');
        if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(Infinity|NaN)$/i.test(trimmed)) return null;
        const value = Number(trimmed.replace(/nan/i, 'NaN'));
        return to.kind === 'FLOAT' ? Math.fround(value) : value;
      });
    case 'BOOLEAN':
      return orFail((text) => truths.get(text.trim().toLowerCase()) ?? null);
    case 'BINARY':
    case 'VARBINARY':
      return (text: string) => fitBytes(new Uint8Array(Buffer.from(text, 'utf8')), to);
    case 'DATE':
      return orFail(parseDate);
    case 'TIME':
      return orFail((text) => {
        const millis = parseTime(text);
        return millis === null ? null : cutMillis(millis, to.precision);
      });
    case 'TIMESTAMP':
      return orFail((text) => {
        const micros = parseTimestamp(text);
        return micros === null ? null : cutMicros(micros, to.precision);
      });
    case 'TIMESTAMP_LTZ':
      return orFail((text, context) => {
        const micros = parseTimestamp(text);
        return micros === null ? null : toInstant(cutMicros(micros, to.precision), context.timeZone);
      });
    default:
      return null;
  }
};

const cutMillis = (millis: number, precision: number): number => {
  const unit = 10 ** Math.max(0, 3 - precision);
  return Math.floor(millis / unit) * unit;
};

const fromExact = (from: SqlType, to: SqlType): Convert | null => {
  const scale = from.kind === 'DECIMAL' ? from.scale : 0;
  if (isInteger(to)) {
    const wrap = wrappers[to.kind]!;
    if (scale === 0) return wrap as Convert;
    const unit = 10n ** BigInt(scale);
    const small = scale <= 15 ? 10 ** scale : 0;
    return (value: Whole) =>
      wrap(typeof value === 'number' && small > 0 ? Math.trunc(value / small) + 0 : whole(BigInt(value) / unit));
  }
  switch (to.kind) {
    case 'DECIMAL':
      return (value: Whole) => withinPrecision(rescale(value, scale, to.scale), to.precision);
    case 'FLOAT':
      return (value: Whole) => Math.fround(decimalToDouble(value, scale));
    case 'DOUBLE':
      return (value: Whole) => decimalToDouble(value, scale);
    case 'BOOLEAN':
      return (value: Whole) => value !== 0;
    default:
      return null;
  }
};

const fromApproximate = (to: SqlType): Convert | null => {
  switch (to.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT': {
      // Java's cast: to the nearest end for INT and BIGINT, and through INT for the smaller ones.
      const bits = to.kind === 'BIGINT' ? 63n : 31n;
      const [least, most] = [-(1n << bits), (1n << bits) - 1n];
      const wrap = wrappers[to.kind]!;
      return (value: number) => {
        if (Number.isNaN(value)) return 0;
        if (value <= Number(least)) return wrap(whole(least));
        if (value >= Number(most)) return wrap(whole(most));
        const cut = Math.trunc(value) + 0;
        return wrap(Number.isSafeInteger(cut) ? cut : whole(BigInt(cut)));
      };
    }
    case 'DECIMAL':
      return (value: number) => {
        if (!Number.isFinite(value)) return null;
        const digits = parseDecimal(doubleText(value), to.scale);
        return digits === null ? null : withinPrecision(digits, to.precision);
      };
    case 'FLOAT':
      return (value: number) => Math.fround(value);
    case 'DOUBLE':
      return (value: number) => value;
    case 'BOOLEAN':
      return (value: number) => value !== 0;
    default:
      return null;
  }
};

const fromBoolean = (to: SqlType): Convert | null => {
  if (isInteger(to) || isApproximate(to)) return (value: boolean) => (value ? 1 : 0);
  if (to.kind === 'DECIMAL') {
    return (value: boolean) => (value ? withinPrecision(rescale(1, 0, to.scale), to.precision) : 0);
  }
  return to.kind === 'BOOLEAN' ? (value: boolean) => value : null;
};

const fromTemporal = (from: 'DATE' | 'TIME' | 'TIMESTAMP' | 'TIMESTAMP_LTZ', to: SqlType): Convert | null => {
  if (from === 'TIME') {
    return to.kind === 'TIME' ? (value: number) => cutMillis(value, to.precision) : null;
  }
  const wallClock = (value: Whole, context: EvaluationContext): Whole => {
    if (from === 'DATE') return joinMicros(value as number, 0);
    return from === 'TIMESTAMP_LTZ' ? toWallClock(value, context.timeZone) : value;
  };
  switch (to.kind) {
    case 'DATE':
      return from === 'DATE'
        ? (value: number) => value
        : (value: Whole, context) => splitMicros(wallClock(value, context))[0];
    case 'TIME':
      if (from === 'DATE') return null;
      return (value: Whole, context) =>
        cutMillis(Math.floor(splitMicros(wallClock(value, context))[1] / 1000), to.precision);
    case 'TIMESTAMP':
      return (value: Whole, context) => cutMicros(wallClock(value, context), to.precision);
    case 'TIMESTAMP_LTZ':
      if (from === 'TIMESTAMP_LTZ') return (value: Whole) => cutMicros(value, to.precision);
      return (value: Whole, context) => toInstant(cutMicros(wallClock(value, context), to.precision), context.timeZone);
    default:
      return null;
  }
};
