import { Buffer } from 'node:buffer';
import type { Literal } from '../ast/expression.ts';
import type { IntervalUnit } from '../ast/type-name.ts';
import { type Bound, constant } from '../evaluate/bound.ts';
import { parseDecimal } from '../evaluate/decimal-arithmetic.ts';
import { whole } from '../evaluate/sql-value.ts';
import { parseDate, parseTime, parseTimestamp } from '../evaluate/times.ts';
import { sqlError } from '../sql-error.ts';
import { MAX_PRECISION, plain, type SqlType } from '../types/sql-type.ts';

/** A literal with its type: the smallest of INT and BIGINT for whole numbers, DECIMAL with all its digits, CHAR of its length. */
export const bindLiteral = (literal: Literal): Bound => {
  switch (literal.kind) {
    case 'number':
      return bindNumber(literal.text, literal);
    case 'double':
      return constant(Number(literal.text), plain('DOUBLE', false));
    case 'string': {
      // Calcite counts UTF-16 units here, so what lies beyond them counts twice.
      return constant(literal.value, { kind: 'CHAR', length: Math.max(literal.value.length, 1), nullable: false });
    }
    case 'bytes': {
      if (literal.hex.length % 2 === 1) {
        throw sqlError('SQL_BAD_LITERAL', literal, {
          what: 'binary string',
          expected: "an even number of digits: X'0aFF'",
        });
      }
      const bytes = new Uint8Array(Buffer.from(literal.hex, 'hex'));
      return constant(bytes, { kind: 'BINARY', length: Math.max(bytes.length, 1), nullable: false });
    }
    case 'boolean':
      return constant(literal.value, plain('BOOLEAN', literal.value === null));
    case 'null':
      return constant(null, plain('NULL'));
    case 'temporal':
      return bindTemporal(literal);
    case 'interval':
      return bindInterval(literal);
  }
};

const bindNumber = (text: string, literal: Literal): Bound => {
  const [before = '', after = ''] = text.split('.');
  if (!text.includes('.')) {
    const value = BigInt(before);
    if (value < 1n << 31n) return constant(Number(value), plain('INT', false));
    if (value < 1n << 63n) return constant(whole(value), plain('BIGINT', false));
  }
  const digits = `${before}${after}`.replace(/^0+/, '');
  const precision = Math.max(digits.length, after.length, 1);
  if (precision > MAX_PRECISION) {
    throw sqlError('SQL_BAD_LITERAL', literal, { what: 'number', expected: `at most ${MAX_PRECISION} digits` });
  }
  const type: SqlType = { kind: 'DECIMAL', precision, scale: after.length, nullable: false };
  return constant(parseDecimal(text, after.length), type);
};

const bindTemporal = (literal: Extract<Literal, { kind: 'temporal' }>): Bound => {
  const { text } = literal;
  const fraction = /\.(\d*)\s*$/.exec(text)?.[1]?.length ?? 0;
  if (fraction > 6) {
    throw sqlError('SQL_BAD_LITERAL', literal, {
      what: `time with ${fraction} digits behind the second`,
      expected: 'at most six',
    });
  }
  switch (literal.type) {
    case 'DATE':
      return constant(parseDate(text), { kind: 'DATE', nullable: false });
    case 'TIME':
      return constant(parseTime(text), { kind: 'TIME', precision: Math.min(fraction, 3), nullable: false });
    case 'TIMESTAMP':
      return constant(parseTimestamp(text), { kind: 'TIMESTAMP', precision: fraction, nullable: false });
  }
};

const unitMillis: Readonly<Record<IntervalUnit, number>> = {
  YEAR: 12,
  MONTH: 1,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
};
const order: readonly IntervalUnit[] = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'];

const bindInterval = (literal: Extract<Literal, { kind: 'interval' }>): Bound => {
  const { from, to } = literal.units;
  const units = order.slice(order.indexOf(from), order.indexOf(to ?? from) + 1);
  const match = /^\s*([+-])?\s*(\d+(?:[-: ]\d+)*)(?:\.(\d+))?\s*$/.exec(literal.text);
  const parts = match?.[2]?.split(/[-: ]/) ?? [];
  if (match === null || parts.length !== units.length || (match[3] !== undefined && units.at(-1) !== 'SECOND')) {
    const expected = `'${units.map((unit) => unit.toLowerCase()).join(' ')}', for example ${examples[units.join(' ')] ?? "'5'"}`;
    throw sqlError('SQL_BAD_LITERAL', literal, { what: `INTERVAL ${units.join(' ')}`, expected });
  }
  let length = 0;
  for (const [index, part] of parts.entries()) length += Number(part) * unitMillis[units[index]!];
  length += Math.floor(Number((match[3] ?? '').padEnd(3, '0').slice(0, 3)));
  const negative = (match[1] === '-') !== literal.negative;
  const isMonths = from === 'YEAR' || from === 'MONTH';
  const type: SqlType = {
    kind: isMonths ? 'MONTHS' : 'MILLIS',
    units: to === null ? from : `${from} TO ${to}`,
    nullable: false,
  };
  return constant(negative ? 0 - length : length, type);
};

const examples: Readonly<Record<string, string>> = {
  'YEAR MONTH': "'1-2'",
  'DAY HOUR': "'1 02'",
  'DAY HOUR MINUTE': "'1 02:03'",
  'DAY HOUR MINUTE SECOND': "'1 02:03:04.5'",
  'HOUR MINUTE': "'02:03'",
  'HOUR MINUTE SECOND': "'02:03:04'",
  'MINUTE SECOND': "'03:04'",
};
