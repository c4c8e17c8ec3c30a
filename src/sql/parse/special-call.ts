import type { Expression } from '../ast/expression.ts';
import type { Cursor } from './cursor.ts';
import { parseJsonCall } from './json-call.ts';
import { power } from './power.ts';

type Reader = (cursor: Cursor, start: number) => Expression;

/** A function whose arguments are not a plain list: EXTRACT, TRIM, the JSON functions...; null: something else. */
export const parseSpecialCall = (cursor: Cursor): Expression | null => {
  const { start } = cursor;
  const { keyword } = cursor.peek();
  if (keyword === '' || !cursor.sees(keyword, '(')) return null;
  const reader = readers[keyword];
  if (reader === undefined) return parseJsonCall(cursor);
  cursor.take();
  cursor.expect('(');
  return reader(cursor, start);
};

/** Closes the parenthesis and gives the whole call's span. */
const close = (cursor: Cursor, start: number): { readonly start: number; readonly end: number } => {
  cursor.expect(')');
  return cursor.spanFrom(start);
};

const timeUnits = [
  'NANOSECOND',
  'MICROSECOND',
  'MILLISECOND',
  'SECOND',
  'MINUTE',
  'HOUR',
  'DAY',
  'DOW',
  'DOY',
  'ISODOW',
  'ISOYEAR',
  'WEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
  'EPOCH',
  'DECADE',
  'CENTURY',
  'MILLENNIUM',
] as const;

const parseTimeUnit = (cursor: Cursor): string => {
  const { keyword } = cursor.peek();
  if (!(timeUnits as readonly string[]).includes(keyword)) cursor.fail('a unit of time: YEAR, MONTH, DAY, HOUR...');
  cursor.take();
  return keyword;
};

/** Units of TIMESTAMPADD and TIMESTAMPDIFF, where SQL_TSI_DAY is DAY. */
const parseShiftUnit = (cursor: Cursor): string => {
  const { keyword } = cursor.peek();
  if (!keyword.startsWith('SQL_TSI_') && keyword !== 'FRAC_SECOND') return parseTimeUnit(cursor);
  cursor.take();
  const unit = keyword.replace('SQL_TSI_', '');
  return unit === 'FRAC_SECOND' ? 'MICROSECOND' : unit;
};

const plainCall = (cursor: Cursor, name: string, start: number, args: readonly Expression[]): Expression => ({
  kind: 'call',
  path: [{ kind: 'identifier', name, start, end: start + name.length }],
  bare: false,
  quantifier: null,
  arguments: args,
  orderBy: [],
  nulls: null,
  withinGroup: null,
  filter: null,
  over: null,
  ...close(cursor, start),
});

const readRounding =
  (direction: 'CEIL' | 'FLOOR'): Reader =>
  (cursor, start) => {
    const operand = cursor.expression();
    if (!cursor.accept('TO')) return plainCall(cursor, direction, start, [operand]);
    const unit = parseTimeUnit(cursor);
    return { kind: 'round-time', direction, operand, unit, ...close(cursor, start) };
  };

const readers: Readonly<Record<string, Reader>> = {
  EXTRACT: (cursor, start) => {
    const unit = parseTimeUnit(cursor);
    cursor.expect('FROM');
    return { kind: 'extract', unit, operand: cursor.expression(), ...close(cursor, start) };
  },
  CEIL: readRounding('CEIL'),
  CEILING: readRounding('CEIL'),
  FLOOR: readRounding('FLOOR'),
  TRIM: (cursor, start) => {
    const side = cursor.acceptOneOf('BOTH', 'LEADING', 'TRAILING');
    if (side !== null && cursor.accept('FROM')) {
      return { kind: 'trim', side, characters: null, operand: cursor.expression(), ...close(cursor, start) };
    }
    const first = cursor.expression();
    if (cursor.accept('FROM')) {
      const operand = cursor.expression();
      return { kind: 'trim', side: side ?? 'BOTH', characters: first, operand, ...close(cursor, start) };
    }
    if (side !== null) cursor.fail();
    return { kind: 'trim', side: 'BOTH', characters: null, operand: first, ...close(cursor, start) };
  },
  SUBSTRING: (cursor, start) => {
    const args = [cursor.expression()];
    if (cursor.accept('FROM')) {
      args.push(cursor.expression());
      if (cursor.accept('FOR')) args.push(cursor.expression());
    } else {
      cursor.expect(',');
      args.push(cursor.expression());
      if (cursor.accept(',')) args.push(cursor.expression());
    }
    return plainCall(cursor, 'SUBSTRING', start, args);
  },
  OVERLAY: (cursor, start) => {
    const operand = cursor.expression();
    cursor.expect('PLACING');
    const placing = cursor.expression();
    cursor.expect('FROM');
    const from = cursor.expression();
    const length = cursor.accept('FOR') ? cursor.expression() : null;
    return { kind: 'overlay', operand, placing, from, length, ...close(cursor, start) };
  },
  POSITION: (cursor, start) => {
    // IN would be read as the operator, so only what binds tighter belongs to the needle.
    const needle = cursor.expression(power.membership + 1);
    cursor.expect('IN');
    const haystack = cursor.expression();
    const from = cursor.accept('FROM') ? cursor.expression() : null;
    return { kind: 'position', needle, haystack, from, ...close(cursor, start) };
  },
  TIMESTAMPADD: (cursor, start) => {
    const unit = parseShiftUnit(cursor);
    cursor.expect(',');
    const amount = cursor.expression();
    cursor.expect(',');
    return { kind: 'timestamp-add', unit, amount, operand: cursor.expression(), ...close(cursor, start) };
  },
  TIMESTAMPDIFF: (cursor, start) => {
    const unit = parseShiftUnit(cursor);
    cursor.expect(',');
    const from = cursor.expression();
    cursor.expect(',');
    return { kind: 'timestamp-diff', unit, from, to: cursor.expression(), ...close(cursor, start) };
  },
};
