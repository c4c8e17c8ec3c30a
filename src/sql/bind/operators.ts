import type { BinaryOperator } from '../ast/expression.ts';
import { type Bound, call, constant, routine } from '../evaluate/bound.ts';
import { addMonths } from '../evaluate/calendar.ts';
import { type ComparisonOperator, comparisonRoutine } from '../evaluate/comparison.ts';
import { decimalArithmetic } from '../evaluate/decimal-arithmetic.ts';
import type { SqlValue, Whole } from '../evaluate/sql-value.ts';
import { DAY_MICROS, DAY_MILLIS, joinMicros, splitMicros } from '../evaluate/times.ts';
import { wholeArithmetic, wrappers } from '../evaluate/whole-arithmetic.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { decimalOf, decimalProduct, decimalQuotient, decimalRemainder, decimalSum } from '../types/decimal-rules.ts';
import {
  digitsOf,
  isApproximate,
  isInteger,
  isInterval,
  isNumeric,
  isText,
  isTimestamp,
  plain,
  type SqlType,
  shortText,
  string,
  withNullable,
} from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { castTo } from './cast-to.ts';

type Arithmetic = '+' | '-' | '*' | '/' | '%';

const nullableOf = (...args: readonly Bound[]): boolean => args.some((arg) => arg.type.nullable);

const mismatch = (span: Span, operator: string, found: readonly SqlType[], expected: string): Error =>
  sqlError('SQL_TYPE_MISMATCH', span, { what: operator, found: found.map(shortText).join(' and '), expected });

/** `left operator right`, converted to what the operator takes. SQL_TYPE_MISMATCH where it takes no such two. */
export const bindBinary = (operator: BinaryOperator, left: Bound, right: Bound, span: Span): Bound => {
  switch (operator) {
    case 'AND':
    case 'OR': {
      const [a, b] = [asTruth(left, span, operator), asTruth(right, span, operator)];
      return { kind: operator === 'AND' ? 'and' : 'or', left: a, right: b, type: plain('BOOLEAN', nullableOf(a, b)) };
    }
    case '=':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return bindComparison(operator, left, right, span);
    case 'IS DISTINCT FROM':
    case 'IS NOT DISTINCT FROM':
      return bindDistinct(operator === 'IS DISTINCT FROM', left, right, span);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return bindArithmetic(operator, left, right, span);
    case '||':
      return bindConcatenation(left, right, span);
    default:
      throw sqlError('SQL_NOT_SUPPORTED', span, { what: operator, reason: 'compare the ends with < and >' });
  }
};

export const asTruth = (operand: Bound, span: Span, what: string): Bound => {
  if (operand.type.kind === 'NULL') return constant(null, plain('BOOLEAN'));
  if (operand.type.kind === 'BOOLEAN') return operand;
  throw mismatch(span, what, [operand.type], 'a truth value');
};

/** Both as values of one type that compares; null: there is none. */
const aligned = (left: Bound, right: Bound): readonly [Bound, Bound] | null => {
  const dated = left.type.kind === 'DATE' || right.type.kind === 'DATE';
  if (dated && (isTimestamp(left.type) || isTimestamp(right.type))) return null;
  const common = unifiedType([left.type, right.type]) ?? impliedType(left, right);
  if (common === null) return null;
  const [a, b] = [castTo(left, common), castTo(right, common)];
  return a === null || b === null ? null : [a, b];
};

/** A text literal beside something else is read as that, as Flink does it; a text column is not. */
const impliedType = (a: Bound, b: Bound): SqlType | null => {
  const [text, { type: other }] = isText(a.type) ? [a, b] : [b, a];
  if (!isText(text.type) || text.kind !== 'constant') return null;
  if (isNumeric(other)) return other;
  if (other.kind === 'DATE' || other.kind === 'TIME' || isTimestamp(other) || other.kind === 'BOOLEAN') return other;
  return null;
};

const bindComparison = (operator: ComparisonOperator, left: Bound, right: Bound, span: Span): Bound => {
  const pair = aligned(left, right);
  if (pair === null) throw mismatch(span, operator, [left.type, right.type], 'two values that compare with each other');
  const [a, b] = pair;
  const type = a.type.kind === 'NULL' ? b.type : a.type;
  const form = isText(type)
    ? 'text'
    : isNumeric(type) || isTimestamp(type) || isInterval(type) || ['BOOLEAN', 'DATE', 'TIME'].includes(type.kind)
      ? 'number'
      : 'other';
  return call(comparisonRoutine(operator, form), [a, b], plain('BOOLEAN', nullableOf(left, right)));
};

const bindDistinct = (distinct: boolean, left: Bound, right: Bound, span: Span): Bound => {
  const equal = bindComparison('=', left, right, span);
  if (equal.kind !== 'call') return equal;
  const same = equal.routine.run;
  const run = (a: SqlValue, b: SqlValue): boolean =>
    (a === null || b === null ? a === b : (same(a, b) as boolean)) !== distinct;
  return call(
    routine(distinct ? 'IS DISTINCT FROM' : 'IS NOT DISTINCT FROM', run, { lenient: true }),
    equal.args,
    plain('BOOLEAN', false),
  );
};

const bindConcatenation = (left: Bound, right: Bound, span: Span): Bound => {
  const [a, b] = [left, right].map((side) =>
    isText(side.type) || side.type.kind === 'NULL' ? castTo(side, string()) : null,
  );
  if (!a || !b) throw mismatch(span, '||', [left.type, right.type], 'two texts');
  const lengths = [left.type, right.type].map((type) => (isText(type) ? type.length : 0));
  const length = Math.min(lengths[0]! + lengths[1]!, 2_147_483_647);
  const fixed = left.type.kind === 'CHAR' && right.type.kind === 'CHAR';
  const type: SqlType = { kind: fixed ? 'CHAR' : 'VARCHAR', length: Math.max(length, 1), nullable: nullableOf(a, b) };
  return call(
    routine('||', (x: string, y: string) => x + y, { inline: (x, y) => `${x} + ${y}` }),
    [a, b],
    type,
  );
};

export const bindArithmetic = (operator: Arithmetic, left: Bound, right: Bound, span: Span): Bound => {
  const timed = bindTimeArithmetic(operator, left, right);
  if (timed !== null) return timed;
  const [a, b] = [asNumber(left, right), asNumber(right, left)];
  const remainder = operator === '%' && [left, right].some(({ type }) => isApproximate(type));
  if (a === null || b === null || remainder) throw mismatch(span, operator, [left.type, right.type], 'two numbers');
  const nullable = nullableOf(a, b);
  if (isApproximate(a.type) || isApproximate(b.type)) return bindApproximate(operator, a, b, nullable);
  if (isInteger(a.type) && isInteger(b.type)) {
    // The remainder has the divisor's type, as Calcite derives it.
    const common = unifiedType([a.type, b.type])!;
    const computed = call(wholeArithmetic(operator, common.kind), [a, b], withNullable(common, nullable));
    return operator === '%' ? castTo(computed, withNullable(b.type, nullable))! : computed;
  }
  const [x, y] = [digitsOf(a.type), digitsOf(b.type)];
  const rule = { '+': decimalSum, '-': decimalSum, '*': decimalProduct, '/': decimalQuotient, '%': decimalRemainder }[
    operator
  ];
  const result = rule(x, y);
  return call(decimalArithmetic(operator, x, y, result), [a, b], decimalOf(result, nullable));
};

const asNumber = (operand: Bound, beside: Bound): Bound | null => {
  if (isNumeric(operand.type)) return operand;
  if (operand.type.kind === 'NULL')
    return constant(null, isNumeric(beside.type) ? withNullable(beside.type, true) : plain('INT'));
  return null;
};

const bindApproximate = (operator: Arithmetic, a: Bound, b: Bound, nullable: boolean): Bound => {
  const isSingle = ({ type }: Bound): boolean => type.kind === 'FLOAT' || isInteger(type);
  const single = isSingle(a) && isSingle(b);
  const type = plain(single ? 'FLOAT' : 'DOUBLE', nullable);
  const args = [castTo(a, type)!, castTo(b, type)!];
  const compute = {
    '+': (x: number, y: number) => x + y,
    '-': (x: number, y: number) => x - y,
    '*': (x: number, y: number) => x * y,
    '/': (x: number, y: number) => x / y,
    '%': (x: number, y: number) => x % y,
  }[operator];
  return call(
    routine(operator, single ? (x: number, y: number) => Math.fround(compute(x, y)) : compute, {
      inline: (x, y) => (single ? `Math.fround(${x} ${operator} ${y})` : `${x} ${operator} ${y}`),
    }),
    args,
    type,
  );
};

/** Times and lengths of time; null: neither side is one. */
const bindTimeArithmetic = (operator: Arithmetic, left: Bound, right: Bound): Bound | null => {
  const [a, b] = [left.type, right.type];
  const nullable = nullableOf(left, right);
  if (isInterval(a) && isInterval(b) && a.kind === b.kind && (operator === '+' || operator === '-')) {
    const run = operator === '+' ? (x: number, y: number) => x + y : (x: number, y: number) => x - y;
    return call(routine(operator, run), [left, right], withNullable(widerInterval(a, b), nullable));
  }
  if (isInterval(a) && isInteger(b) && operator === '*') {
    return call(
      routine('*', (x: number, y: Whole) => x * Number(y)),
      [left, right],
      withNullable(a, nullable),
    );
  }
  if (isInteger(a) && isInterval(b) && operator === '*') {
    return call(
      routine('*', (x: Whole, y: number) => Number(x) * y),
      [left, right],
      withNullable(b, nullable),
    );
  }
  if (operator === '+' && isInterval(a) && isTemporal(b)) return bindTimeArithmetic('+', right, left);
  if (!isTemporal(a) || !isInterval(b) || (operator !== '+' && operator !== '-')) return null;
  const sign = operator === '+' ? 1 : -1;
  return call(routine(operator, shiftTime(a, b, sign)), [left, right], withNullable(shiftedType(a), nullable));
};

const isTemporal = (type: SqlType): boolean => type.kind === 'DATE' || type.kind === 'TIME' || isTimestamp(type);

const widerInterval = (a: SqlType, b: SqlType): SqlType =>
  a.kind === 'MONTHS'
    ? {
        kind: 'MONTHS',
        units: 'units' in a && 'units' in b && a.units === b.units ? a.units : 'YEAR TO MONTH',
        nullable: true,
      }
    : 'units' in a && 'units' in b && a.units === b.units
      ? a
      : { kind: 'MILLIS', units: 'DAY TO SECOND', nullable: true };

const shiftedType = (type: SqlType): SqlType => type;

/** A time moved by a length of time. */
export const shiftTime = (
  type: SqlType,
  interval: SqlType,
  sign: 1 | -1,
): ((time: Whole, length: number) => SqlValue) => {
  const months = interval.kind === 'MONTHS';
  switch (type.kind) {
    case 'DATE':
      return months
        ? (days, length) => addMonths(days as number, sign * length)
        : (days, length) => (days as number) + Math.trunc((sign * length) / DAY_MILLIS);
    case 'TIME':
      return months
        ? (millis) => millis
        : (millis, length) => ((((millis as number) + sign * length) % DAY_MILLIS) + DAY_MILLIS) % DAY_MILLIS;
    default:
      return (micros, length) => {
        const [days, ofDay] = splitMicros(micros);
        if (months) return joinMicros(addMonths(days, sign * length), ofDay);
        const whole = Math.floor((sign * length) / DAY_MILLIS);
        const moved = ofDay + (sign * length - whole * DAY_MILLIS) * 1000;
        const carry = Math.floor(moved / DAY_MICROS);
        return joinMicros(days + whole + carry, moved - carry * DAY_MICROS);
      };
  }
};

/** `- operand` */
export const bindNegation = (operand: Bound, span: Span): Bound => {
  const { type } = operand;
  if (type.kind === 'NULL') return constant(null, plain('INT'));
  if (isInteger(type)) {
    const wrap = wrappers[type.kind]!;
    const run = (value: Whole): Whole => wrap(typeof value === 'number' ? 0 - value : -value);
    if (operand.kind === 'constant' && operand.value !== null) return constant(run(operand.value as Whole), type);
    return call(routine('-', run), [operand], type);
  }
  if (type.kind === 'DECIMAL' || isApproximate(type) || isInterval(type)) {
    const exact = type.kind === 'DECIMAL';
    const run = (value: Whole): SqlValue => (exact && value === 0 ? 0 : -value);
    return call(routine('-', run), [operand], type);
  }
  throw mismatch(span, '-', [type], 'a number or an interval');
};
