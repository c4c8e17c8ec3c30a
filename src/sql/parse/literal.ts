import type { Literal } from '../ast/expression.ts';
import { sqlError } from '../sql-error.ts';
import type { Cursor } from './cursor.ts';
import { parseIntervalUnits } from './type-name.ts';

/** A number, string, truth value, NULL, DATE '...', TIME '...', TIMESTAMP '...' or INTERVAL '...'; null: something else. */
export const parseLiteral = (cursor: Cursor): Literal | null => {
  const { start } = cursor;
  const token = cursor.peek();
  switch (token.kind) {
    case 'decimal':
      cursor.take();
      return { kind: 'number', text: token.text, ...cursor.spanFrom(start) };
    case 'double':
      cursor.take();
      return { kind: 'double', text: token.text, ...cursor.spanFrom(start) };
    case 'string':
      return { kind: 'string', value: parseAdjacent(cursor), ...cursor.spanFrom(start) };
    case 'binary':
      cursor.take();
      return { kind: 'bytes', hex: token.text, ...cursor.spanFrom(start) };
    case 'word':
      return parseWordLiteral(cursor);
    case 'quoted':
    case 'symbol':
    case 'hint':
    case 'end':
      return null;
  }
};

/** Strings with nothing between them are one. */
const parseAdjacent = (cursor: Cursor): string => {
  let value = cursor.string();
  while (cursor.peek().kind === 'string') value += cursor.string();
  return value;
};

const isDate = (text: string): boolean => {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim());
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
};

const isTime = (text: string): boolean => /^([01]?\d|2[0-3]):[0-5]?\d:[0-5]?\d(\.\d*)?$/.test(text.trim());

const isTimestamp = (text: string): boolean => {
  const [date = '', time = '', ...more] = text.trim().split(/ +/);
  return isDate(date) && (time === '' || isTime(time)) && more.length === 0;
};

/** What stands behind DATE, TIME and TIMESTAMP. */
const temporalForms = {
  DATE: [isDate, "DATE '2024-02-29'"],
  TIME: [isTime, "TIME '23:59:59.999'"],
  TIMESTAMP: [isTimestamp, "TIMESTAMP '2024-02-29 23:59:59.999'"],
} as const;

const truth: ReadonlyMap<string, boolean | null> = new Map([
  ['TRUE', true],
  ['FALSE', false],
  ['UNKNOWN', null],
]);

const parseWordLiteral = (cursor: Cursor): Literal | null => {
  const { start } = cursor;
  const { keyword } = cursor.peek();
  const value = truth.get(keyword);
  if (value !== undefined) {
    cursor.take();
    return { kind: 'boolean', value, ...cursor.spanFrom(start) };
  }
  if (cursor.accept('NULL')) return { kind: 'null', ...cursor.spanFrom(start) };
  if ((keyword === 'DATE' || keyword === 'TIME' || keyword === 'TIMESTAMP') && cursor.peek(1).kind === 'string') {
    cursor.take();
    const text = cursor.string();
    const span = cursor.spanFrom(start);
    const [isRight, expected] = temporalForms[keyword];
    if (!isRight(text)) throw sqlError('SQL_BAD_LITERAL', span, { what: keyword, expected });
    return { kind: 'temporal', type: keyword, text, ...span };
  }
  if (!cursor.accept('INTERVAL')) return null;
  const sign = cursor.acceptOneOf('-', '+');
  const isNumber = cursor.peek().kind === 'decimal';
  const text = isNumber ? cursor.take().text : cursor.string("the interval's length, for example '5'");
  const units = parseIntervalUnits(cursor);
  return { kind: 'interval', negative: sign === '-', text, units, ...cursor.spanFrom(start) };
};
