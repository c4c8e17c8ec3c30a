import { decimalText, parseDecimal } from '../../sql/evaluate/decimal-arithmetic.ts';
import type { SqlValue, Whole } from '../../sql/evaluate/sql-value.ts';
import { dateText, parseDate, parseTimestamp, timestampText } from '../../sql/evaluate/times.ts';
import type { SqlType } from '../../sql/types/sql-type.ts';

/** How values of a type pass to a user's function and back. */
export interface ValuePassage {
  readonly give: (value: Exclude<SqlValue, null>) => unknown;
  /** Undefined: it is no value of the type. */
  readonly take: (value: unknown) => SqlValue | undefined;
}

const wholeIn =
  (bits: number) =>
  (value: unknown): SqlValue | undefined => {
    if (typeof value === 'bigint') {
      const fits = value >= -(2n ** BigInt(bits - 1)) && value < 2n ** BigInt(bits - 1);
      return fits ? (Number.isSafeInteger(Number(value)) ? Number(value) : value) : undefined;
    }
    return Number.isSafeInteger(value) && Math.abs((value as number) + 0.5) <= 2 ** (bits - 1)
      ? (value as number)
      : undefined;
  };

const same = (value: unknown): unknown => value;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Null: a function cannot take or give the type. */
export const valuePassage = (type: SqlType): ValuePassage | null => {
  switch (type.kind) {
    case 'BOOLEAN':
      return { give: same, take: (value) => (typeof value === 'boolean' ? value : undefined) };
    case 'TINYINT':
      return { give: same, take: wholeIn(8) };
    case 'SMALLINT':
      return { give: same, take: wholeIn(16) };
    case 'INT':
      return { give: same, take: wholeIn(32) };
    case 'BIGINT':
      return { give: same, take: wholeIn(64) };
    case 'FLOAT':
      return { give: same, take: (value) => (typeof value === 'number' ? Math.fround(value) : undefined) };
    case 'DOUBLE':
      return { give: same, take: (value) => (typeof value === 'number' ? value : undefined) };
    case 'CHAR':
    case 'VARCHAR':
      return { give: same, take: text };
    case 'BINARY':
    case 'VARBINARY':
      return { give: same, take: (value) => (value instanceof Uint8Array ? value : undefined) };
    case 'DECIMAL': {
      const { precision, scale } = type;
      const digits = new RegExp(`^-?\\d{1,${precision - scale || 1}}(\\.\\d{1,${scale || 1}})?$`);
      return {
        give: (value) => decimalText(value as Whole, scale),
        take: (value) => (typeof value === 'string' && digits.test(value) ? parseDecimal(value, scale) : undefined),
      };
    }
    case 'DATE':
      return { give: (value) => dateText(value as number), take: (value) => parsed(value, parseDate) };
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const { precision } = type;
      return {
        give: (value) => timestampText(value as Whole, precision),
        take: (value) => parsed(value, parseTimestamp),
      };
    }
    default:
      return null;
  }
};

const parsed = (value: unknown, parse: (text: string) => SqlValue): SqlValue | undefined =>
  typeof value === 'string' ? (parse(value) ?? undefined) : undefined;
