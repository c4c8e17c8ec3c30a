import type { Expression } from '../ast/expression.ts';
import type { Query } from '../ast/query.ts';
import type { Cursor } from './cursor.ts';

/** `(SELECT ...)` or `(1, 2, 3)`, from the parenthesis on. */
export const parseQueryOrList = (cursor: Cursor): Query | readonly Expression[] => {
  if (seesQuery(cursor, 1)) {
    cursor.expect('(');
    const query = cursor.query();
    cursor.expect(')');
    return query;
  }
  return cursor.parenthesized(() => cursor.expression());
};

const queryWords = ['SELECT', 'WITH', 'VALUES', 'TABLE'];

/** Whether a query begins `distance` tokens ahead: at once, or after more parentheses, where it may yet be an expression. */
export const seesQuery = (cursor: Cursor, distance = 0): boolean => {
  let at = distance;
  while (cursor.peek(at).kind === 'symbol' && cursor.peek(at).text === '(') at += 1;
  const { keyword } = cursor.peek(at);
  if (!queryWords.includes(keyword)) return false;
  if (at === distance) return true;
  const mark = cursor.mark;
  try {
    for (let i = 0; i < distance; i += 1) cursor.take();
    cursor.query();
    return distance === 0 ? true : cursor.sees(')');
  } catch {
    return false;
  } finally {
    cursor.rewind(mark);
  }
};
