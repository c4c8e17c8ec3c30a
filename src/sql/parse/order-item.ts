import type { OrderItem } from '../ast/query.ts';
import type { Cursor } from './cursor.ts';

/** `a DESC NULLS LAST` */
export const parseOrderItem = (cursor: Cursor): OrderItem => {
  const { start } = cursor;
  const expression = cursor.expression();
  const direction = cursor.acceptOneOf('ASC', 'DESC');
  const nulls = cursor.accept('NULLS') ? cursor.expectOneOf('FIRST', 'LAST') : null;
  return { expression, direction, nulls, ...cursor.spanFrom(start) };
};
