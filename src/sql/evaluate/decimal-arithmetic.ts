import { MillraceError } from '../../core/errors.ts';
import { type Routine, routine } from './bound.ts';
import { overflowed } from './overflows.ts';
import { type Whole, whole } from './sql-value.ts';

/** The digits of a DECIMAL and where its point is. */
interface Digits {
  readonly precision: number;
  readonly scale: number;
}

const powersOfTen: readonly bigint[] = Array.from({ length: 120 }, (_, exponent) => 10n ** BigInt(exponent));
const power = (exponent: number): bigint => powersOfTen[exponent]!;

/** Moves the point from `from` digits to `to`; digits that no longer fit are rounded, half away from zero. */
export const rescale = (value: Whole, from: number, to: number): Whole => {
  if (from === to) return value;
  if (to > from) {
    if (typeof value === 'number' && to - from <= 15) {
      const moved = value * 10 ** (to - from);
      if (Number.isSafeInteger(moved)) return moved;
    }
    return whole(BigInt(value) * power(to - from));
  }
  return whole(roundedQuotient(BigInt(value), power(from - to)));
};

/** A quotient of whole numbers, rounded half away from zero. */
const roundedQuotient = (dividend: bigint, divisor: bigint): bigint => {
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  const twice = (remainder < 0n ? -remainder : remainder) * 2n;
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient;
  return quotient + (dividend < 0n === divisor < 0n ? 1n : -1n);
};

/** The value where it has at most `precision` digits, otherwise NULL: Flink's rule for arithmetic beyond a DECIMAL. That is counted. */
export const withinPrecision = (value: Whole, precision: number): Whole | null =>
  hasPrecision(value, precision) ? value : overflowed(null);

/** Whether the value has at most `precision` digits. */
export const hasPrecision = (value: Whole, precision: number): boolean => {
  if (typeof value === 'number' && precision > 15) return true;
  const limit = typeof value === 'number' ? 10 ** precision : power(precision);
  return value < limit && value > -limit;
};

/** Arithmetic of two DECIMALs (whole numbers have scale 0), giving one of `result`'s digits. */
export const decimalArithmetic = (
  operator: '+' | '-' | '*' | '/' | '%',
  left: Digits,
  right: Digits,
  result: Digits,
): Routine => {
  const common = Math.max(left.scale, right.scale);
  switch (operator) {
    case '+':
    case '-':
      return routine(operator, (a: Whole, b: Whole) => {
        const [x, y] = [rescale(a, left.scale, common), rescale(b, right.scale, common)];
        if (typeof x === 'number' && typeof y === 'number') {
          const sum = operator === '+' ? x + y : x - y;
          if (Number.isSafeInteger(sum)) return withinPrecision(rescale(sum, common, result.scale), result.precision);
        }
        const sum = operator === '+' ? BigInt(x) + BigInt(y) : BigInt(x) - BigInt(y);
        return withinPrecision(rescale(whole(sum), common, result.scale), result.precision);
      });
    case '*':
      return routine(operator, (a: Whole, b: Whole) => {
        const scale = left.scale + right.scale;
        const product = typeof a === 'number' && typeof b === 'number' ? a * b : Number.NaN;
        const exact = Number.isSafeInteger(product) ? product + 0 : whole(BigInt(a) * BigInt(b));
        return withinPrecision(rescale(exact, scale, result.scale), result.precision);
      });
    case '/':
      return routine(operator, (a: Whole, b: Whole) => {
        if (b === 0) throw new MillraceError('SQL_DIVISION_BY_ZERO', { operation: 'division' });
        const shift = result.scale + right.scale - left.scale;
        const dividend = BigInt(a) * power(Math.max(shift, 0));
        const divisor = BigInt(b) * power(Math.max(-shift, 0));
        return withinPrecision(whole(roundedQuotient(dividend, divisor)), result.precision);
      });
    case '%':
      return routine(operator, (a: Whole, b: Whole) => {
        if (b === 0) throw new MillraceError('SQL_DIVISION_BY_ZERO', { operation: 'remainder' });
        const [x, y] = [BigInt(rescale(a, left.scale, common)), BigInt(rescale(b, right.scale, common))];
        return withinPrecision(rescale(whole(x % y), common, result.scale), result.precision);
      });
  }
};

/** `-0.0500` for -500 with four digits behind the point. */
export const decimalText = (value: Whole, scale: number): string => {
  if (scale === 0) return String(value);
  const negative = value < 0;
  const plain = String(negative ? -value : value);
  const digits = plain.length > scale ? plain : plain.padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

const POINT = 0x2e;

/** Whether a text is a sign at most and then digits. */
const isDigits = (text: string): boolean => {
  const start = text.charCodeAt(0) === 0x2d ? 1 : 0;
  for (let i = start; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text.length > start;
};

const decimalForm = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?\s*$/i;

/** The digits of a decimal text at `scale`, rounded half away from zero; null: it is none, or has more than 76 digits. */
export const parseDecimal = (text: string, scale: number): Whole | null => {
  // What a column of this scale holds, all of its digits, is read as the whole number without its point.
  if (text.length <= 15 && (scale === 0 ? text.indexOf('.') < 0 : text.charCodeAt(text.length - scale - 1) === POINT)) {
    const digits = scale === 0 ? text : text.slice(0, -scale - 1) + text.slice(-scale);
    const value = isDigits(digits) ? Number(digits) : Number.NaN;
    if (Number.isSafeInteger(value)) return value + 0;
  }
  const match = decimalForm.exec(text);
  if (match === null) return null;
  const [, sign, before = '', after = '', exponent = '0'] = match;
  if (before === '' && after === '') return null;
  const point = Number(exponent);
  const digits = `${before}${after}`.replace(/^0+(?=\d)/, '');
  const shift = scale - after.length + point;
  if (digits.length + Math.max(shift, 0) > 76) return digits === '0' ? 0 : null;
  const value = BigInt(digits);
  let moved: bigint;
  if (shift >= 0) moved = value * power(shift);
  else moved = -shift >= 119 ? 0n : roundedQuotient(value, power(-shift));
  return whole(sign === '-' ? -moved : moved);
};

/** The nearest double. */
export const decimalToDouble = (value: Whole, scale: number): number =>
  scale === 0 ? Number(value) : Number(decimalText(value, scale));
