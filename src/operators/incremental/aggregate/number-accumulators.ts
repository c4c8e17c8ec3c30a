import { withinPrecision } from '../../../sql/evaluate/decimal-arithmetic.ts';
import { type SqlValue, type Whole, whole } from '../../../sql/evaluate/sql-value.ts';
import { wrappers } from '../../../sql/evaluate/whole-arithmetic.ts';
import { digitsOf, isApproximate, type SqlType } from '../../../sql/types/sql-type.ts';
import type { Accumulator, Slots } from './accumulator.ts';
import { ExactSum } from './exact-sum.ts';

export const countAccumulator: Accumulator = {
  width: 1,
  start: (slots, at) => {
    slots[at] = 0;
  },
  add: (slots, at, _, weight) => {
    slots[at] += weight;
  },
  result: (slots, at) => slots[at] as number,
};

/** Adds `value`, `weight` times, to the exact whole number at `at`. */
const addWhole = (slots: Slots, at: number, value: Whole, weight: number): void => {
  const sum = slots[at] as Whole;
  if (typeof sum === 'number' && typeof value === 'number') {
    const product = value * weight;
    const next = sum + product;
    if (Number.isSafeInteger(next) && Number.isSafeInteger(product)) {
      slots[at] = next + 0;
      return;
    }
  }
  slots[at] = whole(BigInt(sum) + BigInt(value) * BigInt(weight));
};

/** Two places: the exact sum, and of how many values. */
const exactSum = (result: (sum: Whole, count: number) => SqlValue): Accumulator => ({
  width: 2,
  start: (slots, at) => {
    slots[at] = 0;
    slots[at + 1] = 0;
  },
  add: (slots, at, value, weight) => {
    addWhole(slots, at, value as Whole, weight);
    slots[at + 1] += weight;
  },
  result: (slots, at) => (slots[at + 1] === 0 ? null : result(slots[at], slots[at + 1])),
});

const doubleSum = (result: (sum: number, count: number) => number): Accumulator => ({
  width: 2,
  start: (slots, at) => {
    slots[at] = new ExactSum();
    slots[at + 1] = 0;
  },
  add: (slots, at, value, weight) => {
    (slots[at] as ExactSum).add(value as number, weight);
    slots[at + 1] += weight;
  },
  result: (slots, at) => (slots[at + 1] === 0 ? null : result((slots[at] as ExactSum).result(), slots[at + 1])),
});

const asType = (kind: string): ((value: number) => number) => (kind === 'FLOAT' ? Math.fround : (value) => value);

/** As in Flink, sums of whole numbers wrap around at their type's width, and those of DECIMALs beyond 38 digits are NULL. */
export const sumAccumulator = (type: SqlType): Accumulator => {
  if (isApproximate(type)) return doubleSum(asType(type.kind));
  if (type.kind === 'DECIMAL') return exactSum((sum) => withinPrecision(sum, type.precision));
  return exactSum(wrappers[type.kind]!);
};

/** The average of whole numbers is a whole number, cut towards zero, as in Flink. */
export const averageAccumulator = (argument: SqlType, type: SqlType): Accumulator => {
  if (isApproximate(type)) {
    const cut = asType(type.kind);
    return doubleSum((sum, count) => cut(sum / count));
  }
  const shift = 10n ** BigInt(digitsOf(type).scale - digitsOf(argument).scale);
  const { precision } = digitsOf(type);
  if (type.kind === 'DECIMAL')
    return exactSum((sum, count) => withinPrecision(roundedQuotient(BigInt(sum) * shift, BigInt(count)), precision));
  return exactSum((sum, count) => (typeof sum === 'number' ? Math.trunc(sum / count) + 0 : whole(sum / BigInt(count))));
};

/** Rounded half away from zero. */
const roundedQuotient = (dividend: bigint, divisor: bigint): Whole => {
  const twice = 2n * dividend;
  return whole((twice < 0n ? twice - divisor : twice + divisor) / (2n * divisor));
};

/** STDDEV and VAR (VARIANCE): of a sample where they do not say _POP; exact for exact numbers, with as many digits as the result's type has. */
export const deviationAccumulator = (name: string, argument: SqlType, type: SqlType): Accumulator => {
  const isRoot = name.startsWith('STDDEV');
  const less = name.endsWith('_POP') ? 0 : 1;
  if (isApproximate(argument)) return doubleDeviation(isRoot, less, asType(type.kind));
  const [argumentScale, scale] = [digitsOf(argument).scale, digitsOf(type).scale];
  const unit = 100n ** BigInt(argumentScale);
  return {
    width: 3,
    start: (slots, at) => {
      slots[at] = 0;
      slots[at + 1] = 0;
      slots[at + 2] = 0;
    },
    add: (slots, at, value, weight) => {
      addWhole(slots, at, value as Whole, weight);
      const square = Number(value) * Number(value);
      addWhole(
        slots,
        at + 1,
        Number.isSafeInteger(square) ? square : BigInt(value as Whole) * BigInt(value as Whole),
        weight,
      );
      slots[at + 2] += weight;
    },
    result: (slots, at) => {
      const count = slots[at + 2] as number;
      if (count <= less) return null;
      const sum = BigInt(slots[at] as Whole);
      const dividend = BigInt(count) * BigInt(slots[at + 1] as Whole) - sum * sum;
      const divisor = BigInt(count) * BigInt(count - less) * unit;
      const power = 10n ** BigInt(scale);
      if (!isRoot) {
        if (scale === 0) return whole(dividend / divisor);
        return roundedQuotient(dividend * power, divisor);
      }
      // One binary digit more than asked for tells how to round.
      if (scale === 0) return whole(squareRoot(dividend / divisor));
      return whole((squareRoot((4n * dividend * power * power) / divisor) + 1n) / 2n);
    },
  };
};

const doubleDeviation = (isRoot: boolean, less: number, cut: (value: number) => number): Accumulator => ({
  width: 3,
  start: (slots, at) => {
    slots[at] = new ExactSum();
    slots[at + 1] = new ExactSum();
    slots[at + 2] = 0;
  },
  add: (slots, at, value, weight) => {
    (slots[at] as ExactSum).add(value as number, weight);
    (slots[at + 1] as ExactSum).add((value as number) * (value as number), weight);
    slots[at + 2] += weight;
  },
  result: (slots, at) => {
    const count = slots[at + 2] as number;
    if (count <= less) return null;
    const sum = (slots[at] as ExactSum).result();
    const squares = (slots[at + 1] as ExactSum).result();
    const variance = Math.max(0, (squares - (sum * sum) / count) / (count - less));
    return cut(isRoot ? Math.sqrt(variance) : variance);
  },
});

/** The whole part of a square root (Newton). */
const squareRoot = (value: bigint): bigint => {
  if (value < 2n) return value;
  let root = BigInt(Math.floor(Math.sqrt(Number(value)))) + 1n;
  for (;;) {
    const next = (root + value / root) / 2n;
    if (next >= root) {
      while (root * root > value) root -= 1n;
      return root;
    }
    root = next;
  }
};
