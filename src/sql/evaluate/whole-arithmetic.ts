import { MillraceError } from '../../core/errors.ts';
import { type Routine, routine } from './bound.ts';
import { overflowed } from './overflows.ts';
import { type Whole, whole } from './sql-value.ts';

/** Arithmetic of TINYINT to BIGINT. As in Flink, results wrap around at the type's width and division cuts towards zero. */
export const wholeArithmetic = (operator: '+' | '-' | '*' | '/' | '%', kind: string): Routine => {
  const wrap = wrappers[kind]!;
  switch (operator) {
    case '+':
    case '-':
    case '*':
      return kind === 'BIGINT' ? bigRoutines[operator] : smallRoutine(operator, kind);
    case '/':
      return routine('/', (a: Whole, b: Whole) => {
        if (b === 0) throw new MillraceError('SQL_DIVISION_BY_ZERO', { operation: 'division' });
        if (typeof a === 'number' && typeof b === 'number') return wrap(Math.trunc(a / b) + 0);
        return wrap(whole(BigInt(a) / BigInt(b)));
      });
    case '%':
      return routine('%', (a: Whole, b: Whole) => {
        if (b === 0) throw new MillraceError('SQL_DIVISION_BY_ZERO', { operation: 'remainder' });
        if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
        return whole(BigInt(a) % BigInt(b));
      });
  }
};

/** `cut`, which is counted where it is another number than `value`. */
const counted = (value: Whole, cut: Whole): Whole => (cut === value ? cut : overflowed(cut));

/** Cuts a whole number to a type's width, as Java's casts do. */
export const wrappers: Readonly<Record<string, (value: Whole) => Whole>> = {
  TINYINT: (value) => counted(value, (Number(BigInt.asIntN(8, BigInt(value))) << 24) >> 24),
  SMALLINT: (value) => counted(value, (Number(BigInt.asIntN(16, BigInt(value))) << 16) >> 16),
  INT: (value) => counted(value, typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value))),
  BIGINT: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value)
      ? value
      : counted(value, whole(BigInt.asIntN(64, BigInt(value)))),
};

const smallCut: Readonly<Record<string, (code: string) => string>> = {
  TINYINT: (code) => `((${code}) << 24 >> 24)`,
  SMALLINT: (code) => `((${code}) << 16 >> 16)`,
  INT: (code) => `((${code}) | 0)`,
};

const cutSilently: Readonly<Record<string, (value: number) => number>> = {
  TINYINT: (value) => (value << 24) >> 24,
  SMALLINT: (value) => (value << 16) >> 16,
  INT: (value) => value | 0,
};

const smallRoutine = (operator: '+' | '-' | '*', kind: string): Routine => {
  const wrap = wrappers[kind]!;
  const cut = smallCut[kind]!;
  const run = {
    '+': (a: number, b: number) => wrap(a + b),
    '-': (a: number, b: number) => wrap(a - b),
    // Two 32-bit factors may need more than 53 bits: what is right of them is cut, and what is only near tells whether it was.
    '*': (a: number, b: number) => {
      const low = Math.imul(a, b);
      return low === a * b ? wrap(low) : overflowed(cutSilently[kind]!(low));
    },
  }[operator];
  return routine(operator, run, {
    inline: (a, b) => {
      const exact = `${a} ${operator} ${b}`;
      const result = cut(operator === '*' ? `Math.imul(${a}, ${b})` : exact);
      return `${result} === ${exact} ? ${result} : overflowed(${result})`;
    },
  });
};

const bigRun =
  (operator: '+' | '-' | '*') =>
  (a: Whole, b: Whole): Whole => {
    if (typeof a === 'number' && typeof b === 'number') {
      const result = operator === '+' ? a + b : operator === '-' ? a - b : a * b;
      if (Number.isSafeInteger(result)) return result + 0;
    }
    const [x, y] = [BigInt(a), BigInt(b)];
    const exact = operator === '+' ? x + y : operator === '-' ? x - y : x * y;
    const cut = BigInt.asIntN(64, exact);
    return whole(cut === exact ? cut : overflowed(cut));
  };

const bigRoutines = {
  '+': routine('+', bigRun('+')),
  '-': routine('-', bigRun('-')),
  '*': routine('*', bigRun('*')),
} as const;
