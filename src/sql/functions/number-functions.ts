import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { doubleText } from '../../core/java-number.ts';
import { bindArithmetic } from '../bind/operators.ts';
import type { Bound } from '../evaluate/bound.ts';
import { call, routine } from '../evaluate/bound.ts';
import { decimalText, parseDecimal, rescale, withinPrecision } from '../evaluate/decimal-arithmetic.ts';
import { type EvaluationContext, type Whole, whole } from '../evaluate/sql-value.ts';
import { wrappers } from '../evaluate/whole-arithmetic.ts';
import {
  digitsOf,
  isApproximate,
  isInteger,
  isText,
  plain,
  type SqlType,
  string,
  withNullable,
} from '../types/sql-type.ts';
import { convertArguments, define, type SqlFunction } from './define.ts';

const real = (
  name: string,
  usage: string,
  description: string,
  parameters: readonly ('double' | 'double?')[],
  run: (...args: number[]) => number,
): SqlFunction => define('number', name, { usage, description, parameters, returns: plain('DOUBLE', false), run });

const one = (name: string, description: string, run: (value: number) => number): SqlFunction =>
  real(name, `${name}(number)`, description, ['double'], run);

/** Towards an end, to whole numbers: exact for exact types. */
const rounding = (name: string, description: string, up: boolean): SqlFunction =>
  define('number', name, {
    usage: `${name}(number)`,
    description: `${description} Of a time, with a unit: ${name}(time TO DAY).`,
    parameters: ['number'],
    typed: true,
    returns: ([first]) => (first!.type.kind === 'DECIMAL' ? { ...first!.type, scale: 0 } : first!.type),
    run: ([first]: readonly Bound[]) => {
      const { type } = first!;
      if (isInteger(type)) return (value: Whole) => value;
      if (isApproximate(type)) return up ? (value: number) => Math.ceil(value) : (value: number) => Math.floor(value);
      const { scale } = digitsOf(type);
      const unit = 10n ** BigInt(scale);
      return (value: Whole) => {
        const digits = BigInt(value);
        const cut = digits / unit;
        const exact = digits % unit === 0n;
        return whole(exact ? cut : up && digits > 0n ? cut + 1n : !up && digits < 0n ? cut - 1n : cut);
      };
    },
  });

/** DECIMAL(p, s) rounded to r digits, as Flink derives it. */
const roundedType = (type: SqlType, digits: number): SqlType => {
  if (type.kind !== 'DECIMAL') return type;
  if (digits >= type.scale) return type;
  if (digits < 0) return { ...type, precision: Math.min(38, 1 + type.precision - type.scale), scale: 0 };
  return { ...type, precision: 1 + type.precision - type.scale + digits, scale: digits };
};

const digitsArgument = (args: readonly Bound[]): number => {
  const [, second] = args;
  if (second === undefined) return 0;
  return second.kind === 'constant' && typeof second.value === 'number' ? second.value : Number.NaN;
};

/** ROUND and TRUNCATE of a number to so many digits behind the point. */
const toDigits = (name: string, description: string, truncates: boolean): SqlFunction =>
  define('number', name, {
    usage: `${name}(number[, digits])`,
    description,
    parameters: ['number', 'int?'],
    typed: true,
    returns: (args) => {
      const digits = digitsArgument(args);
      return Number.isNaN(digits) ? args[0]!.type : roundedType(args[0]!.type, digits);
    },
    run: ([first]: readonly Bound[], result: SqlType) => {
      const { type } = first!;
      const exact = (value: Whole, scale: number, digits: number): Whole => {
        if (digits >= scale) return value;
        // A step beyond 38 digits leaves nothing.
        const step = 10n ** BigInt(Math.min(scale - digits, 76));
        const cut = BigInt(value) / step;
        return whole((truncates ? cut : roundStep(BigInt(value), step)) * step);
      };
      if (type.kind === 'DECIMAL') {
        const scale = result.kind === 'DECIMAL' ? result.scale : 0;
        return (value: Whole, digits = 0) =>
          withinPrecision(rescale(exact(value, type.scale, digits), type.scale, scale), digitsOf(result).precision);
      }
      if (isInteger(type)) {
        const wrap = wrappers[type.kind]!;
        return (value: Whole, digits = 0) => (digits >= 0 ? value : wrap(exact(value, 0, digits)));
      }
      return (value: number, digits = 0) => {
        if (!Number.isFinite(value)) return value;
        const scale = 40;
        const decimal = parseDecimal(doubleText(value), scale);
        return decimal === null ? value : Number(decimalText(exact(decimal, scale, digits), scale));
      };
    },
  });

/** A quotient rounded half away from zero. */
const roundStep = (value: bigint, step: bigint): bigint => {
  const half = step / 2n;
  return value >= 0n ? (value + half) / step : (value - half) / step;
};

export const numberFunctions: readonly SqlFunction[] = [
  define('number', 'ABS', {
    usage: 'ABS(number)',
    description: 'Without its sign.',
    parameters: ['number'],
    typed: true,
    returns: ([first]) => first!.type,
    run: ([first]: readonly Bound[]) => {
      const wrap = wrappers[first!.type.kind];
      return (value: Whole) => {
        const positive = typeof value === 'bigint' ? (value < 0n ? -value : value) : Math.abs(value);
        return wrap === undefined ? positive : wrap(positive);
      };
    },
  }),
  rounding('CEIL', 'The next whole number above.', true),
  rounding('FLOOR', 'The next whole number below.', false),
  toDigits('ROUND', 'Rounded to so many digits behind the point, half away from zero.', false),
  toDigits('TRUNCATE', 'Cut to so many digits behind the point.', true),
  define('number', 'SIGN', {
    usage: 'SIGN(number)',
    description: '-1, 0 or 1, in the type of the number.',
    parameters: ['number'],
    typed: true,
    returns: ([first]) => first!.type,
    run: ([first]: readonly Bound[]) => {
      const { type } = first!;
      const unit = type.kind === 'DECIMAL' ? rescale(1, 0, type.scale) : 1;
      return (value: Whole) => (value > 0 ? unit : value < 0 ? -unit : 0);
    },
  }),
  {
    name: 'MOD',
    category: 'number',
    usage: 'MOD(a, b)',
    description: 'What is left of a when b is taken from it as often as it goes; the sign is that of a.',
    bind: (args, site) => {
      const [a, b] = convertArguments(args, ['number', 'number'], 'MOD(a, b)', site);
      return bindArithmetic('%', a!, b!, site.span);
    },
  },
  real('POWER', 'POWER(base, exponent)', 'The base to that power.', ['double', 'double'], (a = 0, b = 0) => a ** b),
  one('SQRT', 'The square root; NaN for less than zero.', Math.sqrt),
  one('EXP', 'e to that power.', Math.exp),
  one('LN', 'The natural logarithm.', Math.log),
  one('LOG10', 'The logarithm to the base 10.', Math.log10),
  one('LOG2', 'The logarithm to the base 2.', (value) => Math.log(value) / Math.log(2)),
  real(
    'LOG',
    'LOG([base, ]number)',
    'The logarithm to a base, without one the natural.',
    ['double', 'double?'],
    (a = 0, b?: number) => (b === undefined ? Math.log(a) : Math.log(b) / Math.log(a)),
  ),
  one('SIN', 'The sine.', Math.sin),
  one('COS', 'The cosine.', Math.cos),
  one('TAN', 'The tangent.', Math.tan),
  one('COT', 'The cotangent.', (value) => 1 / Math.tan(value)),
  one('ASIN', 'The arc sine.', Math.asin),
  one('ACOS', 'The arc cosine.', Math.acos),
  one('ATAN', 'The arc tangent.', Math.atan),
  real('ATAN2', 'ATAN2(y, x)', 'The angle of a point.', ['double', 'double'], (y = 0, x = 0) => Math.atan2(y, x)),
  one('SINH', 'The hyperbolic sine.', Math.sinh),
  one('COSH', 'The hyperbolic cosine.', Math.cosh),
  one('TANH', 'The hyperbolic tangent.', Math.tanh),
  one('DEGREES', 'From radians to degrees.', (value) => (value * 180) / Math.PI),
  one('RADIANS', 'From degrees to radians.', (value) => (value / 180) * Math.PI),
  real('PI', 'PI()', 'The circle number.', [], () => Math.PI),
  real('E', 'E()', 'The base of the natural logarithm.', [], () => Math.E),
  define('number', 'RAND', {
    usage: 'RAND([seed])',
    description: 'A random number from 0 to below 1. A seed is taken and changes nothing: what was drawn is kept.',
    parameters: ['int?'],
    returns: plain('DOUBLE', false),
    contextual: true,
    run: (...args: unknown[]) => (args.at(-1) as EvaluationContext).random(),
  }),
  define('number', 'RAND_INTEGER', {
    usage: 'RAND_INTEGER([seed, ]bound)',
    description: 'A random whole number from 0 to below the bound. A seed changes nothing.',
    parameters: ['int', 'int?'],
    returns: plain('INT', false),
    contextual: true,
    run: (...args: unknown[]) => {
      const bound = args.at(-2) as number;
      if (bound <= 0)
        throw new MillraceError('SQL_FUNCTION_FAILED', { name: 'RAND_INTEGER', reason: 'its bound is not above 0' });
      return Math.floor((args.at(-1) as EvaluationContext).random() * bound);
    },
  }),
  define('number', 'BIN', {
    usage: 'BIN(number)',
    description: 'In binary digits.',
    parameters: ['bigint'],
    returns: string(false),
    run: (value: Whole) => BigInt.asUintN(64, BigInt(value)).toString(2),
  }),
  {
    name: 'HEX',
    category: 'number',
    usage: 'HEX(number or text)',
    description: 'In upper-case hexadecimal digits; of a text, its UTF-8 bytes.',
    bind: (args, site) => {
      const [value] = convertArguments(
        args,
        [args[0] !== undefined && isText(args[0].type) ? 'text' : 'bigint'],
        'HEX(number or text)',
        site,
      );
      const run = (of: Whole | string): string =>
        typeof of === 'string'
          ? Buffer.from(of).toString('hex').toUpperCase()
          : BigInt.asUintN(64, BigInt(of)).toString(16).toUpperCase();
      return call(routine('HEX', run), [value!], withNullable(string(), value!.type.nullable));
    },
  },
];
