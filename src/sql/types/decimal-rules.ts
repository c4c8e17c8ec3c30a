/**
 * How precise results of exact arithmetic are: Flink's rules (LogicalTypeMerging), which are Hive's and SQL Server's. When 38
 * digits do not suffice, digits behind the point are given up, down to six.
 */
import { decimal, digitsOf, MAX_PRECISION, type SqlType } from './sql-type.ts';

interface Digits {
  readonly precision: number;
  readonly scale: number;
}

/** Cuts to 38 digits for `*`, `/` and `%`... */
const adjusted = (precision: number, scale: number): Digits => {
  if (precision <= MAX_PRECISION) return { precision, scale };
  const digits = precision - scale;
  return { precision: MAX_PRECISION, scale: Math.max(MAX_PRECISION - digits, Math.min(scale, 6)) };
};

export const decimalSum = (left: Digits, right: Digits): Digits => {
  const scale = Math.max(left.scale, right.scale);
  return adjusted(Math.max(left.precision - left.scale, right.precision - right.scale) + scale + 1, scale);
};

export const decimalProduct = (left: Digits, right: Digits): Digits =>
  adjusted(left.precision + right.precision + 1, left.scale + right.scale);

export const decimalQuotient = (left: Digits, right: Digits): Digits => {
  const scale = Math.max(6, left.scale + right.precision + 1);
  return adjusted(left.precision - left.scale + right.scale + scale, scale);
};

export const decimalRemainder = (left: Digits, right: Digits): Digits => {
  const scale = Math.max(left.scale, right.scale);
  return adjusted(Math.min(left.precision - left.scale, right.precision - right.scale) + scale, scale);
};

export const decimalOf = ({ precision, scale }: Digits, nullable: boolean): SqlType =>
  decimal(precision, scale, nullable);

/** What holds both without loss where 38 digits suffice. */
export const commonDecimal = (left: SqlType, right: SqlType): Digits => {
  const [a, b] = [digitsOf(left), digitsOf(right)];
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  return adjusted(whole + scale, scale);
};
